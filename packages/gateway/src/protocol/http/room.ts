import type { ProtocolRoom } from '../protocol.ts'
import { type HttpDeskOptions, openCallDesk } from './desk.ts'
import { openFollowUpDesk } from './follow-up.ts'
import { forwarder, type HttpForwardOptions } from './forward.ts'
import { revive } from './kept-call.ts'

/** The HTTP room: HTTP/1.1 and HTTP/2 in, HTTP/1.1 out. Its desks come last: they own what nobody else does. */
export const http: ProtocolRoom<HttpDeskOptions, HttpForwardOptions> = {
  name: 'http',
  desks: (options, onCall, followUps) => [
    openFollowUpDesk(followUps, options.limits),
    openCallDesk(options, onCall),
  ],
  forwarder,
  revive,
}
