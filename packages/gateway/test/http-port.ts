import type { FollowUps } from '../src/call/follow-up.ts'
import { type DoorOptions, type Listener, listen as listenAt } from '../src/protocol/door/listen.ts'
import { http } from '../src/protocol/http/room.ts'
import type { OnCall } from '../src/protocol/protocol.ts'

export type { DoorOptions }

/** A port behind which there is the HTTP room alone. */
export function listen(
  options: DoorOptions,
  onCall: OnCall,
  followUps: FollowUps,
): Promise<Listener> {
  const { limits } = options
  return listenAt(options, (places) => http.desks({ places, limits }, onCall, followUps))
}
