import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'
import type { McpConnection } from '../../../model/connection.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { McpKind } from '../../../model/mcp-listing.ts'
import { composeNotification, composeRequest } from '../message/compose.ts'
import {
  readUpstreamBatch,
  readUpstreamMessage,
  type UpstreamMessage,
} from '../message/upstream-message.ts'
import { askServer, type ServerAnswer } from './ask-server.ts'
import { type ChildOptions, ChildServer } from './child-process.ts'
import type { Conversation, Receiver, ServerSaid, UpstreamRequest, Wire } from './conversation.ts'
import { modern } from './http-meeting.ts'
import { initializeParams, readInitialized, saidBy } from './introduction.ts'
import { hearOfLists } from './keep-watching.ts'
import { Pins } from './pins.ts'
import { metaOf } from './request-meta.ts'
import { type OnNews, UnderWay } from './under-way.ts'
import { changedList, mostWatched, watchServer } from './watch-server.ts'
import { Watches } from './watches.ts'

export type ChildTerms = ChildOptions & {
  readonly connection: McpConnection
  readonly version: string
  /** What its callers can do, as it is told. */
  readonly capabilities: JsonObject
  /** It ended by itself, or had to be ended. */
  readonly onCrash: () => void
  /** It answered: whatever was wrong with it before is over. */
  readonly onAnswer: () => void
  /** It says that these lists of its are others now. */
  readonly onListChanged: (kind: McpKind) => void
}

/**
 * Starts a server that is a child process and begins a conversation with it. A child is asked for an older revision
 * first: many end, or stay silent, when they are asked anything else (2026-07-28, basic/transports/stdio). Rejects
 * with a `Refusal`.
 */
export async function beginChild(terms: ChildTerms): Promise<Conversation> {
  const conversation = new ChildConversation(terms)
  try {
    await conversation.begin()
  } catch (thrown) {
    terms.onCrash()
    void conversation.close()
    throw thrown
  }
  return conversation
}

class ChildConversation implements Conversation {
  era: Conversation['era'] = 'legacy'
  revision = ''
  server: ServerSaid = { capabilities: {}, serverInfo: undefined, instructions: undefined }
  readonly told: Conversation['told'] = { logLevel: undefined }
  readonly #terms: ChildTerms
  readonly #underWay: UnderWay
  readonly #watches = new Watches()
  readonly #pins = new Pins()
  /** Aborted when it is over. */
  readonly #over = new AbortController()
  #child: ChildServer | undefined
  #lastId = 0
  #noise = 0
  #isBegun = false
  #isClosed = false
  #ended: Refusal | undefined

  constructor(terms: ChildTerms) {
    this.#terms = terms
    const answer = (message: Uint8Array) => this.#answer(message)
    const onNews: OnNews = (message) => {
      const kind = changedList(message)
      if (kind) this.#terms.onListChanged(kind)
      return this.#watches.heard(message)
    }
    const mayAsk = () => this.era === 'legacy'
    this.#underWay = new UnderWay({ isShared: terms.connection.shared, mayAsk, answer, onNews })
  }

