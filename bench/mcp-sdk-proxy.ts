/** A proxy as one builds it from the official SDK: its server in front, one client of it behind; governs nothing. */
import { createServer } from 'node:http'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'

const info = { name: 'proxy', version: '1' }
const client = new Client(info, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
const upstream = new URL(`http://127.0.0.1:${process.argv[2]}/mcp`)
await client.connect(new StreamableHTTPClientTransport(upstream))
const handler = createMcpHandler(() => {
  const server = new McpServer(info, { capabilities: { tools: {} } })
  server.server.setRequestHandler('tools/list', () => client.listTools())
  server.server.setRequestHandler('tools/call', ({ params }) => client.callTool(params))
  return server
})
const node = toNodeHandler(handler)
const server = createServer((request, response) => {
  node(Object.assign(request), response).catch(() => response.destroy())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`)
})
