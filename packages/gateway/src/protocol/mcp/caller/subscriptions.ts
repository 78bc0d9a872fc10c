import type { InForce } from '../../../call/in-force.ts'
import type { McpWatch } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'
import type { McpFunction } from '../../../model/function.ts'
import type { JsonObject } from '../../../model/json.ts'
import { mcpFunctions } from '../route.ts'
import { resourceValues } from './arguments.ts'
import type { Asker, ListNeeds } from './lists.ts'
import { namingAt } from './naming.ts'

export type SubscriptionNeeds = Pick<ListNeeds, 'access' | 'labels'> & {
  readonly rules: () => InForce | undefined
  /** Whether a function waits for its owner, as far as is known: nothing is looked at for it. */
  readonly isQuarantined: (functionId: string) => boolean
}

/** Which resource somebody wants to hear of. */
export type Wish = {
  /** Names whose it is: a session, or one stream. */
  readonly owner: string
  /** Party id of who calls. */
  readonly caller: string
  /** As the caller spells it, at which address. */
  readonly uri: string
  readonly endpoint: string
  readonly capabilities: JsonObject
}

/** A wish that is being decided about: exactly one of `keep` and `drop` ends that; after `keep` the other does nothing. */
export type Subscribing = {
  readonly watch: McpWatch
  /** Which function stands for it. */
  readonly onRead: (fn: McpFunction) => void
  /** False: it is over already. */
  readonly keep: () => boolean
  readonly drop: () => void
}

/** What callers may hear of resources: in this process only, and never what it was that changed. */
export type Subscriptions = {
  /** Undefined: there are as many as may be. */
  readonly begin: (wish: Wish) => Subscribing | undefined
  /** One of them, or all of this owner. */
  readonly end: (owner: string, uri?: string) => void
  /** Somebody listens for this owner, until the returned function is called. */
  readonly listen: (owner: string) => () => void
  readonly hasNews: (owner: string) => boolean
  readonly takeNews: (owner: string, asker: Asker) => Promise<SubscriptionNews>
  /** What was taken could not be said, and is news again. */
  readonly untold: (owner: string, news: SubscriptionNews) => void
}

/** Each URI is told once. */
export type SubscriptionNews = {
  /** What has changed and may be read by this caller at this moment. */
  readonly changed: readonly string[]
  /** What it hears nothing more of, though it never said so: its server, or whoever decides, ended it. */
  readonly over: readonly string[]
}

type Entry = Wish & {
  fn: McpFunction | undefined
  hasChanged: boolean
  readonly stop: AbortController
}

type Owned = {
  readonly entries: Map<string, Entry>
  /** URIs of those that ended by themselves, until that is told. */
  readonly over: Set<string>
  listeners: number
  /** Runs while nobody listens. */
  unheard: NodeJS.Timeout | undefined
}

export function openSubscriptions(needs: SubscriptionNeeds): Subscriptions {
  const kept = new KeptSubscriptions()
  return {
    begin: (wish) => (kept.isFull(wish) ? undefined : subscribing(kept, wish)),
    end: (owner, uri) => kept.end(owner, uri),
    listen: (owner) => kept.listen(owner),
    hasNews: (owner) => kept.hasOver(owner) || kept.of(owner).some(({ hasChanged }) => hasChanged),
    takeNews: async (owner, asker) => {
      const rules = needs.rules()
      const isLooked = rules && kept.of(owner).some(({ hasChanged }) => hasChanged)
      // Taken after this, so that nothing is lost where it fails.
      const labels = isLooked ? await needs.labels(rules, asker.principal) : []
      const over = kept.takeOver(owner)
      const changed = kept.of(owner).filter(({ hasChanged }) => hasChanged)
      for (const entry of changed) entry.hasChanged = false
      if (!rules || changed.length === 0) return { changed: [], over }
      const now = { rules, asker, labels }
      return { changed: changed.filter((one) => isReadable(needs, now, one)).map(uriOf), over }
    },
    untold: (owner, news) => kept.putBack(owner, news),
  }
}

function subscribing(kept: KeptSubscriptions, wish: Wish): Subscribing {
  const stop = new AbortController()
  const entry: Entry = { ...wish, fn: undefined, hasChanged: false, stop }
  kept.begin(entry)
  let isKept = false
  return {
    watch: {
      ...{ capabilities: wish.capabilities, until: stop.signal },
      onChanged: () => {
        entry.hasChanged = true
      },
      onOver: () => kept.forget(entry),
    },
    onRead: (fn) => {
      entry.fn = fn
    },
    keep: () => {
      isKept = kept.keep(entry)
      return isKept
    },
    drop: () => {
      if (!isKept) kept.stop(entry)
    },
  }
}

class KeptSubscriptions {
  readonly #owners = new Map<string, Owned>()
  /** All that have not ended, also those that are being decided about: by caller, and by owner. */
  readonly #byCaller = new Map<string, number>()
  readonly #byOwner = new Map<string, number>()
  #all = 0

