import { setTimeout as timer } from 'node:timers/promises'
import { Refusal } from '../../../call/refusal.ts'
import type { McpWatch } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'
import type { JsonObject } from '../../../model/json.ts'
import type { McpKind } from '../../../model/mcp-listing.ts'
import type { Credential } from '../../../model/secret.ts'
import type { Conversation } from './conversation.ts'
import { changedList, listsFilter, openNews } from './watch-server.ts'
import type { Watched } from './watches.ts'

/**
 * Has a server say when a resource changes, in one conversation after another, until nobody wants to hear of it, its
 * conversation makes room for others, or too many in a row come to nothing. Resolves with the one frame that its server
 * answered at first; rejects with a `Refusal`. What it may have said in between is lost, so each new beginning counts as
 * a change.
 */
export async function keepWatching({
  begin,
  uri,
  subject,
  credential,
  credentialNow,
  watch,
  until,
}: {
  readonly begin: (credential: Credential) => Promise<Conversation>
  readonly uri: string
  /** Who is to hear of it, by party id. */
  readonly subject: string
  /** That of the call. */
  readonly credential: Credential
  /** What is asked with later on: the one of the call may not count any more. */
  readonly credentialNow: () => Promise<Credential>
  readonly watch: Pick<McpWatch, 'onChanged' | 'onOver'>
  readonly until: AbortSignal
}): Promise<Uint8Array> {
  const beginWith = async (own: Credential): Promise<Begun> => {
    const over = Promise.withResolvers<boolean>()
    const watcher = { subject, onChanged: watch.onChanged, onOver: over.resolve }
    const watched = await (await begin(own)).watch(uri, own, watcher)
    return { watched, over: over.promise }
  }
  const first = await beginWith(credential)
  if ('error' in first.watched) return first.watched.error
  if (until.aborted) {
    void first.watched.end()
    throw new Refusal('upstream-failed', { detail: 'What allowed to hear of it has ended.' })
  }
  const next = async () => beginWith(await credentialNow())
  void keepOn(first, { next, until, onChanged: watch.onChanged }).finally(watch.onOver)
  return taken
}

const taken: Uint8Array = Buffer.from('{"result":{}}')

type Begun = { readonly watched: Watched; readonly over: Promise<boolean> }

async function keepOn(
  first: Begun,
  {
    next,
    until,
    onChanged,
  }: {
    readonly next: () => Promise<Begun>
    readonly until: AbortSignal
    readonly onChanged: () => void
  },
): Promise<void> {
  let begun: Begun | undefined = first
  let failures = 0
  let turns = 0
  while (!until.aborted && failures < limits.mcpResumptions) {
    if (begun && 'end' in begun.watched) {
      const isGivenUp = await Promise.race([begun.over, aborted(until)])
      void begun.watched.end()
      if (isGivenUp) return
    }
    await pause(turns++, until)
    if (until.aborted) return
    begun = await next().catch(() => undefined)
    const isBegun = begun !== undefined && 'end' in begun.watched
    failures = isBegun ? 0 : failures + 1
    if (isBegun && !until.aborted) onChanged()
  }
  if (begun && 'end' in begun.watched) void begun.watched.end()
}

/**
 * Hears from a server of 2026-07-28 that its lists are others, for as long as the conversation lasts. What it said while
 * nobody listened is lost, so each new beginning counts as a change of all of them.
 */
export function hearOfLists(
  conversation: Conversation,
  {
    credentialNow,
    capabilities,
    onListChanged,
    until,
  }: {
    readonly credentialNow: () => Promise<Credential>
    readonly capabilities: JsonObject
    readonly onListChanged: (kind: McpKind) => void
    readonly until: AbortSignal
  },
): void {
  const filter = listsFilter(capabilities)
  if (conversation.era !== 'modern' || !filter) return
  const kinds = (['tools', 'prompts', 'resources'] as const).filter(
    (kind) => filter[`${kind}ListChanged`] === true,
  )
  const listen = async () => {
    for (let turns = 0; !until.aborted && !conversation.isOver(); turns++) {
      const over = Promise.withResolvers<void>()
      const onNews = (message: { readonly method: string }) => {
        const kind = changedList(message)
        if (kind) onListChanged(kind)
        return false
      }
      const begin = async () =>
        openNews(conversation, {
          ...{ filter, onNews, onOver: over.resolve },
          credential: await credentialNow(),
        })
      const stream = await begin().catch(() => undefined)
      if (stream) {
        if (turns > 0) for (const kind of kinds) onListChanged(kind)
        await Promise.race([over.promise, aborted(until)])
        stream.end()
      }
      await pause(turns, until)
    }
  }
  void listen()
}

/** Longer each time, so that a server that will not is asked every half minute at most. */
async function pause(turns: number, until: AbortSignal): Promise<void> {
  const ms = Math.min(limits.mcpResumeMs * 2 ** Math.min(turns, 16), limits.mcpResumeMsMax)
  await timer(ms, undefined, { signal: until, ref: false }).catch(() => {})
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
