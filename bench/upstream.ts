/** The upstream of the benchmark: answers every request with a JSON body of about the size asked for. */
import { createServer } from 'node:http'

const bytes = Number(process.argv[2] ?? 2048)
const customers: unknown[] = []
while (JSON.stringify({ customers }).length < bytes) {
  const n = customers.length
  customers.push({
    id: `c-${1000 + n}`,
    name: `Customer ${n}`,
    email: `customer.${n}@mail.example`,
    ssn: '536-22-8716',
    plan: 'business',
    balance: 12.5 + n,
    notes: ['first contact', 'renewed'],
  })
}
const body = Buffer.from(JSON.stringify({ customers }))
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
