/** The upstream of the benchmark: answers every request with a JSON body of about the size asked for. */
import { createServer } from 'node:http'

const bytes = Number(process.argv[2] ?? 2048)
const orders: unknown[] = []
const customer = {
  id: 'c-1001',
  name: 'Maria Schneider',
  email: 'maria.schneider@mail.example',
  ssn: '536-22-8716',
  card: { brand: 'visa', number: '4539578763621486', expires: '2029-04' },
  orders,
}
while (JSON.stringify({ customer }).length < bytes) {
  const n = orders.length
  orders.push({ id: `o-${1000 + n}`, total: 12.5 + n, currency: 'EUR', lines: ['first', 'second'] })
}
const body = Buffer.from(JSON.stringify({ customer }))
const server = createServer((request, response) => {
  request.resume()
  request.on('end', () => {
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': body.length,
    })
    response.end(body)
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' && address ? address.port : 0}\n`)
})
