import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/**
 * Three small real services behind the demo's gateway: a CRM with personal data, payments, deployment.
 * Each accepts only its own credential, so every answer that arrives proves the gateway added it.
 */
export type DemoServices = {
  readonly urls: { readonly crm: string; readonly payments: string; readonly deploy: string }
  /** Requests that reached each service, `METHOD path`. What was blocked is not among them. */
  readonly reached: readonly string[]
  readonly close: () => Promise<void>
}

export type DemoCredentials = {
  readonly crm: string
  readonly payments: string
  readonly deploy: string
}

export async function startServices(credentials: DemoCredentials): Promise<DemoServices> {
  const reached: string[] = []
  const basic = Buffer.from(`gateway:${credentials.deploy}`).toString('base64')
  const crm = await start(reached, crmRoutes(), {
    header: 'x-api-key',
    value: credentials.crm,
  })
  const payments = await start(reached, paymentRoutes(), {
    header: 'authorization',
    value: `Bearer ${credentials.payments}`,
  })
  const deploy = await start(reached, deployRoutes(), {
    header: 'authorization',
    value: `Basic ${basic}`,
  })
  return {
    urls: { crm: crm.url, payments: payments.url, deploy: deploy.url },
    reached,
    close: async () => {
      await Promise.all([crm, payments, deploy].map(({ server }) => stop(server)))
    },
  }
}

type Route = readonly [
  method: string,
  path: RegExp,
  answer: (found: RegExpExecArray, body: string) => readonly [status: number, body: unknown],
]

function crmRoutes(): readonly Route[] {
  const customers = new Map([
    [
      'c-1001',
      {
        id: 'c-1001',
        name: 'Maria Schneider',
        email: 'maria.schneider@mail.example',
        ssn: '536-22-8716',
        card: { brand: 'visa', number: '4539578763621486', expires: '2029-04' },
        plan: 'business',
        balance: 1250.0,
      },
    ],
    [
      'c-1002',
      {
        id: 'c-1002',
        name: 'Tom Okafor',
        email: 'tom.okafor@mail.example',
        ssn: '219-09-9999',
        card: { brand: 'mastercard', number: '5425233430109903', expires: '2028-11' },
        plan: 'starter',
        balance: 0,
      },
    ],
  ])
  const orders = [
    { id: 'o-77', customer: 'c-1001', total: 4200, currency: 'EUR', status: 'refund requested' },
    { id: 'o-78', customer: 'c-1001', total: 990, currency: 'EUR', status: 'delivered' },
  ]
  return [
    ['GET', /^\/customers$/, () => [200, { customers: [...customers.values()] }]],
    [
      'GET',
      /^\/customers\/([\w-]+)$/,
      ([, id = '']) => (customers.has(id) ? [200, customers.get(id)] : notFound),
    ],
    ['DELETE', /^\/customers\/([\w-]+)$/, ([, id = '']) => [customers.delete(id) ? 204 : 404, '']],
    [
      'GET',
      /^\/customers\/([\w-]+)\/orders$/,
      ([, id]) => [200, { orders: orders.filter(({ customer }) => customer === id) }],
    ],
    ['GET', /^\/orders$/, () => [200, { orders }]],
  ]
}

function paymentRoutes(): readonly Route[] {
  const transfers: unknown[] = []
  return [
    [
      'POST',
      /^\/transfers$/,
      (_, body) => {
        const transfer = { id: `t-${transfers.length + 1}`, ...JSON.parse(body), state: 'booked' }
        transfers.push(transfer)
        return [201, transfer]
      },
    ],
    [
      'GET',
      /^\/transfers\/t-(\d+)$/,
      ([, number]) => {
        const transfer = transfers[Number(number) - 1]
        return transfer ? [200, transfer] : notFound
      },
    ],
  ]
}

function deployRoutes(): readonly Route[] {
  const status = { service: 'shop', version: '4.2.1', healthy: true, replicas: 6 }
  return [
    ['GET', /^\/services\/([\w-]+)\/status$/, ([, service]) => [200, { ...status, service }]],
    [
      'POST',
      /^\/services\/([\w-]+)\/rollouts$/,
      ([, service], body) => [202, { service, ...JSON.parse(body), state: 'rolling' }],
    ],
  ]
}

const notFound = [404, { error: 'not found' }] as const

async function start(
  reached: string[],
  routes: readonly Route[],
  credential: { readonly header: string; readonly value: string },
): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    if (request.headers[credential.header] !== credential.value) {
      answer(response, 401, { error: 'unknown credential' })
      return
    }
    reached.push(`${request.method} ${request.url}`)
    void readText(request).then((body) => {
      const [status, value] = routed(routes, request, body)
      answer(response, status, value)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { server, url: `http://127.0.0.1:${port}` }
}

function routed(
  routes: readonly Route[],
  request: IncomingMessage,
  body: string,
): readonly [number, unknown] {
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  for (const [method, pattern, answer] of routes) {
    const found = method === request.method ? pattern.exec(path) : null
    if (found) return answer(found, body)
  }
  return notFound
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  const body = value === '' ? '' : JSON.stringify(value)
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(body)
}

function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
