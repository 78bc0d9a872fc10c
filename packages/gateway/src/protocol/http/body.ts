import { Refusal } from '../../call/refusal.ts'
import { limits } from '../../config/limits.ts'
import type { HttpBinding } from '../../model/function.ts'
import type { Head, HttpRequest } from './decode.ts'

const mediaTypes: Readonly<Record<string, RegExp>> = {
  json: /^application\/(?:[\w.+-]+\+)?json$/,
  form: /^application\/x-www-form-urlencoded$/,
  text: /^text\/[\w.+-]+$/,
}

/** Reads a whole body within the limit. Refuses what the function does not take. */
export async function readBody(
  request: HttpRequest,
  head: Head,
  kind: Exclude<HttpBinding['body'], 'stream'>,
): Promise<Uint8Array | undefined> {
  const length = declaredLength(head)
  if (length === 0) return undefined
  if (kind === 'none') throw malformed('This function takes no body.')
  assertReadable(head, kind)
  if (length !== undefined && length > limits.requestBodyBytes) throw tooLarge()
  const bytes = await collect(request, limits.requestBodyBytes)
  return bytes.length === 0 ? undefined : bytes
}

/** Passes a body through unread, in bounded memory and up to a bounded size. */
export async function* streamBody(request: HttpRequest, head: Head): AsyncIterable<Uint8Array> {
  let size = 0
  if (declaredLength(head) === 0) return
  try {
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      size += chunk.length
      if (size > limits.streamedBodyBytes) throw tooLarge()
      yield chunk
    }
  } catch (cause) {
    throw cause instanceof Refusal ? cause : brokenOff(cause)
  }
}

/** Zero when the request declares no body, undefined when it does not say how long it is. */
function declaredLength(head: Head): number | undefined {
  let length: number | undefined
  for (const [name, value] of head.headers) {
    if (name === 'transfer-encoding') return undefined
    if (name === 'content-length') length = Number(value)
  }
  // HTTP/2 may send a body without declaring its length; HTTP/1.1 may not (RFC 9112 section 6.3).
  return length ?? (head.headers.some(([name]) => name === 'content-type') ? undefined : 0)
}

function assertReadable(head: Head, kind: string): void {
  const header = (name: string) => head.headers.find(([one]) => one === name)?.[1]
  const encoding = header('content-encoding')
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw malformed('The body is encoded; send it as it is.')
  }
  const [mediaType = '', ...parameters] = (header('content-type') ?? '').toLowerCase().split(';')
  const expected = mediaTypes[kind]
  if (expected && !expected.test(mediaType.trim())) {
    throw malformed(`This function takes a ${kind} body; its Content-Type says otherwise.`)
  }
  const charset = parameters.map((one) => one.trim()).find((one) => one.startsWith('charset='))
  if (expected && charset && !/^charset="?(?:utf-8|us-ascii)"?$/.test(charset)) {
    throw malformed('The body must be UTF-8.')
  }
}

function collect(request: HttpRequest, sizeMax: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let size = 0
    let ended = false
    request.on('data', (chunk: Uint8Array) => {
      size += chunk.length
      if (size > sizeMax) {
        request.removeAllListeners('data')
        request.resume()
        reject(tooLarge())
      } else chunks.push(chunk)
    })
    request.on('end', () => {
      ended = true
      const [only] = chunks
      resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks))
    })
    request.on('error', (cause) => reject(brokenOff(cause)))
    request.on('close', () => {
      if (!ended) reject(brokenOff(undefined))
    })
  })
}

function brokenOff(cause: unknown): Refusal {
  return new Refusal('request-malformed', {
    detail: 'The body broke off or was framed wrongly.',
    cause,
  })
}

function tooLarge(): Refusal {
  return new Refusal('request-too-large', {
    detail: `A body of this kind may have ${limits.requestBodyBytes} bytes.`,
  })
}

function malformed(detail: string): Refusal {
  return new Refusal('request-malformed', { detail })
}
