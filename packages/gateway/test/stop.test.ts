import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type House, openHouse, until } from './house.ts'
import { assertVerifies } from './published-log.ts'
import { chunk, chunkedHead, hang, type Script } from './upstream.ts'

type Case = {
  readonly name: string
  readonly script: Script
  /** Makes a call that never ends by itself; resolves when it is under way. */
  readonly begin: (house: House) => Promise<void>
  /** How its intent ends; empty: there is none. */
  readonly endings: readonly string[]
}

const reached = (house: House) =>
  until(() => house.upstream.reached.length === 1, 'the upstream was reached')

/** The caller sees a connection that is cut, or a refusal: neither is asked for here. */
const call = (house: House, path: string, onData?: () => void) =>
  void house.call(path, onData && { onData }).catch(() => undefined)

const cases: readonly Case[] = [
  {
    name: 'an upstream that does not answer',
    script: hang,
    begin: async (house) => {
      call(house, '/up/read')
      await reached(house)
    },
    endings: ['aborted'],
  },
  {
    name: 'a stream without an end',
    script: (socket) => {
      socket.write(chunkedHead('text/event-stream'))
      socket.write(chunk('data: {"n":1}\n\n'))
    },
    begin: async (house) => {
      let heard = false
      call(house, '/up/person', () => {
        heard = true
      })
      await until(() => heard, 'the stream began')
    },
    endings: ['aborted'],
  },
]
for (const { name, script, begin, endings } of cases) {
  test(`stopped while there is ${name}`, async (t) => {
    const house = await openHouse(t, {}, { graceMs: 50 })
    house.upstream.script = script
    await begin(house)
    await house.stop()
    const leaves = house.records()
    assert.equal(leaves.at(-1)?.type, 'emitter.stop')
    const ended = leaves.filter(({ type }) => type === 'call.outcome')
    assert.deepEqual(
      ended.map(({ ending }) => ending),
      endings,
    )
    assert.deepEqual(await assertVerifies(house.home), [])
  })
}
