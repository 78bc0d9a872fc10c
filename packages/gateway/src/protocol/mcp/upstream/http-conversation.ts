import { Refusal } from '../../../call/refusal.ts'
import { type Limits, limits } from '../../../config/limits.ts'
import type { McpKind } from '../../../model/mcp-listing.ts'
import type { Credential } from '../../../model/secret.ts'
import { composeNotification, composeRequest } from '../message/compose.ts'
import { nameHeader } from '../message/param-headers.ts'
import type { UpstreamMessage } from '../message/upstream-message.ts'
import type { Conversation, Receiver, ServerSaid, UpstreamRequest, Wire } from './conversation.ts'
import type { HttpLine } from './http-line.ts'
import { unsupportedVersion } from './http-meeting.ts'
import { Pins } from './pins.ts'
import type { HttpReceiver, HttpWire, Resume } from './post.ts'
import { metaOf } from './request-meta.ts'
import { SessionStream } from './session-stream.ts'
import { type OnNews, UnderWay } from './under-way.ts'
import { changedList, mostWatched, watchServer } from './watch-server.ts'
import { Watches } from './watches.ts'

export type HttpTerms = {
  readonly line: HttpLine
  readonly era: Conversation['era']
  readonly revision: string
  readonly server: ServerSaid
  /** `Mcp-Session-Id`, where the server gave one (until 2025-11-25). */
  readonly sessionId: string | undefined
  /** Of several callers. */
  readonly isShared: boolean
  readonly version: string
  readonly bounds: Pick<Limits, 'mcpSessionStreamMs'>
  /** What the server said when it was met does not hold any more: it refuses the revision, or the session. */
  readonly onStale: () => void
  /** For what is said beside requests: to listen, and to end the session. */
  readonly credential: Credential
  /** What it is called with at this moment. */
  readonly credentialNow: () => Promise<Credential>
  /** Its server says that these lists are others now. */
  readonly onListChanged: (kind: McpKind) => void
}

/** `listen`: opens the stream of its session, and resolves when the server has it, or says that it has none. */
export type HttpConversation = Conversation & { readonly listen: () => Promise<void> }

/** What the gateway has with a server behind Streamable HTTP. Each request is one POST and its answer. */
export function httpConversation(terms: HttpTerms): HttpConversation {
  const { line, sessionId } = terms
  /** The newest that was used in it. */
  let { credential } = terms
  const headers = headersOf(terms)
  let untaken = 0
  const tell = (body: Uint8Array, told: Credential): boolean => {
    if (untaken >= limits.mcpUntaken) return false
    untaken += 1
    void line.tell({ headers, body, credential: told }).finally(() => {
      untaken -= 1
    })
    return true
  }
  const answer = (body: Uint8Array) => void tell(body, credential)
  const watches = new Watches()
  const pins = new Pins()
  // What was begun has its end told over the same line, however long after it is wanted no more.
  const leaveLine = terms.era === 'legacy' ? line.pin() : undefined
  const onNews: OnNews = (message) => {
    const kind = changedList(message)
    if (kind) terms.onListChanged(kind)
    return watches.heard(message)
  }
  // Only sessions have a stream that is of no request, and the current revision has no sessions.
  const mayAsk = () => true
  const underWay = new UnderWay({ isShared: terms.isShared, mayAsk, answer, onNews })
  let stream: SessionStream | undefined
  let isOver = false
  let lastId = 0
  const onStale = () => {
    isOver = true
    stream?.close()
    watches.over()
    terms.onStale()
  }
  const listen = async () => {
    if (stream === undefined || stream.isOver) {
      const onOver = () => watches.over()
      stream = new SessionStream({ line, headers, credential, underWay, onOver })
    }
    await stream.opened(terms.bounds.mcpSessionStreamMs)
  }
  const conversation: HttpConversation = {
    era: terms.era,
    revision: terms.revision,
    server: terms.server,
    told: { logLevel: undefined },
    isOver: () => isOver,
    isBusy: () => underWay.size > 0 || pins.size > 0,
    pin: () => bothOf(pins.take(), line.pin()),
    isWatched: () => watches.size > 0,
    request: (request, receiver) => {
      lastId += 1
      const id = lastId
      credential = request.credential
      underWay.add(id, receiver, request)
      const hooks = { onStale, tell, onNews, onOver: () => underWay.remove(id) }
      return new HttpRequestWire({ ...terms, ...hooks }, { ...request, id }, receiver)
    },
    watch: (uri, told, watcher) =>
      watches.add(uri, watcher, {
        begin: () => {
          credential = told
          const asking = { uri, credential, credentialNow: terms.credentialNow }
          return watchServer(conversation, { ...asking, watches, listen })
        },
        most: mostWatched(terms),
      }),
    listen,
    close: async () => {
      isOver = true
      stream?.close()
      watches.giveUp()
      if (sessionId !== undefined) {
        // Hours later the newest that was used may not count any more.
        const own = await terms.credentialNow().catch(() => credential)
        await line.tell({ method: 'DELETE', headers, credential: own })
      }
      leaveLine?.()
    },
  }
  return conversation
}

