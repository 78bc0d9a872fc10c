import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { McpConnection } from '../../../model/connection.ts'
import { UpstreamExchange } from './exchange.ts'

const connection: McpConnection = {
  ...{ id: 'a', protocol: 'mcp', upstream: 'https://a.example/mcp', credential: { kind: 'none' } },
  ...{ shared: false, definitionMaxAgeMs: 0, describedEveryMs: 60_000 },
}

test('an upstream that is alive and never answers is not waited for without end', async () => {
  const asked = {
    ...{ capabilities: {}, wantsProgress: false, logLevel: undefined, takesInputRequired: true },
    ask: () => Promise.reject(new Error('nothing is asked')),
  }
  const exchange = new UpstreamExchange(
    {
      ...{ asked, connection, era: 'modern', method: 'tools/call', signals: [], echoes: [] },
      ...{ idleMs: 60_000, requestMs: 200 },
    },
    { again: () => assert.fail('nothing is made again') },
  )
  const alive = setInterval(() => exchange.alive(), 1)
  try {
    await assert.rejects(exchange.raw, { code: 'upstream-timeout' })
  } finally {
    clearInterval(alive)
  }
  assert.ok(exchange.isOver)
})
