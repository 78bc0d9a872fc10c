import { Refusal } from '../../../call/refusal.ts'
import type { UpstreamMessage } from '../message/upstream-message.ts'

/** Somebody who wants to hear of one resource. */
export type Watcher = {
  /** On whose behalf: its party id. */
  readonly subject: string
  readonly onChanged: () => void
  /** Nothing more will be heard of it in this conversation. `isGivenUp`: nor in another one. */
  readonly onOver: (isGivenUp: boolean) => void
}

/** What its server answered: that it will say so, until `end`; or the frame of an error. */
export type Watched =
  | {
      /** Where its server has to be told, it resolves when that is over. Never rejects. */
      readonly end: () => void | Promise<void>
    }
  | { readonly error: Uint8Array }

type Entry = {
  readonly watchers: Set<Watcher>
  /** How the names of all begin that are below it. */
  readonly below: string
  readonly begun: Promise<Watched>
  /** It was said already, and nobody has had a turn to pass it on. */
  saidAt: number
}

/** The resources of which one conversation's server was asked to say when they change: each once, for all who want it. */
export class Watches {
  readonly #entries = new Map<string, Entry>()
  /** Of which its server is just told that nobody wants to hear. */
  readonly #ending = new Map<string, Promise<void>>()

  get size(): number {
    return this.#entries.size
  }

  /**
   * `begin` asks the server, and is called where nobody has asked it yet. Rejects with a `Refusal`: `overloaded` at once
   * where one subject hears of `most` resources already.
   */
  async add(
    uri: string,
    watcher: Watcher,
    { begin, most }: { readonly begin: () => Promise<Watched>; readonly most: number },
  ): Promise<Watched> {
    if (this.#countOf(watcher, uri) >= most) {
      throw new Refusal('overloaded', { detail: 'It is asked of as many resources as may be.' })
    }
    const entry = this.#entries.get(uri) ?? {
      ...{ watchers: new Set<Watcher>(), below: `${uri.replace(/\/$/, '')}/`, saidAt: 0 },
      // Its server could take the one before the other, as they do not go over one socket.
      begun: this.#ending.get(uri)?.then(begin) ?? begin(),
    }
    entry.watchers.add(watcher)
    this.#entries.set(uri, entry)
    try {
      const watched = await entry.begun
      if ('error' in watched) this.#forget(uri, entry)
      return 'error' in watched ? watched : { end: () => this.#leave(uri, entry, watcher) }
    } catch (thrown) {
      this.#forget(uri, entry)
      throw thrown
    }
  }

  /**
   * Takes what a server says of a resource, or of one below it: whoever wants to hear of the one is not told the name
   * of the other. False: nobody wants it, or it was said a moment ago.
   */
  heard({ method, values }: Extract<UpstreamMessage, { kind: 'notification' }>): boolean {
    const { uri } = values
    if (method !== updated || typeof uri !== 'string') return false
    const now = performance.now()
    let isNews = false
    for (const [watched, entry] of this.#entries) {
      if (uri !== watched && !uri.startsWith(entry.below)) continue
      isNews ||= now - entry.saidAt > momentMs
      entry.saidAt = now
      for (const { onChanged } of entry.watchers) onChanged()
    }
    return isNews
  }

  /** Of one resource, or of all: its server says nothing more of it. */
  over(uri?: string): void {
    this.#end(false, uri)
  }

  /** The gateway itself ends the conversation: who watches in it does not begin another one, which takes room as well. */
  giveUp(): void {
    this.#end(true)
  }

  #end(isGivenUp: boolean, uri?: string): void {
    const ended = [...this.#entries].filter(([watched]) => uri === undefined || watched === uri)
    for (const [watched, entry] of ended) {
      this.#forget(watched, entry)
      for (const { onOver } of entry.watchers) onOver(isGivenUp)
    }
  }

  /** Of how many resources beside this one somebody hears. */
  #countOf({ subject }: Watcher, beside: string): number {
    const others = [...this.#entries].filter(([uri]) => uri !== beside)
    return others.filter(([, { watchers }]) => [...watchers].some((one) => one.subject === subject))
      .length
  }

  #leave(uri: string, entry: Entry, watcher: Watcher): void {
    entry.watchers.delete(watcher)
    if (entry.watchers.size > 0 || this.#entries.get(uri) !== entry) return
    this.#entries.delete(uri)
    const ended = entry.begun
      .then((watched) => ('end' in watched ? watched.end() : undefined))
      .catch(() => {})
      .finally(() => {
        if (this.#ending.get(uri) === ended) this.#ending.delete(uri)
      })
    this.#ending.set(uri, ended)
  }

  #forget(uri: string, entry: Entry): void {
    if (this.#entries.get(uri) === entry) this.#entries.delete(uri)
  }
}

export const updated = 'notifications/resources/updated'
/** Callers are told twice a second at most. */
const momentMs = 100
