// A small HTTP service to put behind a gateway: `node examples/upstreams/items.mjs [port]`.
// It knows one credential, and answers with personal data, as upstreams do.
import { createServer } from 'node:http'

const port = Number(process.argv[2] ?? 7450)
const items = new Map([
  [
    '1',
    {
      id: '1',
      title: 'Chair',
      seller: { name: 'Maria', email: 'maria@mail.example', phone: '+49 30 1234567' },
    },
  ],
  [
    '2',
    {
      id: '2',
      title: 'Table',
      seller: { name: 'Tom', email: 'tom@mail.example', phone: '+44 20 7946 0958' },
    },
  ],
])

createServer((request, response) => {
  const answer = (status, value) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(value))
  }
  const id = /^\/items\/([^/?]+)$/.exec(request.url ?? '')?.[1] ?? ''
  if (request.headers.authorization !== 'Bearer items-secret')
    answer(401, { error: 'who are you?' })
  else if (!items.has(id)) answer(404, { error: 'no such item' })
  else if (request.method === 'DELETE') answer(200, { deleted: items.delete(id) })
  else answer(200, items.get(id))
}).listen(port, '127.0.0.1', () => {
  process.stdout.write(`items on http://127.0.0.1:${port}\n`)
})
