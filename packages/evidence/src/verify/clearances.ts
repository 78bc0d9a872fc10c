import type { LeafRecord } from '../record.ts'
import { timeOf, toleranceMs } from './dates.ts'
import { openRecent } from './pairing.ts'
import type { Place } from './verdict.ts'
import { isLate } from './votes.ts'
import type { Scene } from './watch.ts'

/** The authority that came of an approval or a broken glass, and what has become of it so far. */
export type Issued = {
  readonly id: string
  /** The approval, or the glass, it came of: what records name. */
  readonly source: string
  readonly kind: 'call' | 'window' | 'session' | 'break-glass'
  /** Of the one call it is for; undefined where it is for several. */
  readonly digest: string | undefined
  /** Ids of functions, or patterns. */
  readonly functions: readonly string[]
  /** Parties of the session it was asked in, as they were known; empty where nobody knows. */
  readonly versions: readonly (readonly string[])[]
  /** For a glass that was broken before any question: the only one whose calls it serves. */
  readonly subject: string | undefined
  readonly session: string | undefined
  /** The approver groups it stands for; undefined: whichever policy names. */
  readonly groups: readonly string[] | undefined
  /** Who said yes, or broke the glass. */
  readonly by: readonly string[]
  readonly usesMax: number
  /** Unix milliseconds; undefined where there is no such date. */
  readonly claimBy: number | undefined
  readonly when: readonly string[]
  /** Not everything fitted into the records. */
  readonly isCut: boolean
  /** Hash of the arguments that people saw, where they are disclosed. */
  readonly args: Uint8Array | undefined
}

/** `isTold`: whether the log says whether the call was authorised or denied. */
export type Claim = { readonly time: string; isTold: boolean }

export type Clearances = {
  readonly issue: (at: Place, issued: Issued) => void
  readonly claim: (at: Place, record: Of<'clearance.claimed'>) => void
  readonly giveBack: (at: Place, record: Of<'clearance.returned'>) => void
  readonly close: (at: Place, record: Of<'clearance.closed'>) => void
  /** What a call cites, and the claim it had made; undefined where that is not known, which was told. */
  readonly cited: (
    at: Place,
    record: Of<'call.authorized'>,
  ) => { readonly issued: Issued; readonly claim: Claim } | undefined
  /** A call was denied after it had claimed something. */
  readonly denied: (call: string) => void
  readonly issued: (id: string) => Issued | undefined
  /** After the last record. */
  readonly end: () => void
}

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>

type Life = {
  readonly issued: Issued
  /** Claims so far. */
  uses: number
  /** Calls that have claimed it and have not given it back. */
  readonly open: Map<string, Claim>
  state: 'live' | 'unknown' | 'over'
  /** Some of its uses were lost, or are not shown, and nothing says which. */
  hasLost: boolean
}

/**
 * Each clearance is issued once; claimed in time, before it ended, not more often than it allows, each claim
 * counted on from the one before, and by another call; what it became follows from that.
 */
export function openClearances(scene: Scene): Clearances {
  const { report, isWhole, manifest } = scene
  const book: Book = {
    ...{ report, isWhole, lives: new Map(), over: openRecent(), claims: new Map() },
    isScattered: manifest?.scope === 'session',
    hasForgotten: false,
  }
  return {
    issue: (at, issued) => issue(book, at, issued),
    claim: (at, record) => claim(book, at, record),
    giveBack: (at, record) => giveBack(book, at, record),
    close: (at, record) => close(book, at, record),
    cited: (at, record) => {
      const life = record.clearance === undefined ? undefined : find(book, at, record.clearance)
      if (!life) return undefined
      const { issued } = life
      const isClaimed = book.claims.get(record.call) === issued.id
      const known = isClaimed ? tell(book, record.call) : undefined
      if (!known) report.find('clearance-unclaimed', at)
      return { issued, claim: known ?? { time: record.time, isTold: true } }
    },
    denied: (call) => void tell(book, call),
    issued: (id) => book.lives.get(id)?.issued,
    end: () => {
      if (!isWhole) return
      let open = 0
      for (const life of book.lives.values()) open += untold(life)
      if (open > 0) report.find('clearance-use-open', { detail: `${open} of them` })
    },
  }
}

type Book = Pick<Scene, 'report' | 'isWhole'> & {
  readonly lives: Map<string, Life>
  readonly over: ReturnType<typeof openRecent<true>>
  /** By call: the clearance it has claimed. */
  readonly claims: Map<string, string>
  /** Other sessions may have claimed it as well, and that is not shown. */
  readonly isScattered: boolean
  hasForgotten: boolean
}

function issue(book: Book, at: Place, issued: Issued): void {
  const { lives, over, report } = book
  if (lives.has(issued.id) || over.get(issued.id)) report.find('clearance-repeated', at)
  lives.delete(issued.id)
  const life: Life = { issued, uses: 0, open: new Map(), state: 'live', hasLost: false }
  lives.set(issued.id, { ...life, hasLost: book.isScattered })
  const [oldest] = lives.keys()
  if (lives.size <= livesMax || oldest === undefined) return
  lives.delete(oldest)
  book.hasForgotten = true
  report.partly('approvals', 'more was approved than is remembered')
}

