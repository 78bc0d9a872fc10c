import {
  parseCheckpoint,
  parseTrust,
  type Tile,
  tilePath,
  tileWidth,
} from '@sallyport/evidence/log'
import type { ExportAsked } from './contract.ts'
import { indexAtTime, type Records, recordsBefore, recordsOfSession } from './export-scope.ts'
import type { AdminNeeds } from './needs.ts'
import { Refused } from './problem.ts'

/** What one export consists of: frozen at a checkpoint, whatever the log does meanwhile. */
export type Export = Records & {
  readonly id: string
  readonly by: string
  readonly scope: ExportAsked['scope']
  readonly origin: string
  /** The checkpoint it is under, a signed note, and the leaves under that. */
  readonly note: string
  readonly size: number
  /** Whether that is one that enough witnesses have cosigned. */
  readonly state: 'integrated' | 'witnessed'
  /** Published records that the trust file wants cosigned, and too few witnesses have. */
  readonly waiting: number
  readonly session: string | undefined
  readonly payloads: boolean
  /** Archived checkpoints and rulebooks, by path. */
  readonly beside: readonly string[]
  readonly madeAt: number
}

/**
 * Refuses `request-invalid` for a scope that is none, `not-found` where there is nothing to show, and `not-integrated`
 * where payloads would be missing without what explains it.
 */
export async function planExport(
  needs: AdminNeeds,
  asked: ExportAsked,
  who: { readonly id: string; readonly by: string },
): Promise<Export> {
  const { evidence, now } = needs
  checkAsked(asked)
  // Where witnesses are asked for, what they have not cosigned is nothing an auditor could rely on.
  const witnessed = evidence.witnessedCheckpoint()
  const note = witnessed ?? (await evidence.checkpoint())
  if (note === undefined) throw new Refused('not-integrated', { headers: { 'retry-after': '1' } })
  const size = Number(parseCheckpoint(note).size)
  const waiting = waitingIn(evidence)
  const beyond = witnessed === undefined ? 0 : waiting
  const shown = await shownRecords(needs, asked, { size, beyond })
  const loss = await lossBeyond(needs, { ...asked, size })
  if (loss !== undefined) throw unexplained(loss)
  return {
    ...who,
    ...shown,
    scope: asked.scope,
    origin: evidence.origin,
    note,
    size,
    state: witnessed === undefined ? 'integrated' : 'witnessed',
    waiting,
    session: asked.session,
    payloads: asked.payloads,
    beside: [...(await archived(needs, size)), ...(await rulebooks(needs, size))],
    madeAt: now(),
  }
}

function waitingIn(evidence: AdminNeeds['evidence']): number {
  if (parseTrust(evidence.trust()).quorum === undefined) return 0
  return Math.max(0, evidence.size() - evidence.witnessedSize())
}

function checkAsked({ scope, since, until, session }: ExportAsked): void {
  const wrong = (pointer: string, detail: string) =>
    new Refused('request-invalid', { errors: [{ pointer, detail }] })
  if ((scope === 'session') !== (session !== undefined)) {
    throw wrong('/session', 'A session goes with the scope `session`, and with no other.')
  }
  if (scope !== 'range' && (since ?? until) !== undefined) {
    throw wrong('/since', 'A time span goes with the scope `range`.')
  }
  if (since !== undefined && until !== undefined && Date.parse(since) >= Date.parse(until)) {
    throw wrong('/until', 'It is not after `since`.')
  }
}

async function shownRecords(
  needs: AdminNeeds,
  { scope, since, until, session }: ExportAsked,
  /** `beyond`: newer records, which witnesses have not cosigned. */
  { size, beyond }: { readonly size: number; readonly beyond: number },
): Promise<Pick<Export, 'from' | 'to' | 'singles'>> {
  const { store } = needs
  if (scope === 'whole') return { from: 0, to: size, singles: new Set() }
  if (session !== undefined) {
    return recordsOfSession(needs, session, { size, none: nothingShown(beyond) })
  }
  const from = since === undefined ? 0 : await indexAtTime(store, Date.parse(since), size)
  const to = until === undefined ? size : await indexAtTime(store, Date.parse(until), size)
  if (from >= to) throw nothingShown(beyond, 'There is no record of that time.')
  return { from, to, singles: await recordsBefore(store, from) }
}

