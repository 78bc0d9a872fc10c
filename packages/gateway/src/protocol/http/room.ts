import type { ProtocolRoom } from '../protocol.ts'
import { forwarder, type HttpForwardOptions } from './forward.ts'
import { revive } from './kept-call.ts'
import { type HttpListenOptions, listen } from './listen.ts'

/** The HTTP room: HTTP/1.1 and HTTP/2 in, HTTP/1.1 out. */
export const http: ProtocolRoom<HttpListenOptions, HttpForwardOptions> = {
  name: 'http',
  listen,
  forwarder,
  revive,
}
