import { createHash } from 'node:crypto'
import { limits } from '../../../config/limits.ts'
import type { McpConnection } from '../../../model/connection.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { McpKind } from '../../../model/mcp-listing.ts'
import type { Credential, SecretReference } from '../../../model/secret.ts'
import { beginChild } from './child-conversation.ts'
import type { Conversation } from './conversation.ts'
import { httpConversation } from './http-conversation.ts'
import { type HttpLine, openHttpLine } from './http-line.ts'
import {
  initializeOverHttp,
  type Meeting,
  type MeetingBounds,
  type Met,
  meetOverHttp,
} from './http-meeting.ts'
import { capabilitiesForServer } from './introduction.ts'
import { hearOfLists } from './keep-watching.ts'
import { KeptConversations } from './kept-conversations.ts'
import { Restarts } from './restarts.ts'
import { Tenures } from './tenures.ts'

export type ConversationOptions = {
  /** Of the gateway: what servers are told. */
  readonly version: string
  readonly readSecret: (reference: SecretReference) => Promise<string>
  /** What a connection is called with at this moment, for what the gateway asks of it beside calls. */
  readonly credentialOf: (connection: McpConnection) => Promise<Credential>
  /** The gateway's own PATH: where programs of child processes are looked up. */
  readonly searchPath: string | undefined
  /** The server of this connection says that its lists of a kind are others now. Returns at once. */
  readonly onListChanged?: (connection: string, kind: McpKind) => void
  /** Other numbers than those of limits.ts, for tests. */
  readonly bounds?: Partial<MeetingBounds> | undefined
}

/** Whoever a conversation is for. */
export type Speaker = {
  /** All parties of a call; equal for equal ones. Ignored where the connection is shared. */
  readonly principal: string
  /** On whose behalf they act, who has only so many conversations at a time; undefined: the gateway itself. */
  readonly subject: string | undefined
  readonly capabilities: JsonObject
  readonly credential: Credential
}

/** One or more conversations with each server, kept while they are needed. */
export type Conversations = {
  /**
   * The conversation of this speaker, begun now where there is none. Refuses as a forwarder does, and `overloaded`
   * where there are as many as may be and none can be given up.
   */
  readonly with: (connection: McpConnection, speaker: Speaker) => Promise<Conversation>
  /** Aborted when this connection is not in force any more, as it is. Already, where it is not now. */
  readonly tenureOf: (connection: McpConnection) => AbortSignal
  /** These are in force from now on. What is open with others ends, as soon as no call is under way in it. */
  readonly follow: (connections: readonly McpConnection[]) => void
  readonly close: () => Promise<void>
}

/** A server behind HTTP. `stateless`: of 2026-07-28, where there is nothing to begin. */
type Server = {
  readonly line: HttpLine
  /** Aborted when its connection is not in force any more; from the beginning, where a call of older rules began it. */
  readonly tenure: AbortSignal
  met: Promise<Met> | undefined
  stateless: Conversation | undefined
}

export function openConversations(options: ConversationOptions): Conversations {
  const kept = new KeptConversations()
  const servers = new Map<string, Server>()
  /** Ways to servers that are not called any more. Each is kept for what is under way and for farewells. */
  const retired = new Set<HttpLine>()
  const tenures = new Tenures()
  const restarts = new Restarts()
  const bounds = { ...limits, ...options.bounds }
  const keys = new WeakMap<McpConnection, string>()
  const keyOf = (connection: McpConnection): string => {
    const key = keys.get(connection) ?? serverKey(connection)
    keys.set(connection, key)
    return key
  }
  return {
    with: async (connection, given) => {
      const speaker = { ...given, capabilities: capabilitiesFor(connection, given.capabilities) }
      const key = keyOf(connection)
      const subject = connection.shared ? undefined : speaker.subject
      const own = `${key} ${JSON.stringify(speaker.capabilities)} ${connection.shared ? '' : speaker.principal}`
      const { stdio } = connection
      if (stdio) {
        const { capabilities } = speaker
        const onListChanged = changedIn(options, connection)
        const terms = { ...options, connection, child: stdio, capabilities, onListChanged }
        const begin = async () => {
          await restarts.turn(own)
          const onCrash = () => restarts.crashed(own)
          return beginChild({ ...terms, onCrash, onAnswer: () => restarts.answered(own) })
        }
        return kept.get(`${own} ${secretsOf(speaker.credential)}`, {
          ...{ server: key, isChild: true, subject },
          begin,
        })
      }
      const server = servers.get(key) ?? newServer(connection, tenures.of(key))
      servers.set(key, server)
      const { revision } = connection
      const onListChanged = changedIn(options, connection)
      const line = server.line
      const meeting = { ...options, bounds, revision, line, ...speaker, onListChanged }
      const release = line.pin()
      try {
        const met = await metOnce(server, meeting)
        if (met.era === 'modern') return statelessWith(server, met, { ...meeting, connection })
        return await kept.get(own, {
          ...{ server: key, isChild: false, subject },
          begin: () => beginOverHttp(server, meeting, connection),
        })
      } finally {
        release()
      }
    },
    tenureOf: (connection) => tenures.of(keyOf(connection)),
    follow: (connections) => {
      const inForce = new Set(connections.map(keyOf))
      tenures.follow(inForce)
      kept.follow(inForce)
      for (const line of retired) {
        if (!line.isIdle()) continue
        retired.delete(line)
        void line.close().catch(() => {})
      }
      for (const [key, { line, tenure }] of servers) {
        // In force again or not: one that was begun when it was not would hear nothing of its lists.
        if (!tenure.aborted) continue
        servers.delete(key)
        retired.add(line)
      }
    },
    close: async () => {
      await kept.close()
      tenures.follow(new Set())
      const lines = [...[...servers.values()].map(({ line }) => line), ...retired]
      await Promise.allSettled(lines.map((line) => line.close()))
    },
  }
}

