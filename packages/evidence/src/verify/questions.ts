import { sha256 } from '../hash.ts'
import { type LeafRecord, partyId } from '../record.ts'
import type { Clearances } from './clearances.ts'
import { timeOf, toleranceMs } from './dates.ts'
import { narrows } from './narrows.ts'
import { openRecent } from './pairing.ts'
import type { Payloads } from './payloads.ts'
import type { Remembered } from './remembered.ts'
import { isShortened } from './shortened.ts'
import { shownFlaw } from './shown.ts'
import {
  type Asked,
  checkEscalation,
  checkFlow,
  checkVoter,
  type Hearing,
  hearVote,
  isLate,
} from './votes.ts'
import type { Scene, SeenLeaf } from './watch.ts'

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>

/** Questions put to people, from their opening to whatever settles them. */
export type Questions = {
  readonly ask: (
    hearing: Hearing,
    leaf: SeenLeaf,
    record: Of<'approval.requested'>,
  ) => Promise<void>
  readonly decide: (hearing: Hearing, record: Of<'approval.decided'>) => void
  readonly counter: (hearing: Hearing, record: Of<'approval.countered'>) => void
  readonly escalate: (hearing: Hearing, record: Of<'approval.escalated'>) => void
  readonly close: (hearing: Hearing, record: Of<'approval.closed'>) => void
  /** Settles it without an answer; undefined where it is not open, which was told. */
  readonly bypass: (hearing: Hearing, approval: string) => Asked | undefined
}

type Needs = {
  readonly remembered: Remembered
  readonly payloads: Payloads
  readonly clearances: Pick<Clearances, 'issue'>
}

export function openQuestions(scene: Scene, needs: Needs): Questions {
  const pending = openPending(scene)
  return {
    ask: async (hearing, leaf, record) => {
      const asked = await askedOf(needs, { hearing, leaf, record })
      pending.add(hearing, asked)
    },
    decide: (hearing, record) => {
      const asked = pending.find(hearing, record.approval)
      if (!asked) return
      const state = hearVote(hearing, asked, record)
      // Where the record says something else, which was told, the log goes on by what it says.
      if (state === 'DENIED' || record.state !== 'PENDING') pending.settle(asked)
      if (record.clearance !== undefined) issue(needs, { hearing, asked, record })
    },
    counter: (hearing, record) => {
      const asked = pending.find(hearing, record.approval)
      if (asked) counter(hearing, asked, record)
    },
    escalate: (hearing, record) => {
      const asked = pending.find(hearing, record.approval)
      if (!asked) return
      const { report, at } = hearing
      report.examined('approvals')
      if (isLate(record.time, asked.decideBy)) report.find('approval-late', at)
      checkEscalation(hearing, asked, record)
      for (const group of record.groups) asked.steps[record.step]?.groups.add(group)
    },
    close: (hearing, record) => {
      const asked = pending.find(hearing, record.approval)
      if (!asked) return
      const { report, at } = hearing
      report.examined('approvals')
      const opensUntil = asked.decideBy ?? Number.NEGATIVE_INFINITY
      const isEarly = (timeOf(record.time) ?? opensUntil) < opensUntil - toleranceMs
      const isState = closings.includes(record.state) && !(record.state === 'EXPIRED' && isEarly)
      if (!isState) report.find('approval-state', at)
      pending.settle(asked)
    },
    bypass: (hearing, approval) => {
      const asked = pending.find(hearing, approval)
      if (asked) pending.settle(asked)
      return asked
    },
  }
}

const closings = ['EXPIRED', 'WITHDRAWN', 'SUPERSEDED']

