import type { ServerResponse } from 'node:http'
import { constants, type Http2ServerResponse } from 'node:http2'
import type { Refusal } from '../../call/refusal.ts'
import type { Reply } from '../../call/stage.ts'
import { writeRefusal } from './refusal.ts'

export type HttpResponse = ServerResponse | Http2ServerResponse

const bodiless = new Set([204, 304])

/** `Reply` → wire. Keeps the caller's back pressure; a body that breaks breaks the response, visibly. */
export async function encode(reply: Reply, response: HttpResponse, method: string): Promise<void> {
  const { head, record, callId, length } = reply
  const headers: Record<string, string | string[]> = {
    'sallyport-record': `${record.origin}#${record.index}`,
    'sallyport-call': callId,
  }
  for (const [name, value] of head.headers) {
    const known = headers[name]
    headers[name] =
      known === undefined ? value : [...(Array.isArray(known) ? known : [known]), value]
  }
  const empty = bodiless.has(head.status) || method === 'HEAD'
  if (length !== undefined && !empty) headers['content-length'] = String(length)
  writeHead(response, head.status, headers)
  const body = reply.body[Symbol.asyncIterator]()
  try {
    await pump(body, response, empty)
  } catch {
    // The ending is recorded where it happened; what is left is to show the caller a broken body.
    breakOff(response)
  }
}

async function pump(
  body: AsyncIterator<Uint8Array>,
  response: HttpResponse,
  empty: boolean,
): Promise<void> {
  for (;;) {
    if (isGone(response) || response.writableEnded) return void (await body.return?.())
    const { done, value } = await body.next()
    if (done) break
    if (!empty && !write(response, value)) await drained(response)
  }
  response.end()
}

export function encodeRefusal(refusal: Refusal, response: HttpResponse): void {
  if (isGone(response)) return
  const { status, headers, body } = writeRefusal(refusal)
  writeHead(response, status, { ...headers, 'content-length': String(Buffer.byteLength(body)) })
  response.end(body)
}

/** The response of HTTP/2 has no `destroyed` of its own. */
function isGone(response: HttpResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed
}

/** Over HTTP/2 a response that is only destroyed ends like one that is complete. */
function breakOff(response: HttpResponse): void {
  if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  else response.destroy()
}

// The two response classes overload these differently; both take these arguments.
function writeHead(
  response: HttpResponse,
  status: number,
  headers: Record<string, string | string[]>,
): void {
  if ('stream' in response) response.writeHead(status, headers)
  else response.writeHead(status, headers)
}

function write(response: HttpResponse, chunk: Uint8Array): boolean {
  return 'stream' in response ? response.write(chunk) : response.write(chunk)
}

/** Resolves when more may be written or when nobody is there to read. */
function drained(response: HttpResponse): Promise<void> {
  return new Promise((resolve) => {
    // It has said so already and will not say it again.
    if (isGone(response)) return resolve()
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
  })
}
