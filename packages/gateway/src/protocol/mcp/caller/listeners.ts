import { limits } from '../../../config/limits.ts'
import { callerOf, type Principal } from '../../../model/principal.ts'
import { breakOff, type HttpResponse, isGone, write, writeHead } from '../../door/response.ts'

/** One stream that is open only to hear of changes. */
export type Listener = {
  readonly response: HttpResponse
  readonly principal: Principal
  readonly headers: Readonly<Record<string, string>>
  /** Looks at the proof again; rejects when it does not count any more. */
  readonly confirm: () => Promise<Principal>
  /** Said at once. */
  readonly first: readonly object[]
  /** Whether there may be something to say. Asked often. */
  readonly hasNews: () => boolean
  /** What there is to say to whoever has just proved to be this caller; said once. */
  readonly takeNews: (principal: Principal) => Promise<ListenerNews>
  /** Said when the gateway ends it, or what it is for is over. */
  readonly last: readonly object[]
  /** Told once, when it is over. */
  readonly onEnd: () => void
}

export type ListenerNews = {
  readonly messages: readonly object[]
  /** With these what it is for is over. */
  readonly isLast?: boolean
  /** They could not be said. */
  readonly onUnsaid?: () => void
}

export type Listeners = {
  /** False: there are too many. */
  readonly open: (listener: Listener) => boolean
  readonly close: () => void
}

/**
 * Tells listeners what has changed for them. One clock for all of them, so that however often something changes it is
 * said twice a second at most; who does not read is cut off.
 */
export function openListeners(): Listeners {
  const open = new Set<Listener>()
  let clock: NodeJS.Timeout | undefined
  let beats = 0
  const end = (listener: Listener) => {
    if (!open.delete(listener)) return
    listener.onEnd()
    if (open.size === 0) clearInterval(clock)
    if (!isGone(listener.response)) listener.response.end()
  }
  const say = (listener: Listener, messages: readonly object[]): boolean => {
    const { response } = listener
    if (isGone(response)) return false
    if (response.writableLength > limits.mcpUnreadBytes) {
      breakOff(response)
      return false
    }
    for (const message of messages) {
      write(response, Buffer.from(`data: ${JSON.stringify(message)}\n\n`))
    }
    return true
  }
  const looking = new Set<Listener>()
  const look = (listener: Listener) => {
    // One at a time, so that what is said stays in its order.
    if (looking.has(listener)) return
    looking.add(listener)
    void listener
      .confirm()
      .then((principal) => (listener.hasNews() ? listener.takeNews(principal) : nothing))
      .then(
        ({ messages, isLast, onUnsaid }) => {
          if (!say(listener, isLast ? [...messages, ...listener.last] : messages)) onUnsaid?.()
          if (isLast) end(listener)
        },
        () => end(listener),
      )
      .finally(() => looking.delete(listener))
  }
  const turn = () => {
    beats = (beats + 1) % beatTurns
    for (const listener of open) {
      if (beats === 0 || listener.hasNews()) look(listener)
      if (beats === 0 && !isGone(listener.response)) write(listener.response, stillThere)
    }
  }
  return {
    open: (listener) => {
      const { response, principal, headers, first } = listener
      const { id } = callerOf(principal)
      const own = [...open].filter((one) => callerOf(one.principal).id === id).length
      if (open.size >= limits.mcpListeners || own >= limits.mcpListenersPerCaller) return false
      if (open.size === 0) clock = setInterval(turn, turnMs).unref()
      open.add(listener)
      response.on('close', () => end(listener))
      response.on('error', () => end(listener))
      // It left while its subscriptions were decided about: its 'close' was then, and does not come again.
      if (isGone(response)) {
        end(listener)
        return true
      }
      writeHead(response, 200, { ...headers, ...eventHeaders })
      write(response, stillThere)
      say(listener, first)
      return true
    },
    close: () => {
      for (const listener of open) {
        say(listener, listener.last)
        end(listener)
      }
    },
  }
}

const nothing: ListenerNews = { messages: [] }
const turnMs = 500
/** Every fifteen seconds. */
const beatTurns = 30
const stillThere: Uint8Array = Buffer.from(': still there\n\n')
const eventHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}
