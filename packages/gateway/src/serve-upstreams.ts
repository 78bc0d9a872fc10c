import type { Keys } from './log/key-file.ts'
import type { Connection } from './model/connection.ts'
import type { ListMcp, McpKind } from './model/mcp-listing.ts'
import type { Credential, CredentialUse } from './model/secret.ts'
import { http } from './protocol/http/room.ts'
import { mcp } from './protocol/mcp/room.ts'
import type { Forwarder } from './protocol/protocol.ts'
import { openChildSecrets } from './secret/child-secrets.ts'
import type { Secrets } from './secret/resolve.ts'
import { withVault } from './vault/vault.ts'

export type Upstreams = Forwarder & {
  readonly list: ListMcp
  /** Who is told from now on when an MCP server says that its lists of a kind are others. */
  readonly hear: (listener: OnListChanged) => void
  /** These connections are in force from now on; what callers hear of by others ends. */
  readonly follow: (connections: readonly Connection[]) => void
  /** What a call is made with. Refuses `credential-unavailable`. */
  readonly credential: (at: { readonly connection: Connection }) => Promise<Credential>
}

export type OnListChanged = (connection: string, kind: McpKind) => void

/** Part of serve.ts: the upstream side of every protocol, and how MCP servers are asked what they list. */
export function openUpstreams(rooms: {
  readonly version: string
  /** Of the gateway itself: programs are looked up in its PATH. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly keys: Pick<Keys, 'maskKey'>
  readonly references: Secrets
  readonly credentialOf: (use: CredentialUse) => Promise<Credential>
}): Upstreams {
  const { version, env, keys, references, credentialOf } = rooms
  let onListChanged: OnListChanged = () => undefined
  const overHttp = withVault(http.forwarder({}), keys.maskKey)
  const echoesOfChild = openChildSecrets(references)
  const credential: Upstreams['credential'] = ({ connection }) =>
    connection.protocol === 'mcp' && connection.stdio
      ? echoesOfChild(connection.stdio)
      : credentialOf(connection.credential)
  const overMcp = mcp.forwarder({
    version,
    onListChanged: (connection, kind) => onListChanged(connection, kind),
    searchPath: env.PATH,
    readSecret: references.resolve,
    credentialOf: (connection) => credential({ connection }),
  })
  return {
    credential,
    hear: (listener) => {
      onListChanged = listener
    },
    follow: (connections) => overMcp.follow(connections.filter((one) => one.protocol === 'mcp')),
    forward: async (at, own) => {
      if (at.connection.protocol === 'mcp') return overMcp.forward(at, own)
      const raw = await overHttp.forward(at, own)
      if (raw.head.status === 401 && own.kind !== 'none') own.onRefused?.()
      return raw
    },
    list: async (connection, signal, again) => {
      let own: Credential
      try {
        own = await credential({ connection })
      } catch {
        return { problem: 'Its credential is not available.' }
      }
      return overMcp.describe(connection, own, signal, again)
    },
    close: async () => {
      await Promise.all([overHttp.close(), overMcp.close()])
    },
  }
}
