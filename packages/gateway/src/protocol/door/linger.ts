import { constants } from 'node:http2'
import type { HttpRequest } from './request.ts'

/**
 * What is left of a body nobody will read must not be taken for the next request. It is let in for a
 * while, because a sender whose connection is cut at once may never read the answer; then it is cut.
 */
export function linger(request: HttpRequest, lingerMs: number): void {
  if (request.complete) return
  const cut = setTimeout(() => {
    if ('stream' in request) request.stream.close(constants.NGHTTP2_NO_ERROR)
    else request.socket.destroy()
  }, lingerMs)
  request.on('end', () => clearTimeout(cut))
  request.on('close', () => clearTimeout(cut))
  request.resume()
}