function nothingShown(beyond: number, none?: string): Refused {
  const detail =
    beyond === 0
      ? none
      : `There is none under the newest checkpoint that enough witnesses have cosigned; ${beyond} newer records wait for them.`
  return new Refused('not-found', detail === undefined ? {} : { detail })
}

/**
 * The first record after the checkpoint of an export that says why payloads are gone. An auditor who is shown all
 * records up to there takes a payload that is missing without such a record for one that was hidden.
 */
export async function lossBeyond(
  { store }: Pick<AdminNeeds, 'store'>,
  { scope, payloads, size }: Pick<Export, 'payloads' | 'scope' | 'size'>,
): Promise<number | undefined> {
  return scope === 'whole' && payloads ? store.firstLoss(size) : undefined
}

function unexplained(loss: number): Refused {
  return new Refused('not-integrated', {
    detail:
      `Payloads were destroyed, as record ${loss} says, and no checkpoint that an auditor accepts covers that record yet: ` +
      'they would be found missing without a reason.',
    headers: { 'retry-after': '1' },
  })
}

async function archived({ evidence }: AdminNeeds, size: number): Promise<readonly string[]> {
  const names = await evidence.list('checkpoints')
  return names
    .filter((name) => /^(?:0|[1-9]\d{0,15})$/.test(name) && Number(name) <= size)
    .map((name) => `checkpoints/${name}`)
}

/** Those that records under this checkpoint could cite. */
async function rulebooks({ store }: AdminNeeds, size: number): Promise<readonly string[]> {
  const digests = new Set<string>()
  for (let before = size; before > 0; ) {
    const leaves = await store.activations(before, pageLeaves)
    for (const { bytes } of leaves) digests.add(digestIn(bytes))
    before = leaves.length < pageLeaves ? 0 : (leaves.at(-1)?.index ?? 0)
  }
  return [...digests].map((digest) => `rulebooks/${digest.replace(/^sha256:/, '')}.json`)
}

function digestIn(leaf: Uint8Array): string {
  return String(JSON.parse(new TextDecoder().decode(leaf)).digest)
}

/** A stretch of the list of files, that can be entered anywhere. */
export type Section = { readonly count: number; readonly at: (position: number) => string }

/** Every file but the payloads, in an order that does not change. */
export function sectionsOf(plan: Export): readonly Section[] {
  const { beside, singles, size } = plan
  return [
    listed(['checkpoint', 'bundle.json', ...beside]),
    ...upperTiles(size),
    ...lowestTiles(plan),
    listed([...singles].map((index) => `leaf/${index}`)),
  ]
}

function listed(paths: readonly string[]): Section {
  return { count: paths.length, at: (position) => paths[position] ?? '' }
}

function upperTiles(size: number): readonly Section[] {
  const sections: Section[] = []
  for (let level = 1, count = Math.floor(size / tileWidth); count > 0; level++) {
    sections.push(tiles(level, count, { first: 0, last: Math.ceil(count / tileWidth) }))
    count = Math.floor(count / tileWidth)
  }
  return sections
}

/** The leaves shown, their hashes, and the end of the tree, which every proof needs. */
function lowestTiles({ scope, size, from, to, singles }: Export): readonly Section[] {
  const end = Math.ceil(size / tileWidth)
  const isIn =
    scope === 'session'
      ? { first: 0, last: 0 }
      : { first: Math.floor(from / tileWidth), last: Math.ceil(to / tileWidth) }
  const more = new Set([...singles].map((index) => Math.floor(index / tileWidth)))
  if (size % tileWidth > 0) more.add(end - 1)
  const others = [...more].filter((index) => index < isIn.first || index >= isIn.last)
  return [
    tiles(0, size, isIn),
    listed(others.map((index) => pathOf(0, index, size))),
    tiles('entries', size, isIn),
  ]
}

function tiles(
  level: Tile['level'],
  hashes: number,
  { first, last }: { readonly first: number; readonly last: number },
): Section {
  return { count: last - first, at: (position) => pathOf(level, first + position, hashes) }
}

function pathOf(level: Tile['level'], index: number, hashes: number): string {
  const width = Math.min(tileWidth, hashes - index * tileWidth)
  return tilePath({ level, index: BigInt(index), width })
}

const pageLeaves = 1000
