import { limits } from '../../../config/limits.ts'
import { callerOf, type Principal } from '../../../model/principal.ts'
import { breakOff, type HttpResponse, isGone, write, writeHead } from '../../door/response.ts'

/** One stream that is open only to hear of changes. */
export type Listener = {
  readonly response: HttpResponse
  readonly principal: Principal
  readonly headers: Readonly<Record<string, string>>
  /** Looks at the proof again; rejects when it does not count any more. */
  readonly confirm: () => Promise<unknown>
  /** Said at once, and whenever what may be called has changed. */
  readonly first: readonly object[]
  readonly changed: readonly object[]
  /** Said when the gateway ends it. */
  readonly last: readonly object[]
}

export type Listeners = {
  /** False: there are too many. */
  readonly open: (listener: Listener) => boolean
  readonly close: () => void
}

/**
 * Tells listeners when the rules change: a rulebook in force is the whole of what they may call. One clock for all of
 * them; who does not read is cut off.
 */
export function openListeners({ version }: { readonly version: () => string }): Listeners {
  const open = new Set<Listener>()
  let clock: NodeJS.Timeout | undefined
  let known = version()
  let beats = 0
  const end = (listener: Listener) => {
    open.delete(listener)
    if (open.size === 0) clearInterval(clock)
    if (!isGone(listener.response)) listener.response.end()
  }
  const say = (listener: Listener, messages: readonly object[]) => {
    const { response } = listener
    if (isGone(response)) return
    if (response.writableLength > limits.mcpUnreadBytes) return breakOff(response)
    for (const message of messages) {
      write(response, Buffer.from(`data: ${JSON.stringify(message)}\n\n`))
    }
  }
  const look = (listener: Listener, messages: readonly object[]) =>
    void listener.confirm().then(
      () => say(listener, messages),
      () => end(listener),
    )
  const turn = () => {
    const isNew = version() !== known
    known = version()
    beats = (beats + 1) % beatTurns
    for (const listener of open) {
      if (isNew) look(listener, listener.changed)
      else if (beats === 0) look(listener, [])
      if (beats === 0 && !isGone(listener.response)) write(listener.response, stillThere)
    }
  }
  return {
    open: (listener) => {
      const { response, principal, headers, first } = listener
      const { id } = callerOf(principal)
      const own = [...open].filter((one) => callerOf(one.principal).id === id).length
      if (open.size >= limits.mcpListeners || own >= limits.mcpListenersPerCaller) return false
      if (open.size === 0) {
        known = version()
        clock = setInterval(turn, turnMs).unref()
      }
      open.add(listener)
      response.on('close', () => end(listener))
      response.on('error', () => end(listener))
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

const turnMs = 500
/** Every fifteen seconds. */
const beatTurns = 30
const stillThere: Uint8Array = Buffer.from(': still there\n\n')
const eventHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}