function bothOf(first: () => void, second: () => void): () => void {
  return () => {
    first()
    second()
  }
}

type Numbered = UpstreamRequest & { readonly id: number }
type WireTerms = HttpTerms & {
  readonly onOver: () => void
  readonly onNews: OnNews
  /** Sends what has no answer. False: it was dropped, because too much of that was not taken yet. */
  readonly tell: (body: Uint8Array, credential: Credential) => boolean
}

/** One request: its POST, and, where the server breaks off a stream that can be resumed, the GETs after it. */
class HttpRequestWire implements Wire, HttpReceiver {
  readonly id: number
  readonly #terms: WireTerms
  readonly #request: Numbered
  readonly #receiver: Receiver
  #http: HttpWire
  #isOver = false
  #status = 0
  #resumptions = 0
  #timer: NodeJS.Timeout | undefined

  constructor(terms: WireTerms, request: Numbered, receiver: Receiver) {
    this.id = request.id
    this.#terms = terms
    this.#request = request
    this.#receiver = receiver
    const { send, listen, listenToLists } = terms.line
    const ways = { lists: listenToLists, resources: listen }
    this.#http = (request.stream ? ways[request.stream] : send)(
      {
        headers: [...headersOf(terms), ...requestHeaders(terms, request)],
        body: composeRequest({ ...request, meta: metaOf(terms, request, request.id) }),
        credential: request.credential,
        takesBatches: terms.revision === '2025-03-26',
      },
      this,
    )
  }

  readonly pause = (): void => this.#http.pause()
  readonly resume = (): void => this.#http.resume()

  answer(message: Uint8Array): void {
    if (this.#terms.tell(message, this.#request.credential) || this.#isOver) return
    clearTimeout(this.#timer)
    this.#http.abort()
    this.#fail(new Refusal('upstream-failed', { detail: 'It asks and does not take answers.' }))
  }

  done(): void {
    this.#over()
    // Its end lets the socket be used again; a stream that goes on instead is nobody's.
    this.#timer = setTimeout(() => this.#http.abort(), limits.mcpStreamEndMs)
    this.#timer.unref()
  }

  cancel(): void {
    if (this.#isOver) return
    this.#over()
    clearTimeout(this.#timer)
    this.#http.abort()
    // 2026-07-28: the end of the stream says it. Before, a broken connection said nothing.
    if (this.#terms.era === 'modern') return
    const params = { requestId: this.id, reason: 'The caller left.' }
    this.#terms.tell(
      composeNotification('notifications/cancelled', params),
      this.#request.credential,
    )
  }

  head(status: number): void {
    this.#status = status
  }

  alive(): void {
    if (!this.#isOver) this.#receiver.alive()
  }

  message(message: UpstreamMessage): void {
    if (this.#isOver) return
    if (this.#status === 200) {
      const isNotification = message.kind === 'notification' && !this.#request.stream
      if (isNotification && this.#terms.onNews(message)) return
      this.#receiver.take(message)
      return
    }
    if (message.kind !== 'error' || this.#isSessionGone()) return
    if (message.id !== undefined && message.id !== this.id) return
    if (speaksOtherwise(message.code)) this.#terms.onStale()
    this.#receiver.take({ ...message, id: this.id })
  }

  end(resume: Resume | undefined): void {
    clearTimeout(this.#timer)
    if (this.#isOver) return
    if (this.#status !== 200) {
      this.#failWithStatus()
      return
    }
    if (this.#takesUp(resume)) return
    this.#fail(new Refusal('upstream-failed', { detail: 'It ended its answer without a result.' }))
  }

  fail(refusal: Refusal, status: number | undefined, resume: Resume | undefined): void {
    clearTimeout(this.#timer)
    if (this.#isOver || this.#takesUp(resume)) return
    this.#over()
    this.#receiver.fail({ refusal, ...(status !== undefined && { status }) })
  }

  #fail(refusal: Refusal): void {
    this.#over()
    this.#receiver.fail({ refusal, status: this.#status })
  }

  #failWithStatus(): void {
    const sessionGone = this.#isSessionGone()
    // A server of another kind than was met: the next call meets it anew.
    if (sessionGone || forgetsWhoItIs.has(this.#status)) this.#terms.onStale()
    this.#over()
    const { credential } = this.#request
    if (this.#status === 401 && credential.kind !== 'none') credential.onRefused?.()
    const refusal = refusalForStatus(this.#status)
    this.#receiver.fail({ refusal, status: this.#status, sessionGone })
  }

  /** 2025-11-25, basic/transports: whoever gets a 404 for its session begins a new one. */
  #isSessionGone(): boolean {
    return this.#terms.sessionId !== undefined && this.#status === 404 && this.#resumptions === 0
  }

  #takesUp(resume: Resume | undefined): boolean {
    if (resume === undefined || this.#terms.era === 'modern') return false
    if (this.#resumptions === limits.mcpResumptions) return false
    this.#resumptions += 1
    const waitMs = Math.min(resume.retryMs ?? limits.mcpResumeMs, limits.mcpResumeMsMax)
    this.#timer = setTimeout(() => {
      const headers = [...headersOf(this.#terms), 'last-event-id', resume.lastEventId]
      const { credential } = this.#request
      this.#http = this.#terms.line.send({ method: 'GET', headers, credential }, this)
    }, waitMs)
    return true
  }

  #over(): void {
    this.#isOver = true
    this.#terms.onOver()
  }
}

function headersOf({ revision, sessionId }: HttpTerms): readonly string[] {
  const session = sessionId === undefined ? [] : ['mcp-session-id', sessionId]
  return ['mcp-protocol-version', revision, ...session]
}

function requestHeaders({ era }: HttpTerms, request: UpstreamRequest): readonly string[] {
  const call = request.callId === undefined ? [] : ['sallyport-call', request.callId]
  if (era === 'legacy') return call
  return [
    ...call,
    ...['mcp-method', request.method],
    ...nameHeader(request),
    ...request.paramHeaders.flat(),
  ]
}

function refusalForStatus(status: number): Refusal {
  const detail =
    status === 401 || status === 403
      ? `It did not accept the gateway's credential (status ${status}).`
      : `It answered with status ${status}.`
  return new Refusal('upstream-failed', { detail })
}

/** Answers of who does not speak this revision here, or at all. */
const forgetsWhoItIs: ReadonlySet<number> = new Set([400, 404, 405])

/** It does not know this revision any more, or it lost what was begun with it: codes of servers of older revisions. */
function speaksOtherwise(code: number): boolean {
  return code === unsupportedVersion || (code <= -32000 && code >= -32019)
}