type Terms = Meeting &
  Pick<Speaker, 'capabilities'> &
  Pick<ConversationOptions, 'credentialOf'> & { readonly onListChanged: (kind: McpKind) => void }

function changedIn(
  { onListChanged }: Pick<ConversationOptions, 'onListChanged'>,
  { id }: McpConnection,
): (kind: McpKind) => void {
  return (kind) => onListChanged?.(id, kind)
}

function newServer(connection: McpConnection, tenure: AbortSignal): Server {
  const line = openHttpLine(connection.upstream)
  return { line, tenure, met: undefined, stateless: undefined }
}

/** One look for all who wait; one that failed is forgotten. */
function metOnce(server: Server, meeting: Meeting): Promise<Met> {
  if (server.met !== undefined) return server.met
  const met = meetOverHttp(meeting)
  server.met = met
  met.catch(() => {
    if (server.met === met) server.met = undefined
  })
  return met
}

function statelessWith(
  server: Server,
  met: Extract<Met, { era: 'modern' }>,
  terms: Terms & { readonly connection: McpConnection },
): Conversation {
  const { version, credential, credentialOf, bounds, onListChanged, connection } = terms
  if (server.stateless) return server.stateless
  const credentialNow = () => credentialOf(connection)
  const conversation = httpConversation({
    ...{ ...met, line: server.line, version, credential, bounds, onListChanged },
    ...{ sessionId: undefined, isShared: true, credentialNow },
    onStale: () => {
      server.met = undefined
      server.stateless = undefined
    },
  })
  const { capabilities } = met.server
  hearOfLists(conversation, { credentialNow, capabilities, onListChanged, until: server.tenure })
  server.stateless = conversation
  return conversation
}

async function beginOverHttp(
  server: Server,
  terms: Terms,
  connection: McpConnection,
): Promise<Conversation> {
  const { version, credential, credentialOf, bounds, onListChanged } = terms
  try {
    const begun = await initializeOverHttp(terms, terms.capabilities)
    const conversation = httpConversation({
      ...{ ...begun, line: server.line, version, credential, bounds, onListChanged },
      ...{ era: 'legacy', isShared: connection.shared, onStale: () => {} },
      credentialNow: () => credentialOf(connection),
    })
    // Only who can be asked something has to be reached at any time.
    const isAsked = Object.keys(terms.capabilities).length > 0
    if (isAsked && begun.sessionId !== undefined) await conversation.listen()
    return conversation
  } catch (thrown) {
    // Perhaps it is another server by now.
    server.met = undefined
    throw thrown
  }
}

/**
 * What a server is told its callers can do. One child for everybody is told nothing: what it asks for could not be
 * told to belong to one of them.
 */
function capabilitiesFor({ stdio, shared }: McpConnection, capabilities: JsonObject): JsonObject {
  return stdio && shared ? {} : capabilitiesForServer(capabilities)
}

/**
 * Which secrets a child has in its environment: one that has others now is another child, as replies are searched only
 * for those of the moment. The one before ends when nobody is at it any more.
 */
function secretsOf({ echoes }: Credential): string {
  const hash = createHash('sha256')
  for (const echo of echoes) hash.update(`${echo.length} `).update(echo)
  return hash.digest('base64url')
}

/** Everything that makes it this server and no other, and the gateway whoever it is there. */
function serverKey(connection: McpConnection): string {
  const { id, upstream, stdio, revision, shared, credential } = connection
  return JSON.stringify([id, upstream, stdio ?? null, revision ?? null, shared, credential])
}
