/**
 * The MCP server of the benchmark: one tool that answers with a customer of about the size asked for, as JSON in text.
 * `mcp-upstream.ts <bytes>` over HTTP, `mcp-upstream.ts <bytes> stdio` for a proxy that starts its server itself.
 */
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

type Message = { readonly id?: number | string; readonly method: string }

const orders: unknown[] = []
const customer = {
  email: 'maria.schneider@mail.example',
  ssn: '536-22-8716',
  card: { brand: 'visa', number: '4539578763621486' },
  orders,
}
while (JSON.stringify(customer).length < Number(process.argv[2] ?? 2048)) {
  orders.push({ id: `o-${1000 + orders.length}`, currency: 'EUR', lines: ['first', 'second'] })
}
const revision = '2026-07-28'
const complete = { resultType: 'complete' }
const cached = { ...complete, ttlMs: 0, cacheScope: 'private' }
const schema = { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] }
const tool = { name: 'search', description: 'Finds a customer', inputSchema: schema }
const said = { content: [{ type: 'text', text: JSON.stringify({ customer }) }] }
const results: Readonly<Record<string, object>> = {
  'server/discover': { ...cached, supportedVersions: [revision], capabilities: { tools: {} } },
  'tools/list': { ...cached, tools: [tool] },
  'tools/call': { ...complete, ...said },
}

function answer({ id, method }: Message): string {
  const result = results[method]
  const rest = result ? { result } : { error: { code: -32601, message: 'Method not found' } }
  return JSON.stringify({ jsonrpc: '2.0', id, ...rest })
}

if (process.argv[3] === 'stdio') {
  for await (const line of createInterface({ input: process.stdin })) {
    const message: Message = JSON.parse(line)
    if (message.id !== undefined) process.stdout.write(`${answer(message)}\n`)
  }
} else {
  const server = createServer(async (request, response) => {
    const body = Buffer.from(answer(JSON.parse((await text(request)) || '{}')))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  })
  server.listen(0, '127.0.0.1', () => {
    const address = server.address()
    process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`)
  })
}
