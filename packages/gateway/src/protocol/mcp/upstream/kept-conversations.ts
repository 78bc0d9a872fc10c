import { setTimeout as wait } from 'node:timers/promises'
import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'
import type { Conversation } from './conversation.ts'

type Kept = Pick<Beginning, 'server' | 'isChild' | 'subject'> & {
  readonly conversation: Promise<Conversation>
  /** Undefined until it has begun. */
  begun: Conversation | undefined
  usedAt: number
}

export type Beginning = {
  /** With whom, as `follow` names it. */
  readonly server: string
  readonly isChild: boolean
  /** Whose it is; undefined where it is everybody's. */
  readonly subject: string | undefined
  readonly begin: () => Promise<Conversation>
}

/**
 * Conversations that were begun, each until nobody has needed it for a while. There are at most as many as limits.ts
 * allows, and of one subject far fewer, so that nobody has them all: then the one that was used longest ago, and is not
 * in use, makes room; another's only where the subject has none to give up. One in which somebody only waits to hear of
 * changes makes room after all others, and nothing more is heard of them.
 */
export class KeptConversations {
  readonly #kept = new Map<string, Kept>()
  readonly #sweep: NodeJS.Timeout
  #inForce: ReadonlySet<string> | undefined

  constructor() {
    this.#sweep = setInterval(() => {
      this.#endRetired()
      this.#endIdle()
    }, limits.mcpSessionIdleMs / 10)
    this.#sweep.unref()
  }

  /** Begins one where there is none, or none any more; whoever asks meanwhile waits for the same one. */
  get(key: string, { server, isChild, subject, begin }: Beginning): Promise<Conversation> {
    const before = this.#kept.get(key)
    if (before && before.begun?.isOver() !== true) {
      before.usedAt = performance.now()
      // The newest last, so that the first is the one to give up.
      this.#kept.delete(key)
      this.#kept.set(key, before)
      return before.conversation
    }
    if (before) this.#drop(key, before)
    if (!this.#makeRoom({ isChild, subject })) {
      const detail = isChild
        ? 'As many child processes run as may.'
        : 'As many sessions with upstreams are open as may.'
      return Promise.reject(new Refusal('overloaded', { detail }))
    }
    const conversation = begin()
    const usedAt = performance.now()
    const entry: Kept = { server, isChild, subject, conversation, begun: undefined, usedAt }
    this.#kept.set(key, entry)
    conversation.then(
      (begun) => {
        entry.begun = begun
      },
      () => this.#forget(key, entry),
    )
    return conversation
  }

  /** Only these servers are wanted from now on: conversations with others end as soon as they are not at work. */
  follow(inForce: ReadonlySet<string>): void {
    this.#inForce = inForce
    this.#endRetired()
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    const all = [...this.#kept.values()]
    this.#kept.clear()
    const closed = all.map(async ({ conversation }) => (await conversation).close())
    const farewell = new AbortController()
    const late = wait(limits.mcpFarewellMs, undefined, { signal: farewell.signal }).catch(() => {})
    const children = closed.filter((_, at) => all[at]?.isChild)
    await Promise.race([Promise.allSettled(closed), late])
    farewell.abort()
    // Nobody else ends these.
    await Promise.allSettled(children)
  }

  #makeRoom({ isChild, subject }: Pick<Beginning, 'isChild' | 'subject'>): boolean {
    const alike = [...this.#kept].filter(([, entry]) => entry.isChild === isChild)
    const own = alike.filter(([, entry]) => subject !== undefined && entry.subject === subject)
    const isOwnFull =
      own.length >= (isChild ? limits.mcpChildrenPerSubject : limits.mcpSessionsPerSubject)
    const isFull = alike.length >= (isChild ? limits.mcpChildren : limits.mcpSessions)
    if (!isOwnFull && !isFull) return true
    const candidates = isOwnFull ? own : [...own, ...alike]
    const idle = candidates.filter(([, { begun }]) => begun?.isBusy() === false)
    const leastNeeded = idle.find(([, { begun }]) => begun?.isWatched() === false) ?? idle[0]
    if (leastNeeded) this.#drop(...leastNeeded)
    return leastNeeded !== undefined
  }

  #endRetired(): void {
    for (const [key, entry] of this.#kept) {
      const isRetired = this.#inForce?.has(entry.server) === false
      if (isRetired && entry.begun?.isBusy() === false) this.#drop(key, entry)
    }
  }

  #endIdle(): void {
    const before = performance.now() - limits.mcpSessionIdleMs
    for (const [key, entry] of this.#kept) {
      const { usedAt, begun } = entry
      if (usedAt < before && begun?.isBusy() === false && !begun.isWatched()) this.#drop(key, entry)
    }
  }

  #drop(key: string, entry: Kept): void {
    this.#forget(key, entry)
    void entry.conversation.then((one) => one.close()).catch(() => {})
  }

  #forget(key: string, entry: Kept): void {
    if (this.#kept.get(key) === entry) this.#kept.delete(key)
  }
}
