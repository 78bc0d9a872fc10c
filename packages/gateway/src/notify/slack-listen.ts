import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Limits } from '../config/limits.ts'
import type { SlackReply, SlackVotes } from './slack-votes.ts'

export type SlackListener = { readonly url: string; readonly close: () => Promise<void> }

/**
 * The one address that Slack has to reach, on a port of its own: whoever opens it to the world opens nothing
 * else. Nothing is answered to who cannot sign, but that it is refused.
 */
export async function listenToSlack(
  at: { readonly host: string; readonly port: number },
  votes: SlackVotes,
  limits: Limits,
): Promise<SlackListener> {
  let underWay = 0
  const server = createServer(
    {
      headersTimeout: limits.requestHeadersMs,
      requestTimeout: limits.requestIdleMs,
      keepAliveTimeout: limits.keepAliveMs,
      maxHeaderSize: limits.headerBytes,
    },
    (request, response) => {
      if (underWay >= limits.slackRequestsAtOnce) return write(response, { status: 503 })
      underWay++
      reply(request, votes, limits)
        .then((answer) => write(response, answer))
        .catch(() => response.destroy())
        .finally(() => {
          underWay--
        })
    },
  )
  server.maxConnections = 4 * limits.slackRequestsAtOnce
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen({ ...at, exclusive: true }, listening.resolve)
  await listening.promise
  const shownHost = at.host.includes(':') ? `[${at.host}]` : at.host
  return {
    url: `http://${shownHost}:${portOf(server.address())}${path}`,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      })
      await votes.close()
    },
  }
}

type Answer = SlackReply | { readonly status: 404 | 405 | 413 }

const path = '/.sallyport/slack'

async function reply(request: IncomingMessage, votes: SlackVotes, limits: Limits): Promise<Answer> {
  if (request.url !== path) return { status: 404 }
  if (request.method !== 'POST') return { status: 405 }
  const body = await bodyOf(request, limits.slackRequestBytes)
  if (body === undefined) return { status: 413 }
  const { 'content-type': contentType = '' } = request.headers
  return votes.answer({
    body,
    contentType,
    timestamp: single(request.headers['x-slack-request-timestamp']),
    signature: single(request.headers['x-slack-signature']),
  })
}

/** Undefined when it is longer. What is no UTF-8 becomes other bytes, whose signature is wrong. */
async function bodyOf(request: IncomingMessage, bytesMax: number): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of request) {
    if (!(piece instanceof Buffer)) return undefined
    length += piece.length
    if (length > bytesMax) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function write(response: ServerResponse, answer: Answer): void {
  const body = 'body' in answer ? answer.body : undefined
  const tooLong = answer.status === 413
  response.writeHead(answer.status, {
    'content-length': Buffer.byteLength(body?.text ?? ''),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(body && { 'content-type': `${body.type}; charset=utf-8` }),
    ...(answer.status === 405 && { allow: 'POST' }),
    // The rest of it is not read.
    ...(tooLong && { connection: 'close' }),
  })
  response.end(body?.text)
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address ? address.port : 0
}
