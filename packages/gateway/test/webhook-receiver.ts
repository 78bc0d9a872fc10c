import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'

export type Hook = {
  readonly id: string
  readonly type: string
  // biome-ignore lint/suspicious/noExplicitAny: what came over the wire is looked at member by member.
  readonly data: Record<string, any>
}

export type WebhookReceiver = {
  readonly url: string
  /** `whsec_…` */
  readonly secret: string
  /** Everything that came and was signed, repetitions included, whatever was answered. */
  readonly received: Hook[]
  /** What came and was not signed by us. */
  readonly forged: string[]
  /** What it does with the next ones. */
  answer: (response: ServerResponse, hook: Hook) => void
  /** What a receiver that drops repetitions by `webhook-id` has taken. */
  readonly taken: () => readonly Hook[]
  readonly close: () => Promise<void>
}

/** Somebody else's program: it believes what the reference library verifies. One that comes back takes its old `port`. */
export async function startWebhookReceiver(
  at: { readonly port?: number } = {},
): Promise<WebhookReceiver> {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  const library = new Webhook(secret)
  const accepted = new Map<string, Hook>()
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (piece: string) => {
      body += piece
    })
    request.on('end', () => {
      const headers = request.headers as Record<string, string>
      try {
        const { type, data } = library.verify(body, headers) as Hook
        const hook = { id: String(headers['webhook-id']), type, data }
        receiver.received.push(hook)
        response.on('finish', () => {
          const isTaken = response.statusCode >= 200 && response.statusCode < 300
          if (isTaken && !accepted.has(hook.id)) accepted.set(hook.id, hook)
        })
        receiver.answer(response, hook)
      } catch {
        receiver.forged.push(body)
        response.writeHead(401).end()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(at.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${port}/`,
    secret,
    received: [],
    forged: [],
    answer: (response) => response.writeHead(204).end(),
    taken: () => [...accepted.values()],
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return receiver
}
