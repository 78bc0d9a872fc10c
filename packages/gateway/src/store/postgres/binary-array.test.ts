import assert from 'node:assert/strict'
import fc from 'fast-check'
import { postgresTests } from '../../../test/postgres-tests.ts'
import { bigintArray, bytesArray, integerArray, textArray } from './binary-array.ts'
import { connect } from './connection.ts'

const text = fc.option(fc.string({ unit: 'grapheme' }).filter((one) => !one.includes('\0')))
const bytes = fc.option(fc.uint8Array())
const columns = fc.record({
  text: fc.array(text),
  bytes: fc.array(bytes),
  bigint: fc.array(fc.maxSafeInteger()),
  integer: fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
})

postgresTests({
  'the server reads whole columns as they were given': async ({ url }) => {
    const session = await connect({ url, schema: 'public' }, { name: 'test' })
    const read = async (type: string, column: Buffer) => {
      const { rows } = await session.run(
        `SELECT value FROM unnest($1::${type}[]) WITH ORDINALITY AS one (value, at) ORDER BY at`,
        [column],
      )
      return rows.map(({ value }) => value)
    }
    try {
      await fc.assert(
        fc.asyncProperty(columns, async (given) => {
          assert.deepEqual(await read('text', textArray(given.text)), given.text)
          assert.deepEqual(await read('bigint', bigintArray(given.bigint)), given.bigint)
          assert.deepEqual(await read('integer', integerArray(given.integer)), given.integer)
          assert.deepEqual(
            await read('bytea', bytesArray(given.bytes)),
            given.bytes.map((one) => one && Buffer.from(one)),
          )
        }),
        { numRuns: 50 },
      )
    } finally {
      await session.close()
    }
  },
})
