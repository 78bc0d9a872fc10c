import { type ServerResponse, validateHeaderValue } from 'node:http'
import { constants, type Http2ServerResponse } from 'node:http2'

export type HttpResponse = ServerResponse | Http2ServerResponse

/** An answer that is known whole. */
export type WrittenAnswer = {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** An answer of the gateway's own. */
export function encodeWhole(
  { status, headers, body }: WrittenAnswer,
  response: HttpResponse,
): void {
  if (isGone(response)) return
  // Over HTTP/2 a head that could not be sent is remembered, and would be tried again with this one.
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  writeHead(response, status, { ...headers, 'content-length': String(Buffer.byteLength(body)) })
  response.end(body)
}

/** The response of HTTP/2 has no `destroyed` of its own. */
export function isGone(response: HttpResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed
}

/** Over HTTP/2 a response that is only destroyed ends like one that is complete. */
export function breakOff(response: HttpResponse): void {
  if ('stream' in response) response.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  else response.destroy()
}

// The two response classes overload these differently; both take these arguments.
export function writeHead(
  response: HttpResponse,
  status: number,
  headers: Record<string, string | string[]>,
): void {
  if (!('stream' in response)) {
    response.writeHead(status, headers)
    return
  }
  for (const [name, value] of Object.entries(headers)) {
    // HTTP/2 itself would cut a character down to its last byte, which may be a line break.
    for (const one of [value].flat()) validateHeaderValue(name, one)
  }
  response.writeHead(status, headers)
}

/** False when the caller should be waited for (`drained`) before more is written. */
export function write(response: HttpResponse, chunk: Uint8Array): boolean {
  return 'stream' in response ? response.write(chunk) : response.write(chunk)
}

/** The last of the body, or nothing: what is written at once goes out in one piece with the head. */
export function endWith(response: HttpResponse, chunk: Uint8Array): void {
  if (chunk.length === 0) response.end()
  else if ('stream' in response) response.end(chunk)
  else response.end(chunk)
}

/**
 * Resolves when more may be written or when nobody is there to read. A caller that takes nothing for
 * `stallMs` is cut off by the response's `timeout`, which counts from the last byte that went out.
 */
export function drained(response: HttpResponse, stallMs: number): Promise<void> {
  return new Promise((resolve) => {
    // It has said so already and will not say it again.
    if (isGone(response)) return resolve()
    const done = () => {
      response.off('drain', done)
      response.off('close', done)
      if (!isGone(response)) response.setTimeout(0)
      resolve()
    }
    response.on('drain', done)
    response.on('close', done)
    response.setTimeout(stallMs)
  })
}
