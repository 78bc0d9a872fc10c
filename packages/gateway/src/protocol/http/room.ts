import type { ProtocolRoom } from '../protocol.ts'
import { type HttpForwardOptions, forwarder } from './forward.ts'
import { type HttpListenOptions, listen } from './listen.ts'

/** The HTTP room: HTTP/1.1 and HTTP/2 in, HTTP/1.1 out. */
export const http = { name: 'http', listen, forwarder } satisfies ProtocolRoom<
  HttpListenOptions,
  HttpForwardOptions
>