  of(owner: string): readonly Entry[] {
    return [...(this.#owners.get(owner)?.entries.values() ?? [])]
  }

  hasOver(owner: string): boolean {
    return (this.#owners.get(owner)?.over.size ?? 0) > 0
  }

  takeOver(owner: string): readonly string[] {
    const over = this.#owners.get(owner)?.over
    const uris = [...(over ?? [])]
    over?.clear()
    return uris
  }

  putBack(owner: string, { changed, over }: SubscriptionNews): void {
    const owned = this.#owned(owner)
    for (const uri of over) if (!owned.entries.has(uri)) owned.over.add(uri)
    for (const uri of changed) {
      const entry = owned.entries.get(uri)
      if (entry) entry.hasChanged = true
    }
    // It may have left, and everything of it been forgotten.
    this.#expectListener(owner, owned)
  }

  isFull({ owner, caller }: Wish): boolean {
    const untold = this.#owners.get(owner)?.over.size ?? 0
    return (
      this.#all >= limits.mcpSubscriptionsKept ||
      (this.#byCaller.get(caller) ?? 0) >= limits.mcpSubscriptionsPerCaller ||
      (this.#byOwner.get(owner) ?? 0) + untold >= limits.mcpSubscriptions
    )
  }

  begin(entry: Entry): void {
    this.#count(entry, 1)
  }

  /** In place of the one before. False: it is over already, which is told. */
  keep(entry: Entry): boolean {
    const owned = this.#owned(entry.owner)
    if (entry.stop.signal.aborted) {
      owned.over.add(entry.uri)
      this.#expectListener(entry.owner, owned)
      return false
    }
    owned.over.delete(entry.uri)
    const before = owned.entries.get(entry.uri)
    owned.entries.set(entry.uri, entry)
    if (before) this.stop(before)
    this.#expectListener(entry.owner, owned)
    return true
  }

  stop(entry: Entry): void {
    if (entry.stop.signal.aborted) return
    this.#count(entry, -1)
    entry.stop.abort()
  }

  /** It ended by itself. */
  forget(entry: Entry): void {
    const { owner, uri } = entry
    const owned = this.#owners.get(owner)
    if (owned?.entries.get(uri) === entry) {
      owned.entries.delete(uri)
      owned.over.add(uri)
    }
    this.stop(entry)
  }

  end(owner: string, uri?: string): void {
    const owned = this.#owners.get(owner)
    if (!owned) return
    if (uri === undefined) owned.over.clear()
    else owned.over.delete(uri)
    for (const entry of [...owned.entries.values()]) {
      if (uri !== undefined && entry.uri !== uri) continue
      owned.entries.delete(entry.uri)
      this.stop(entry)
    }
    if (owned.entries.size > 0 || owned.over.size > 0 || owned.listeners > 0) return
    clearTimeout(owned.unheard)
    this.#owners.delete(owner)
  }

  listen(owner: string): () => void {
    const owned = this.#owned(owner)
    owned.listeners += 1
    clearTimeout(owned.unheard)
    return () => {
      owned.listeners -= 1
      if (owned.entries.size === 0 && owned.over.size === 0) this.end(owner)
      else this.#expectListener(owner, owned)
    }
  }

  #count({ caller, owner }: Wish, by: 1 | -1): void {
    this.#all += by
    add(this.#byCaller, caller, by)
    add(this.#byOwner, owner, by)
  }

  #owned(owner: string): Owned {
    const owned = this.#owners.get(owner) ?? {
      entries: new Map(),
      over: new Set(),
      listeners: 0,
      unheard: undefined,
    }
    this.#owners.set(owner, owned)
    return owned
  }

  /** Who does not listen for long has left. */
  #expectListener(owner: string, owned: Owned): void {
    clearTimeout(owned.unheard)
    if (owned.listeners > 0) return
    owned.unheard = setTimeout(() => this.end(owner), limits.mcpUnheardMs).unref()
  }
}

function add(counts: Map<string, number>, name: string, by: 1 | -1): void {
  const count = (counts.get(name) ?? 0) + by
  if (count === 0) counts.delete(name)
  else counts.set(name, count)
}

function uriOf({ uri }: Entry): string {
  return uri
}

/** As a call to hear of it would be decided now: what may not be read is not heard of, and what may be again is. */
function isReadable(
  needs: SubscriptionNeeds,
  now: {
    readonly rules: InForce
    readonly asker: Asker
    readonly labels: readonly string[]
  },
  { uri, endpoint, fn }: Entry,
): boolean {
  const { rules, asker, labels } = now
  const named = namingAt(endpoint).ofUri(uri)
  const method = 'resources/read'
  const match = named && mcpFunctions(rules.rulebook).find({ method, ...named })
  if (!match || match.fn.id !== fn?.id || needs.isQuarantined(match.fn.id)) return false
  const args = resourceValues(match, named.name)
  return needs.access(rules, match.fn, asker, labels, args) !== 'none'
}
