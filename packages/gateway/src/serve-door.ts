import { readFileSync } from 'node:fs'
import { accessTo } from './call/access.ts'
import type { FollowUps } from './call/follow-up.ts'
import type { Gate } from './call/gate.ts'
import { labelsOf } from './call/resolve-function.ts'
import type { Call, Reply } from './call/stage.ts'
import type { Config } from './config/config.ts'
import { limits } from './config/limits.ts'
import type { Keys } from './log/key-file.ts'
import { type Listener, listen } from './protocol/door/listen.ts'
import { http } from './protocol/http/room.ts'
import { type McpDeskOptions, mcp } from './protocol/mcp/room.ts'
import type { Functions } from './serve-catalogue.ts'

/** Part of serve.ts: the port where callers come in, and the rooms behind it. */
export function openDoor(rooms: {
  readonly config: Config
  readonly keys: Pick<Keys, 'bindingKey'>
  readonly version: string
  readonly gate: Gate
  readonly functions: Pick<
    Functions,
    'listed' | 'offered' | 'listRevision' | 'listRevisions' | 'isQuarantined'
  >
  /** One call through the whole pipeline. */
  readonly make: (call: Call) => Promise<Reply>
  readonly followUps: FollowUps
}): Promise<Listener> {
  const { config, make, followUps } = rooms
  const { host, port, http2, tls } = config.listen
  const { concurrentCalls, callsPerCaller } = config.callLimits
  const pem = tls && { cert: readFileSync(tls.cert, 'utf8'), key: readFileSync(tls.key, 'utf8') }
  return listen(
    { host, port, http2, concurrentCalls, callsPerCaller, limits, ...(pem && { tls: pem }) },
    (places) => [
      ...mcp.desks({ ...mcpOptions(rooms), places }, make, followUps),
      ...http.desks({ places, limits }, make, followUps),
    ],
  )
}

function mcpOptions({
  config,
  keys,
  version,
  gate,
  functions,
}: Parameters<typeof openDoor>[0]): Omit<McpDeskOptions, 'places'> {
  const { resource, scopes, allowedOrigins, allowedHosts } = config.mcp
  const { publicUrl } = config.admin
  return {
    resource: {
      ...{ resource, scopes },
      authorizationServers: config.issuers.map(({ issuer }) => issuer),
    },
    manners: { allowedOrigins, allowedHosts, isLoopback: isLoopback(config.listen.host) },
    version,
    key: keys.bindingKey,
    now: Date.now,
    rules: gate.rules,
    listed: functions.listed,
    offered: functions.offered,
    listRevision: functions.listRevision,
    listRevisions: functions.listRevisions,
    isQuarantined: functions.isQuarantined,
    access: (rules, fn, asker, labels, args) =>
      accessTo(gate, { rules, fn, labels, args, ...asker }),
    labels: (rules, principal) => labelsOf(gate, { rules, principal }),
    approvalUrl: (id) =>
      publicUrl === undefined ? undefined : `${publicUrl.replace(/\/+$/, '')}/approvals/${id}`,
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host)
}
