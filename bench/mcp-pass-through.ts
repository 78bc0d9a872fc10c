/** The plain peer: reads JSON-RPC, looks at method and name, and forwards; governs nothing. */
import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { connections: 64, pipelining: 1 })
const forwarded = ['accept', 'content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-name']
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const { method, params } = JSON.parse(body.toString('utf8'))
    if (method !== 'tools/call' || params.name !== request.headers['mcp-name']) {
      response.writeHead(400).end()
      return
    }
    const headers = Object.fromEntries(forwarded.map((name) => [name, request.headers[name] ?? '']))
    const path = request.url ?? '/'
    pool.dispatch(
      { method: 'POST', path, headers, body },
      {
        onRequestStart: () => {},
        onResponseStart: (_, status, { 'content-length': length = '0' }) => {
          response.writeHead(status, {
            'content-type': 'application/json',
            'content-length': String(length),
          })
        },
        onResponseData: (_, chunk) => void response.write(chunk),
        onResponseEnd: () => void response.end(),
        onResponseError: () => response.destroy(),
      },
    )
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`)
})
