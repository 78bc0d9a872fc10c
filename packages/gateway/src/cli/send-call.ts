import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { unreachable } from './api.ts'
import { Failure } from './exit.ts'
import type { FunctionRequest } from './http-request.ts'
import { visibleLines } from './visible.ts'

export type Answer = {
  readonly status: number
  /** The gateway's refusal, when that is what came back. */
  readonly problem: RefusalRead | undefined
  /** The approval that the gateway put it to people under, when it accepted the call for later. */
  readonly accepted: { readonly approval: string } | undefined
  /** The function says so itself: an MCP result that is an error. */
  readonly isFailed?: boolean
  /** The body, where it is the gateway's own word: not printed yet. */
  readonly said: Uint8Array
}

type RefusalRead = {
  readonly code: string
  readonly title: string
  readonly detail: string | undefined
  readonly record: string | undefined
  readonly approval: string | undefined
}

/**
 * Sends one call and passes the function's answer to stdout as it comes. Bytes are untouched in a pipe; on a
 * terminal what would paint it is written out. What the gateway itself says is kept for who decides what follows.
 */
export async function sendCall(call: {
  readonly url: string
  readonly request: FunctionRequest
  readonly headers: Readonly<Record<string, string>>
  readonly onHead: (
    status: number,
    headers: readonly (readonly [name: string, value: string])[],
  ) => void
}): Promise<Answer> {
  const message = await exchange(call).catch((thrown: unknown) => {
    throw unreachable(call.url, thrown)
  })
  const status = message.statusCode ?? 0
  call.onHead(status, headerPairs(message.rawHeaders))
  const isProblem = /^application\/problem\+json\b/i.test(message.headers['content-type'] ?? '')
  const approval = message.headers['sallyport-approval']
  // No function's answer has a header of this name: only the gateway speaks of approvals.
  const isAccepted = status === 202 && approval !== undefined
  let said: Uint8Array = new Uint8Array()
  try {
    if (isProblem || isAccepted) said = await collect(message)
    else await passOn(message)
  } catch {
    throw new Failure('failed', 'The answer broke off before its end.', {
      cure: 'It may have had its effect: look at `sallyport calls ls` before repeating it.',
    })
  }
  return {
    status,
    said,
    problem: isProblem ? readRefusal(Buffer.from(said).toString()) : undefined,
    accepted: isAccepted && typeof approval === 'string' ? { approval } : undefined,
  }
}

/** A refusal has a few hundred bytes; what is longer is none, and is cut off. */
const saidBytesMax = 65_536

async function collect(message: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const part of message) {
    const chunk = Buffer.from(part)
    size += chunk.length
    if (size <= saidBytesMax) chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** What was kept, where it is the end of it. */
export async function printSaid({ said }: Answer): Promise<void> {
  if (said.length > 0) await passOn([said])
}

function exchange({
  url,
  request,
  headers,
}: {
  readonly url: string
  readonly request: FunctionRequest
  readonly headers: Readonly<Record<string, string>>
}): Promise<IncomingMessage> {
  const base = new URL(url)
  const send = base.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const sent = send(
      {
        hostname: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port,
        method: request.method,
        // As built: a URL object would resolve dot segments that an argument may hold.
        path: `${base.pathname.replace(/\/$/, '')}${request.path}`,
        headers: {
          ...request.headers,
          ...headers,
          accept: '*/*',
          ...(request.host !== undefined && { host: request.host }),
        },
      },
      resolve,
    )
    sent.on('error', reject)
    sent.end(request.body)
  })
}

function headerPairs(raw: readonly string[]): (readonly [string, string])[] {
  return raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1] ?? ''] as const] : []))
}

async function passOn(message: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder()
  for await (const part of message) {
    const chunk = Buffer.from(part)
    const shown = process.stdout.isTTY
      ? visibleLines(decoder.decode(chunk, { stream: true }))
      : chunk
    // A reader slower than the gateway: wait for it rather than fill the memory.
    if (!process.stdout.write(shown)) {
      await new Promise((resolve) => process.stdout.once('drain', resolve))
    }
  }
  if (process.stdout.isTTY) process.stdout.write('\n')
}

function readRefusal(text: string): RefusalRead | undefined {
  let problem: Partial<Record<string, unknown>> | null
  try {
    problem = JSON.parse(text)
  } catch {
    return undefined
  }
  const member = (name: string) => {
    const value = problem?.[name]
    return typeof value === 'string' ? value : undefined
  }
  const code = member('code')
  if (code === undefined || member('type') !== `urn:sallyport:refusal:${code}`) return undefined
  return {
    code,
    title: member('title') ?? code,
    detail: member('detail'),
    record: member('record'),
    approval: member('approval'),
  }
}