  async begin(): Promise<void> {
    this.#child = await ChildServer.start(this.#terms, {
      onLine: (line) => this.#take(line),
      onEnd: (refusal) => this.#end(refusal),
    })
    const { revision } = this.#terms.connection
    const met = revision === modern ? undefined : await this.#initialize()
    if (met === undefined || (met.kind === 'error' && revision === undefined)) {
      this.#meetModern(await this.#discover())
    } else if (met.kind === 'result') {
      const read = readInitialized(met.value, revision)
      this.revision = read.revision
      this.server = read.server
      this.#child.write(composeNotification('notifications/initialized', {}))
    } else throw new Refusal('upstream-failed', { detail: otherRevision })
    this.#isBegun = true
    const { onListChanged } = this.#terms
    const { capabilities } = this.server
    const credentialNow = noneNow
    hearOfLists(this, { credentialNow, capabilities, onListChanged, until: this.#over.signal })
  }

  isOver = (): boolean => this.#ended !== undefined || this.#isClosed

  isBusy = (): boolean => this.#underWay.size > 0 || this.#pins.size > 0

  pin: Conversation['pin'] = () => this.#pins.take()

  isWatched = (): boolean => this.#watches.size > 0

  request = (request: UpstreamRequest, receiver: Receiver): Wire => {
    this.#lastId += 1
    const id = this.#lastId
    const wire = this.#wireOf(id)
    const problem = this.#problem()
    if (problem || !this.#child) {
      const refusal = problem ?? new Refusal('upstream-failed', { detail: otherRevision })
      queueMicrotask(() => receiver.fail({ refusal }))
      return wire
    }
    this.#underWay.add(id, receiver, request)
    const meta = metaOf({ ...this.#terms, era: this.era, revision: this.revision }, request, id)
    this.#child.write(composeRequest({ ...request, id, meta }))
    return wire
  }

  watch: Conversation['watch'] = (uri, credential, watcher) =>
    this.#watches.add(uri, watcher, {
      begin: () =>
        watchServer(this, {
          ...{ uri, credential, credentialNow: noneNow, watches: this.#watches },
          listen: () => Promise.resolve(),
        }),
      most: mostWatched(this),
    })

  close = async (): Promise<void> => {
    this.#isClosed = true
    this.#over.abort()
    this.#watches.giveUp()
    await this.#child?.close()
  }

  #problem(): Refusal | undefined {
    if (this.#ended) return this.#ended
    const unread = this.#child?.unread ?? 0
    if (this.#underWay.size < limits.mcpRequestsPerChild && unread < limits.mcpChildInputBytes) {
      return undefined
    }
    const detail = 'Its process has as many requests under way as it may.'
    return new Refusal('overloaded', { detail })
  }

  #wireOf(id: number): Wire {
    return {
      id,
      // Its output is for all: one that reads slowly must not hold up the others.
      pause: undefined,
      resume: () => {},
      answer: (message) => this.#answer(message),
      done: () => {
        this.#underWay.remove(id)
      },
      cancel: () => {
        if (!this.#underWay.remove(id)) return
        const params = { requestId: id, reason: 'The caller left.' }
        this.#child?.write(composeNotification('notifications/cancelled', params))
      },
    }
  }

  #initialize(): Promise<ServerAnswer> {
    const { connection, version, capabilities } = this.#terms
    const { revision } = connection
    const params = initializeParams({ revision, capabilities, version })
    return this.#ask('initialize', JSON.parse(Buffer.from(params).toString()))
  }

  #discover(): Promise<ServerAnswer> {
    this.era = 'modern'
    this.revision = modern
    return this.#ask('server/discover', {})
  }

  #meetModern(answer: ServerAnswer): void {
    const versions = answer.kind === 'result' ? answer.value.supportedVersions : undefined
    if (!Array.isArray(versions) || !versions.includes(modern)) {
      throw new Refusal('upstream-failed', { detail: otherRevision })
    }
    this.server = saidBy(answer.value)
  }

  #ask(method: string, params: JsonObject): Promise<ServerAnswer> {
    const credential = { kind: 'none', echoes: [] } as const
    return askServer(this, { method, params, credential, withinMs: limits.mcpStartMs })
  }

  #take(line: Uint8Array): void {
    const message = readUpstreamMessage(line)
    if (message) {
      this.#dispatch(message)
      return
    }
    if (this.revision === '2025-03-26') {
      const batch = readUpstreamBatch(line)
      if (batch) {
        for (const one of batch) this.#dispatch(one)
        return
      }
    }
    // A banner, a log: many write such to their output. What looks like a message and is none may be anybody's.
    if (looksLikeMessage(line)) {
      this.#break(notMcp)
      return
    }
    this.#noise += 1
    if (this.#noise > limits.mcpChildNoise) this.#break(notMcp)
  }

  #dispatch(message: UpstreamMessage): void {
    if (this.#isBegun && message.kind === 'result') this.#terms.onAnswer()
    if (!this.#underWay.take(message)) this.#break(endless)
  }

  #answer(message: Uint8Array): void {
    const unread = this.#child?.unread ?? 0
    if (unread < limits.mcpChildInputBytes) this.#child?.write(message)
    else this.#break(deaf)
  }

  #break(detail: string): void {
    this.#child?.end(new Refusal('upstream-failed', { detail }))
  }

  #end(refusal: Refusal): void {
    this.#ended = refusal
    this.#over.abort()
    if (!this.#isClosed && this.#isBegun) this.#terms.onCrash()
    for (const receiver of this.#underWay.clear()) receiver.fail({ refusal })
    this.#watches.over()
  }
}

/** Its secrets are in its environment, and one that has others is another child. */
const noneNow = async () => ({ kind: 'none', echoes: [] }) as const

/** An opening brace after blanks. */
function looksLikeMessage(line: Uint8Array): boolean {
  const first = line.find((byte) => byte > 0x20)
  return first === 0x7b
}

const otherRevision = 'It does not speak the revision of MCP that it is asked for.'
const notMcp = 'It sent something that is not a message of MCP.'
const endless = 'It sent messages without end.'
const deaf = 'It asks and does not take answers.'
