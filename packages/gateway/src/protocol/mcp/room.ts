import type { FollowUps } from '../../call/follow-up.ts'
import type { Refusal } from '../../call/refusal.ts'
import { limits } from '../../config/limits.ts'
import { mcpKinds } from '../../model/mcp-listing.ts'
import type { Places } from '../door/places.ts'
import type { OnCall, ProtocolRoom } from '../protocol.ts'
import { openCallerRequests } from './caller/caller-requests.ts'
import { openCancellations } from './caller/cancellations.ts'
import { type ListChangeNeeds, listChangesOf, openSessionLists } from './caller/list-changes.ts'
import { openListeners } from './caller/listeners.ts'
import type { ListNeeds } from './caller/lists.ts'
import { openExchanges } from './caller/open-exchanges.ts'
import { openStreams } from './caller/open-streams.ts'
import type { OwnNeeds } from './caller/own-answers.ts'
import type { Manners } from './caller/place.ts'
import { openRequestStates } from './caller/request-state.ts'
import type { ProtectedResource } from './caller/resource-metadata.ts'
import { openCallerSessions } from './caller/session.ts'
import { openSubscriptions, type SubscriptionNeeds } from './caller/subscriptions.ts'
import { openTasks } from './caller/tasks.ts'
import { waitTool } from './caller/wait-tool.ts'
import { type DeskNeeds, openMcpDesk } from './desk.ts'
import { forwarder, type McpForwardOptions } from './forward.ts'
import { revive } from './kept-call.ts'
import { refusalFrame } from './refusal.ts'
import { mcpFunctions } from './route.ts'

export type McpDeskOptions = ListNeeds &
  ListChangeNeeds &
  SubscriptionNeeds &
  Pick<OwnNeeds, 'rules' | 'offered'> & {
    readonly places: Places
    readonly resource: ProtectedResource
    readonly manners: Manners
    /** Of the gateway: what clients are told. */
    readonly version: string
    /** What sessions, tasks and states are sealed with; the same for every gateway of a store. */
    readonly key: Uint8Array
    readonly now: () => number
    /** Where a person reads about a question; undefined: nobody said where people are reached. */
    readonly approvalUrl: (approvalId: string) => string | undefined
  }

/** The MCP room: Streamable HTTP in; Streamable HTTP and child processes out. Every revision on both sides. */
export const mcp: Omit<ProtocolRoom<McpDeskOptions, McpForwardOptions>, 'forwarder'> & {
  readonly forwarder: typeof forwarder
} = {
  name: 'mcp',
  desks: (options, onCall, followUps) => [openMcpDesk(needsOf(options, onCall, followUps))],
  forwarder,
  revive,
}

function needsOf(options: McpDeskOptions, onCall: OnCall, followUps: FollowUps): DeskNeeds {
  const { key, now, rules, version } = options
  const functions = () => {
    const current = rules()
    return current && mcpFunctions(current.rulebook)
  }
  const serverInfo = { name: 'sallyport', title: 'Sallyport', version }
  return {
    ...options,
    ...{ limits, onCall, followUps, serverInfo },
    ownTools: [waitTool],
    connectionOf: (id) => functions()?.connections.get(id),
    states: openRequestStates({ key, now }),
    tasks: openTasks({ key, followUps, now, refused, serverInfo }),
    sessions: openCallerSessions({ key, now }),
    exchanges: openExchanges(),
    callerRequests: openCallerRequests(),
    streams: openStreams(),
    cancellations: openCancellations(),
    listeners: openListeners(),
    subscriptions: openSubscriptions(options),
    listChanges: (endpoint, wanted) => listChangesOf(options, endpoint, wanted),
    sessionLists: openSessionLists((endpoint) => listChangesOf(options, endpoint, mcpKinds)),
  }
}

/** Of a task: a result or an error like that of the call itself. */
function refused(refusal: Refusal): Uint8Array {
  const { frame } = refusalFrame(refusal, { method: 'tools/call', modern: true })
  return Buffer.from(JSON.stringify(frame))
}
