import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as http from 'node:http'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { until } from '../../../../test/mcp-exchange.ts'
import { principalOf } from '../../../../test/rulebook-parts.ts'
import type { HttpResponse } from '../../door/response.ts'
import { openListeners } from './listeners.ts'

type Row = {
  readonly name: string
  readonly server: http.Server | http2.Http2Server
  /** Asks, and returns how to leave. */
  readonly ask: (port: number) => () => unknown
}

const askHttp1 = (port: number) => {
  const request = http.request({ host: '127.0.0.1', port, method: 'POST' })
  request.on('error', () => undefined)
  request.end('x')
  return () => request.destroy()
}

const askHttp2 = (leave: 'stream' | 'session') => (port: number) => {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  const stream = session.request({ ':method': 'POST', ':path': '/' })
  stream.on('error', () => undefined)
  stream.on('close', () => session.destroy())
  stream.end('x')
  return () =>
    leave === 'session' ? session.destroy() : stream.close(http2.constants.NGHTTP2_CANCEL)
}

const rows: readonly Row[] = [
  { name: 'HTTP/1.1', server: http.createServer(), ask: askHttp1 },
  { name: 'HTTP/2, its stream', server: http2.createServer(), ask: askHttp2('stream') },
  { name: 'HTTP/2, its session', server: http2.createServer(), ask: askHttp2('session') },
]

for (const { name, server, ask } of rows) {
  for (const leavesBefore of [true, false]) {
    const when = leavesBefore ? 'before its stream is open' : 'afterwards'
    test(`a caller that leaves ${when} is forgotten: ${name}`, async (t) => {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      t.after(() => server.close())
      const { port } = server.address() as AddressInfo
      const asked = Promise.withResolvers<HttpResponse>()
      server.once('request', (_: unknown, response: HttpResponse) => asked.resolve(response))
      const leave = ask(port)
      const response = await asked.promise
      const closed = once(response, 'close')
      if (leavesBefore) {
        leave()
        await closed
      }
      const over = Promise.withResolvers<void>()
      const listeners = openListeners()
      t.after(listeners.close)
      let ends = 0
      const isOpen = listeners.open({
        ...{ response, headers: {}, first: [{ first: 1 }], last: [] },
        principal: principalOf(),
        ...{ confirm: () => Promise.reject(new Error('nobody')), hasNews: () => false },
        takeNews: async () => ({ messages: [] }),
        onEnd: () => {
          ends += 1
          over.resolve()
        },
      })
      assert.equal(isOpen, true)
      if (leavesBefore) assert.equal(ends, 1)
      else {
        assert.equal(ends, 0)
        leave()
      }
      await over.promise
      listeners.close()
      assert.equal(ends, 1)
    })
  }
}

test('news that its caller leaves before were not said', async (t) => {
  const server = http.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const asked = once(server, 'request')
  const leave = askHttp1((server.address() as AddressInfo).port)
  const [, response] = await asked
  const listeners = openListeners()
  t.after(listeners.close)
  const principal = principalOf()
  let unsaid = 0
  listeners.open({
    ...{ response, headers: {}, first: [], last: [], principal, onEnd: () => undefined },
    hasNews: () => true,
    confirm: async () => {
      const closed = once(response, 'close')
      leave()
      await closed
      return principal
    },
    takeNews: async () => ({ messages: [{ news: 1 }], onUnsaid: () => void unsaid++ }),
  })
  await until(() => unsaid > 0, 'it was said to be unsaid')
  assert.equal(unsaid, 1)
})
