/** The plain peer: a Node proxy over the same HTTP libraries that governs nothing. */
import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { connections: 64, pipelining: 1 })
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = chunks.length > 0 ? Buffer.concat(chunks) : null
    const headers = body ? { 'content-type': 'application/json' } : {}
    pool.dispatch(
      {
        method: request.method === 'POST' ? 'POST' : 'GET',
        path: request.url ?? '/',
        headers,
        body,
      },
      {
        onRequestStart: () => {},
        onResponseStart: (_, status, answer) => {
          response.writeHead(status, { 'content-length': String(answer['content-length']) })
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
