import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, constants } from 'node:http2'
import { test } from 'node:test'
import {
  assertSoundLog,
  ends,
  type House,
  intent,
  letGo,
  openHouse,
  since,
  until,
  withoutChunks,
} from './house.ts'
import { answer, chunk, chunkedHead, events, flood, hang } from './upstream.ts'

test('a caller that leaves', async (t) => {
  const house = await openHouse(t)
  for (const [name, check] of Object.entries(leavings)) await t.test(name, () => check(house))
  await t.test('the log is sound', () => assertSoundLog(house))
})

const leavings: Readonly<Record<string, (house: House) => Promise<void>>> = {
  'before the answer': async (house) => {
    const now = since(house)
    house.upstream.script = hang
    const leaving = new AbortController()
    const gone = assert.rejects(house.call('/up/read', { signal: leaving.signal }))
    await until(() => now.reached() === 1, 'the upstream was reached')
    leaving.abort()
    await gone
    await ends(house, now, [intent, ['call.outcome', 'aborted', 0]])
  },
  'while the answer is held': async (house) => {
    const now = since(house)
    house.upstream.script = (socket) =>
      void socket.write(`${chunkedHead('application/json')}${chunk('{')}`)
    const leaving = new AbortController()
    const gone = assert.rejects(house.call('/up/read', { signal: leaving.signal }))
    await until(() => now.reached() === 1, 'the upstream was reached')
    leaving.abort()
    await gone
    await until(() => withoutChunks(now).length === 2, 'the ending was recorded')
    assert.equal(now.leaves().at(-1)?.ending, 'aborted')
    await until(() => letGo(house), 'the upstream was let go')
  },
  'during the answer': async (house) => {
    const now = since(house)
    house.upstream.script = (socket) => {
      socket.write(chunkedHead('text/event-stream'))
      socket.write(chunk(events('{"n":1}')))
    }
    const leaving = new AbortController()
    const seen = await house.call('/up/person', {
      signal: leaving.signal,
      onData: () => leaving.abort(),
    })
    assert.equal(seen.complete, false)
    await ends(house, now, [intent, ['call.outcome', 'aborted', 200]])
  },
  'during a flood': async (house) => {
    const now = since(house)
    house.upstream.script = flood
    const leaving = new AbortController()
    await house.call('/up/person', { signal: leaving.signal, onData: () => leaving.abort() })
    await ends(house, now, [intent, ['call.outcome', 'aborted', 200]])
  },
  'after the answer': async (house) => {
    const now = since(house)
    house.upstream.script = answer({ body: '{}' })
    const leaving = new AbortController()
    const seen = await house.call('/up/read', { signal: leaving.signal })
    leaving.abort()
    assert.equal(seen.complete, true)
    assert.deepEqual(withoutChunks(now), [intent, ['call.outcome', 'done', 200]])
  },
  'an HTTP/2 caller cancels its stream': async (house) => {
    const now = since(house)
    house.upstream.script = hang
    const session = connect(house.url())
    const stream = session.request({ ':path': '/up/read', authorization: `Bearer ${house.token}` })
    stream.on('error', () => {})
    await until(() => now.reached() === 1, 'the upstream was reached')
    stream.close(constants.NGHTTP2_CANCEL)
    await ends(house, now, [intent, ['call.outcome', 'aborted', 0]])
    house.upstream.script = answer({ body: '{}' })
    const next = session.request({ ':path': '/up/read', authorization: `Bearer ${house.token}` })
    const [headers] = await once(next, 'response')
    assert.equal(headers[':status'], 200)
    session.close()
  },
  'an HTTP/2 caller cancels its stream during a flood': async (house) => {
    const now = since(house)
    house.upstream.script = flood
    const session = connect(house.url())
    const stream = session.request({
      ':path': '/up/person',
      authorization: `Bearer ${house.token}`,
    })
    stream.on('error', () => {})
    stream.on('data', () => stream.close(constants.NGHTTP2_CANCEL))
    await ends(house, now, [intent, ['call.outcome', 'aborted', 200]])
    session.close()
  },
  'an HTTP/2 caller’s connection is gone during a flood': async (house) => {
    const now = since(house)
    house.upstream.script = flood
    const session = connect(house.url())
    const stream = session.request({
      ':path': '/up/person',
      authorization: `Bearer ${house.token}`,
    })
    stream.on('error', () => {})
    stream.on('data', () => session.destroy())
    await ends(house, now, [intent, ['call.outcome', 'aborted', 200]])
  },
  // As most servers and proxies do: nobody who closes an end waits for an answer.
  'the caller closes its end of the connection': async (house) => {
    const now = since(house)
    house.upstream.script = hang
    const headers = { authorization: `Bearer ${house.token}` }
    const asked = request(`${house.url()}/up/read`, { headers, agent: false })
    asked.on('error', () => {})
    asked.end()
    await until(() => now.reached() === 1, 'the upstream was reached')
    asked.socket?.end()
    await ends(house, now, [intent, ['call.outcome', 'aborted', 0]])
  },
  'many callers leave at once': async (house) => {
    const now = since(house)
    house.upstream.script = hang
    const leaving = new AbortController()
    const calls = Array.from({ length: 20 }, () =>
      assert.rejects(house.call('/up/read', { signal: leaving.signal })),
    )
    await until(() => now.reached() > 0, 'the upstream was reached')
    leaving.abort()
    await Promise.all(calls)
    const { reached } = house.upstream
    const allLetGo = () => reached.slice(-now.reached()).every(({ socket }) => socket.destroyed)
    await until(allLetGo, 'the upstream was let go')
    const openCalls = () => {
      const leaves = now.leaves()
      const count = (type: string) => leaves.filter((leaf) => leaf.type === type).length
      return count('call.authorized') - count('call.outcome')
    }
    await until(() => openCalls() === 0, 'every ending was recorded')
    for (const { ending } of now.leaves()) assert.ok(ending === undefined || ending === 'aborted')
  },
}
