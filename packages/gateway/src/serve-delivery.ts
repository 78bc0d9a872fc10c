import type { Logger } from 'pino'
import { type DeferredRuns, openDeferredRuns } from './approval/deferred-runs.ts'
import type { Desk } from './approval/desk.ts'
import { openFollowUps } from './approval/follow-up.ts'
import type { FollowUps } from './call/follow-up.ts'
import type { Call, Reply } from './call/stage.ts'
import type { Config } from './config/config.ts'
import { limits } from './config/limits.ts'
import type { Identity } from './identity/open-identity.ts'
import { faultOf } from './log/fault.ts'
import { http } from './protocol/http/room.ts'
import { mcp } from './protocol/mcp/room.ts'
import type { Store } from './store/store.ts'

/** Part of serve.ts: how callers follow up their questions, and calls that are made without them. */
export function openDelivery(rooms: {
  readonly config: Config
  readonly store: Store
  readonly desk: Desk
  readonly identity: Pick<Identity, 'identify'>
  /** One call through the whole pipeline. */
  readonly make: (call: Call) => Promise<Reply>
  readonly graceMs: number
  readonly log: Logger
}): {
  readonly followUps: FollowUps & { readonly close: () => Promise<void> }
  readonly runs: DeferredRuns
} {
  const { config, store, desk, identity, make, graceMs, log } = rooms
  const followUps = openFollowUps({ desk, store, identify: identity.identify })
  const runs = openDeferredRuns({
    store,
    find: desk.find,
    make: ({ principal, approval: approvalId, protocol }, request, signal) =>
      make(revivers[protocol](request, { principal, approvalId, signal })),
    instance: config.instance,
    now: Date.now,
    graceMs,
    limits,
    onFailure: (cause) =>
      log.error({ cause: faultOf(cause) }, 'a deferred call could not be seen to its end'),
  })
  return { followUps, runs }
}

/** A call that was kept is read again by the room that had kept it. */
const revivers = { http: http.revive, mcp: mcp.revive } as const
