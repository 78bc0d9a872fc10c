import { Refusal } from '../../call/refusal.ts'
import type { HttpBinding } from '../../model/function.ts'
import { type Receiver, receiverOf, tooLarge } from '../door/body.ts'
import { type Coding, codingsOf, type OpenOptions, openBody } from './content-coding.ts'
import type { Head } from './head.ts'

const mediaTypes: Readonly<Record<string, RegExp>> = {
  json: /^application\/(?:[\w.+-]+\+)?json$/,
  form: /^application\/x-www-form-urlencoded$/,
  text: /^text\/[\w.+-]+$/,
}

/** The same body, opened: what its content is encoded by is taken off once it was received. */
export function openedReceiver(receiver: Receiver, head: Head): Receiver {
  const { bytesMax } = receiver
  return receiverOf(async () => opened(await receiver.whole(), head, bytesMax), bytesMax)
}

/** Reads a whole body within the limit. Refuses what the function does not take. */
export async function readBody(
  receiver: Receiver,
  head: Head,
  kind: Exclude<HttpBinding['body'], 'stream'>,
): Promise<Uint8Array | undefined> {
  const length = declaredLength(head)
  if (length === 0) return undefined
  if (kind === 'none') throw malformed('This function takes no body.')
  assertReadable(head, kind)
  if (length !== undefined && length > receiver.bytesMax) throw tooLarge(receiver.bytesMax)
  const bytes = await receiver.whole()
  return bytes.length === 0 ? undefined : bytes
}

/** The same body as it comes, unread but opened, in bounded memory and up to a bounded size. */
export function openedStream(
  body: AsyncGenerator<Uint8Array, undefined>,
  head: Head,
  bytesMax: number,
): AsyncIterable<Uint8Array> {
  const options = { bytesMax, refuse: refusalFor(bytesMax) }
  return { [Symbol.asyncIterator]: () => openBody(body, codingsSaid(head), options) }
}

/** Zero when the request declares no body, undefined when it does not say how long it is. */
export function declaredLength(head: Head): number | undefined {
  let length: number | undefined
  for (const [name, value] of head.headers) {
    if (name === 'transfer-encoding') return undefined
    if (name === 'content-length') length = Number(value)
  }
  // HTTP/2 may send a body without declaring its length; HTTP/1.1 may not (RFC 9112 section 6.3).
  return length ?? (head.headers.some(([name]) => name === 'content-type') ? undefined : 0)
}

/** How the body is encoded. Refuses what is not opened here, before anything of it is read. */
export function codingsSaid(head: Head): readonly Coding[] {
  const codings = codingsOf(headerOf(head, 'content-encoding'))
  if (codings !== undefined) return codings
  throw malformed(
    'The body is encoded in a way that is not opened; gzip, br, zstd and deflate are.',
  )
}

function headerOf(head: Head, name: string): string | undefined {
  return head.headers.find(([one]) => one === name)?.[1]
}

async function opened(bytes: Uint8Array, head: Head, bytesMax: number): Promise<Uint8Array> {
  const codings = codingsSaid(head)
  if (codings.length === 0) return bytes
  const whole = (async function* () {
    yield bytes
    return undefined
  })()
  const pieces: Uint8Array[] = []
  const options = { bytesMax, refuse: refusalFor(bytesMax) }
  const body = { [Symbol.asyncIterator]: () => openBody(whole, codings, options) }
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}

function refusalFor(bytesMax: number): OpenOptions['refuse'] {
  return (why, cause) =>
    why === 'long'
      ? tooLarge(bytesMax)
      : malformed('The body is not what its Content-Encoding says.', cause)
}

function assertReadable(head: Head, kind: string): void {
  const [mediaType = '', ...parameters] = (headerOf(head, 'content-type') ?? '')
    .toLowerCase()
    .split(';')
  const expected = mediaTypes[kind]
  if (expected && !expected.test(mediaType.trim())) {
    throw malformed(`This function takes a ${kind} body; its Content-Type says otherwise.`)
  }
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='))
  if (expected && charset && !/^charset="?(?:utf-8|us-ascii)"?$/.test(charset)) {
    throw malformed('The body must be UTF-8.')
  }
}

function malformed(detail: string, cause?: unknown): Refusal {
  return new Refusal('request-malformed', { detail, cause })
}