function claim(book: Book, at: Place, record: Of<'clearance.claimed'>): void {
  const { report } = book
  report.examined('approvals')
  const life = find(book, at, record.clearance)
  if (!life) return
  const { issued, open, state } = life
  const uses = book.isScattered ? Math.max(life.uses, record.use - 1) : life.uses
  if (state !== 'live') report.find('clearance-closed', at)
  else if (isLate(record.time, issued.claimBy)) report.find('clearance-late', at)
  const isOther = issued.digest !== undefined && record.digest !== issued.digest
  if (isOther || record.approval !== issued.source) report.find('clearance-digest', at)
  if (uses >= issued.usesMax || open.has(record.call)) report.find('clearance-overused', at)
  else if (record.use !== uses + 1) report.find('clearance-use-number', at)
  life.uses = uses + 1
  open.set(record.call, { time: record.time, isTold: false })
  book.claims.set(record.call, issued.id)
}

function giveBack(book: Book, at: Place, record: Of<'clearance.returned'>): void {
  const { report } = book
  report.examined('approvals')
  const life = find(book, at, record.clearance)
  if (!life) return
  const { issued, open, hasLost, uses } = life
  const { call, state } = record
  const wrong = (detail: string) => report.find('clearance-state', { ...at, detail })
  if (life.state === 'over') {
    report.find('clearance-closed', at)
    return
  }
  const isKnown = open.delete(call)
  book.claims.delete(call)
  // After a loss nobody gives it back: the gateway that had it is gone.
  if (!isKnown && !(life.state === 'unknown' && call === '')) wrong('given back by another call')
  const hasMore = issued.kind !== 'call' && uses < issued.usesMax
  const expected = open.size > 0 ? 'IN_USE' : hasMore ? 'ACTIVE' : 'CONSUMED'
  if (state !== expected && !hasLost) wrong('another state')
  else if (state === 'ACTIVE' && !hasMore) wrong('active after its last use')
  life.state = 'live'
}

function close(book: Book, at: Place, record: Of<'clearance.closed'>): void {
  const { report } = book
  report.examined('approvals')
  const life = find(book, at, record.clearance)
  if (!life) return
  if (life.state === 'over') {
    report.find('clearance-closed', at)
    return
  }
  const detail = closingFlaw(life, record)
  if (detail !== undefined) report.find('clearance-state', { ...at, detail })
  life.state = record.state === 'UNKNOWN' ? 'unknown' : 'over'
  life.hasLost ||= record.state === 'UNKNOWN'
  finish(book, life)
}

function find(book: Book, at: Place, id: string): Life | undefined {
  const { lives, over, report, isWhole, hasForgotten } = book
  const life = lives.get(id)
  if (!life && over.get(id)) report.find('clearance-closed', at)
  else if (!life && isWhole && !hasForgotten) report.find('clearance-unknown', at)
  return life
}

/** The log says what became of a call: what it had claimed, if anything. */
function tell(book: Book, call: string): Claim | undefined {
  const { lives, claims } = book
  const life = lives.get(claims.get(call) ?? '')
  const known = life?.open.get(call)
  if (!life || !known) return undefined
  known.isTold = true
  claims.delete(call)
  finish(book, life)
  return known
}

/** What is over is forgotten, but that it is, once the log has told of every call that claimed it. */
function finish({ lives, over, claims }: Book, life: Life): void {
  if (life.state !== 'over' || untold(life) > 0) return
  for (const call of life.open.keys()) claims.delete(call)
  lives.delete(life.issued.id)
  over.add(life.issued.id, true)
}

/** Far more than people agree to at a time; the one issued longest ago makes room. */
const livesMax = 100_000

/** Claims of which the log does not say what they were for; a loss explains any. */
function untold({ open, hasLost }: Life): number {
  return hasLost ? 0 : [...open.values()].filter(({ isTold }) => !isTold).length
}

/** Why a clearance cannot have ended so; undefined where it can. */
function closingFlaw(
  { issued, uses, open, state, hasLost }: Life,
  record: Of<'clearance.closed'>,
): string | undefined {
  const time = timeOf(record.time)
  switch (record.state) {
    case 'UNKNOWN':
      return uses === 0 ? 'unknown, and nobody had used it' : undefined
    case 'CONSUMED': {
      const isUsedUp = issued.kind === 'call' ? uses > 0 : uses >= issued.usesMax
      if (!isUsedUp) return 'consumed before its last use'
      return open.size > 1 && !hasLost ? 'consumed while it was in use' : undefined
    }
    case 'EXPIRED': {
      const { claimBy } = issued
      const isEarly = time !== undefined && claimBy !== undefined && time < claimBy - toleranceMs
      if (isEarly) return 'expired before its time'
      return open.size > 0 && state === 'live' && !hasLost ? 'expired in use' : undefined
    }
    case 'REVOKED':
      return record.by === undefined ? 'revoked by nobody' : undefined
    default:
      return 'its state'
  }
}