async function askedOf(
  { remembered, payloads }: Needs,
  {
    hearing,
    leaf,
    record,
  }: {
    readonly hearing: Hearing
    readonly leaf: SeenLeaf
    readonly record: Of<'approval.requested'>
  },
): Promise<Asked> {
  const { report, at, rules } = hearing
  report.examined('approvals')
  const versions = remembered.parties(record.session).map((parties) => parties.map(partyId))
  if (versions.length === 0 && remembered.knowsEverySession()) report.find('session-unknown', at)
  checkFlow(hearing, record)
  const { contents } = hearing
  const flaw = await shownFlaw(leaf, record, { payloads, versions, contents })
  if (flaw !== undefined) report.find('question-altered', { ...at, detail: flaw })
  const disclosed = await payloads.open(leaf, 'args')
  const { approval: id, digest, fn, session, groups, steps, terms, offer, excluded } = record
  return {
    ...{ id, digest, fn, session, groups, terms, offer, versions, rules },
    steps: steps.map((step) => ({ ...step, groups: new Set(step.groups) })),
    askedAt: timeOf(record.time),
    decideBy: timeOf(record.decideBy),
    isCut: isShortened(record, groups, steps, terms.when),
    excluded: new Set([...versions.flat(), ...excluded]),
    args: 'bytes' in disclosed ? sha256(disclosed.bytes) : undefined,
    yes: [],
  }
}

/** With the last vote that was needed. */
function issue(
  { clearances }: Needs,
  {
    hearing,
    asked,
    record,
  }: {
    readonly hearing: Hearing
    readonly asked: Asked
    readonly record: Of<'approval.decided'>
  },
): void {
  const { report, at } = hearing
  const { terms, id, digest, fn, versions, groups, yes, isCut, args, session } = asked
  const { kind } = terms
  const claimBy = timeOf(record.claimBy ?? '')
  const isForMany = kind === 'window' || kind === 'session'
  const longest = (timeOf(record.time) ?? 0) + (terms.for ?? 0) + toleranceMs
  if (isForMany && claimBy !== undefined && claimBy > longest) {
    report.find('clearance-too-long', at)
  }
  clearances.issue(at, {
    ...{ id: record.clearance ?? '', source: id, kind: isForMany ? kind : 'call' },
    digest: isForMany ? undefined : digest,
    ...{ functions: [fn], versions, subject: undefined },
    session: kind === 'session' ? session : undefined,
    ...{ groups, by: yes.map(({ by }) => by), claimBy, isCut, args },
    usesMax: isForMany ? (terms.uses ?? 1) : 1,
    when: terms.when ?? [],
  })
}

/** Less is on offer: whoever votes from here on votes on that. */
function counter(hearing: Hearing, asked: Asked, record: Of<'approval.countered'>): void {
  const { report, at } = hearing
  report.examined('approvals')
  if (isLate(record.time, asked.decideBy)) report.find('approval-late', at)
  checkVoter(hearing, asked, record)
  const isCut = asked.isCut || isShortened(record, record.terms.when)
  if (!isCut && !narrows(asked.terms, record.terms)) report.find('approval-widened', at)
  if (record.offer === asked.offer) report.find('approval-offer', at)
  asked.terms = record.terms
  asked.offer = record.offer
  asked.yes = []
}

function openPending({ report, isWhole }: Scene) {
  const open = new Map<string, Asked>()
  const settled = openRecent<true>()
  let knowsAll = isWhole
  return {
    find: ({ at }: Hearing, id: string): Asked | undefined => {
      const asked = open.get(id)
      if (!asked && settled.get(id)) report.find('approval-closed', at)
      else if (!asked && knowsAll) report.find('approval-unknown', at)
      return asked
    },
    add: ({ at }: Hearing, asked: Asked) => {
      const { id } = asked
      if (open.has(id) || settled.get(id)) report.find('approval-repeated', at)
      open.delete(id)
      open.set(id, asked)
      const [oldest] = open.keys()
      if (open.size <= openMax || oldest === undefined) return
      open.delete(oldest)
      knowsAll = false
      report.partly('approvals', 'more was asked than is remembered')
    },
    settle: ({ id }: Asked) => {
      open.delete(id)
      settled.add(id, true)
    },
  }
}

/** Far more than people have before them; the one asked longest ago makes room. */
const openMax = 100_000
