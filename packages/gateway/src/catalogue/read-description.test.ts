import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { limits } from '../config/limits.ts'
import { readJsonBody } from '../protocol/door/json-body.ts'
import { describeOpenApi } from '../rulebook/openapi-description.ts'
import { readDescription } from './read-description.ts'

const needs = {
  parse: (bytes: Uint8Array, depthMax: number) => readJsonBody(bytes, depthMax).value,
  describe: describeOpenApi,
  // The time is short only for the one that never ends.
  limits: { ...limits, descriptionBytes: 100_000 },
}
const sound = '{"openapi":"3.1.0","paths":{"/a":{"get":{}}}}'

type Row = {
  readonly answer: (response: ServerResponse) => void
  /** What the operator is told; absent: it was read. */
  readonly problem?: RegExp
  readonly fetchMs?: number
}

const rows: Readonly<Record<string, Row>> = {
  'a sound one': { answer: (response) => response.end(sound) },
  'one that redirects': {
    answer: (response) => response.writeHead(302, { location: '/elsewhere' }).end(sound),
    problem: /leads elsewhere/,
  },
  'one that is not there': {
    answer: (response) => response.writeHead(404).end(sound),
    problem: /status 404/,
  },
  'one without an end': {
    answer: (response) => {
      const more = () => {
        while (!response.destroyed && response.write('['.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    },
    problem: /longer than 100000 bytes/,
  },
  'one packed to be huge': {
    answer: (response) => {
      // 16 MiB of spaces in 16 KiB.
      const packed = gzipSync(Buffer.alloc(16_777_216, 0x20))
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed)
    },
    problem: /longer than 100000 bytes/,
  },
  'one without a bottom': {
    answer: (response) => response.end('['.repeat(50_000)),
    problem: /not one JSON document/,
  },
  'one that is deep': {
    answer: (response) => response.end(`{"a":${'['.repeat(70)}${']'.repeat(70)}}`),
    problem: /at most 64 deep/,
  },
  'one that says a thing twice': {
    answer: (response) => response.end('{"openapi":"3.1.0","paths":{},"paths":{"/a":{}}}'),
    problem: /repeated keys/,
  },
  'a page for people': {
    answer: (response) => response.end('<html><body>Please sign in</body></html>'),
    problem: /not one JSON document/,
  },
  YAML: { answer: (response) => response.end('openapi: 3.1.0'), problem: /not one JSON/ },
  'another kind of document': {
    answer: (response) => response.end('{"swagger":"2.0"}'),
    problem: /does not say that it is OpenAPI/,
  },
  'bytes that are no text': {
    answer: (response) => response.end(Buffer.from([0x7b, 0xff, 0x7d])),
    problem: /not one JSON document/,
  },
  'nothing at all': { answer: () => {}, fetchMs: 50, problem: /not there within/ },
  'a beginning without an end': {
    answer: (response) => void response.write('{"openapi":'),
    fetchMs: 50,
    problem: /not there within/,
  },
  'a connection that breaks off': {
    answer: (response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{', () => response.destroy())
    },
    problem: /could not be fetched/,
  },
}

test('what an upstream says of itself is read whole or not at all', async (t) => {
  for (const [name, { answer, problem, fetchMs }] of Object.entries(rows)) {
    await t.test(name, async (t) => {
      const server = createServer((_, response) => answer(response)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      t.after(() => {
        server.closeAllConnections()
        server.close()
      })
      const address = server.address()
      assert.ok(address && typeof address === 'object')
      const given = { ...needs, limits: { ...needs.limits, descriptionFetchMs: fetchMs ?? 60_000 } }
      const url = `http://127.0.0.1:${address.port}/openapi.json`
      const read = await readDescription(given, url, t.signal)
      if (problem === undefined) assert.ok('operations' in read && read.operations.length === 1)
      else assert.match('problem' in read ? read.problem : 'it was read', problem)
    })
  }
})
