import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assertSoundLog, type House, openHouse, since } from './house.ts'
import { answer, type Script } from './upstream.ts'

/** JSON as somebody might write it: any spacing, any number, keys in any order, members nobody declared. */
const space = fc.constantFrom('', ' ', '\n', '\r\n\t', '  ')
const number = fc.constantFrom('0', '-0', '1.50', '1e2', '1E+2', '12345678901234567890', '0.1000')
const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((value) => JSON.stringify(value))
const escaped = fc.constantFrom('"\\u0041\\/"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\u0000"')
const { json } = fc.letrec<{ json: string; object: string }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    number,
    text,
    escaped,
    fc.constantFrom('true', 'false', 'null', '[]', '{}'),
    fc
      .tuple(fc.array(tie('json'), { maxLength: 4 }), space)
      .map(([all, gap]) => `[${gap}${all.join(`,${gap}`)}${gap}]`),
    tie('object'),
  ),
  object: fc
    .tuple(
      fc.uniqueArray(fc.tuple(fc.string({ maxLength: 8 }), tie('json')), {
        selector: ([key]) => key,
        maxLength: 4,
      }),
      space,
    )
    .map(([members, gap]) => {
      const all = members.map(([key, value]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${value}`)
      return `{${all.join(',')}${gap}}`
    }),
}))
const object = fc
  .tuple(
    fc.uniqueArray(fc.tuple(fc.string({ maxLength: 8 }), json), {
      selector: ([key]) => key,
      maxLength: 5,
    }),
    space,
  )
  .map(
    ([members, gap]) =>
      `{${members.map(([key, value]) => `${gap}${JSON.stringify(key)}:${value}`).join(',')}}`,
  )

test('bytes that no rule is about', async (t) => {
  const house = await openHouse(t)
  await t.test('pass in both directions as they are', () =>
    fc.assert(
      fc.asyncProperty(object, json, (body, result) => bothWays(house, body, result)),
      { numRuns: 40 },
    ),
  )
  await t.test('stay as they are beside what is hidden', () =>
    fc.assert(
      fc.asyncProperty(json, json, (before, after) => beside(house, before, after)),
      { numRuns: 30 },
    ),
  )
  await t.test('pass where they are no JSON at all', () =>
    fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 4_000 }), (bytes) => binary(house, bytes)),
      { numRuns: 20 },
    ),
  )
  await t.test('the log is sound', () => assertSoundLog(house))
})

/** The answer in pieces that are cut anywhere. */
const inPieces =
  (script: Script): Script =>
  (socket, asked) => {
    const pieces: Uint8Array[] = []
    script({ write: (bytes: Uint8Array) => pieces.push(bytes) } as never, asked)
    const all = Buffer.concat(pieces)
    const third = Math.floor(all.length / 3)
    socket.write(all.subarray(0, third))
    setImmediate(() => {
      socket.write(all.subarray(third, 2 * third))
      setImmediate(() => void socket.write(all.subarray(2 * third)))
    })
  }

async function bothWays(house: House, body: string, result: string): Promise<void> {
  house.upstream.script = inPieces(answer({ body: result }))
  const now = since(house)
  const headers = { 'content-type': 'application/json' }
  const seen = await house.call('/up/write', { body, headers })
  assert.equal(seen.status, 200, seen.text())
  assert.ok(house.upstream.reached.at(-1)?.body.equals(Buffer.from(body)), 'the request changed')
  assert.ok(seen.body.equals(Buffer.from(result)), 'the answer changed')
  const [intent, outcome] = now.leaves()
  assert.ok(
    house.payload(intent?.index, 'args')?.endsWith(`\n${body}`),
    'the record is another one',
  )
  assert.equal(house.payload(outcome?.index, 'result'), result)
}

async function beside(house: House, before: string, after: string): Promise<void> {
  const written = (ssn: string) => `{"a": ${before},"ssn" : ${ssn} ,"z":${after}}`
  house.upstream.script = inPieces(answer({ body: written('"536-22-8716"') }))
  const seen = await house.call('/up/person')
  assert.equal(seen.text(), written('"[REDACTED:SSN]"'))
}

async function binary(house: House, bytes: Uint8Array): Promise<void> {
  const headers = { 'content-type': 'application/octet-stream' }
  house.upstream.script = inPieces(answer({ headers, body: bytes }))
  const seen = await house.call('/up/read')
  assert.ok(seen.body.equals(Buffer.from(bytes)), 'the answer changed')
}
