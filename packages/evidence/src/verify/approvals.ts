import { equalBytes } from '../encoding.ts'
import { sha256 } from '../hash.ts'
import { type LeafRecord, partyId } from '../record.ts'
import { timeOf, toleranceMs } from './dates.ts'
import type { Payloads } from './payloads.ts'
import { isSamePerson, namedParties } from './people.ts'
import type { Remembered } from './remembered.ts'
import type { Place, Report } from './verdict.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

/**
 * Each approval was asked for before it was voted on; only people who have nothing to do with the call
 * voted, each once, in time and for a group that was asked; what was asked, approved and used has one digest;
 * it was used once, in time and before it ended, by the call it was claimed for: of the same function, for the
 * same parties and with the same arguments, which required those groups and names the people who said yes.
 */
export function watchApprovals(
  scene: Scene,
  needs: { readonly remembered: Remembered; readonly payloads: Payloads },
): Watch {
  const { report, isWhole } = scene
  const { remembered } = needs
  const asked = new Map<string, Asked>()
  const keys = new Map<string, string>()
  let knowsAll = isWhole
  if (!isWhole) report.partly('approvals', 'only a part of the records is shown')

  const find = (id: string, index: number): Asked | undefined => {
    const approval = asked.get(id)
    if (!approval && knowsAll) report.find('approval-unknown', { record: index })
    return approval
  }

  const request = async (leaf: SeenLeaf, record: Of<'approval.requested'>) => {
    report.examined('approvals')
    const at = { record: leaf.index }
    if (asked.has(record.approval)) report.find('approval-repeated', at)
    const versions = remembered.parties(record.session).map((parties) => parties.map(partyId))
    if (versions.length === 0 && remembered.knowsEverySession()) report.find('session-unknown', at)
    const args = await argumentsHash(needs.payloads, leaf)
    asked.set(record.approval, askedOf(record, versions, args))
    const [oldest] = asked.keys()
    if (asked.size <= askedMax || oldest === undefined) return
    asked.delete(oldest)
    knowsAll = false
    report.partly('approvals', 'more was asked than is remembered')
  }

  const authorize = async (leaf: SeenLeaf, record: Of<'call.authorized'>) => {
    const at = { record: leaf.index }
    const ids = new Set(record.approvals.map(({ id }) => id))
    const required = requiredGroups(record)
    if (required.length > 0 && ids.size === 0) report.find('approval-not-cited', at)
    const used: Asked[] = []
    for (const id of ids) {
      const approval = find(id, leaf.index)
      if (!approval) continue
      used.push(approval)
      const by = record.approvals.filter((one) => one.id === id).map((one) => one.by)
      useOf(report, at, approval, { record, by, keys })
      const args = await argumentsHash(needs.payloads, leaf)
      if (!approval.args || !args) report.partly('approvals', undisclosed)
      else if (!equalBytes(approval.args, args)) {
        report.find('approval-other-call', { ...at, detail: 'arguments' })
      }
      asked.delete(id)
    }
    if (ids.size > 0 && used.length === ids.size) compareGroups(report, at, record, used)
  }

  return {
    see: (leaf) => {
      const { index, record } = leaf
      if (record.type === 'key.issued') keys.set(`key:${record.key}`, record.by)
      else if (record.type === 'approval.requested') return request(leaf, record)
      else if (record.type === 'call.authorized') {
        const isPlain = record.approvals.length === 0 && requiredGroups(record).length === 0
        return isPlain ? undefined : authorize(leaf, record)
      } else if (record.type === 'approval.decided') {
        const approval = find(record.approval, index)
        if (approval) vote(report, { record: index }, approval, { ...record, keys })
      } else if (record.type === 'approval.closed') {
        const approval = find(record.approval, index)
        if (approval?.claimedBy !== undefined) report.find('approval-closed', { record: index })
        else if (approval) approval.state = 'closed'
      } else if (record.type === 'approval.claimed') {
        const approval = find(record.approval, index)
        if (approval) claim(report, { record: index }, approval, record)
      }
      return undefined
    },
  }
}

const undisclosed = 'arguments that people approved, or those that were used, are not disclosed'

/** Far more than people have before them; the one asked longest ago makes room. */
const askedMax = 100_000

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>

type Asked = {
  readonly digest: string
  readonly fn: string
  /** All of them have to say yes, each through another person. */
  readonly groups: readonly string[]
  /** Not all groups fitted into the record. */
  readonly isCut: boolean
  /** Unix milliseconds; undefined where there is no such date. */
  readonly decideBy: number | undefined
  claimBy: number | undefined
  /** Parties of the session it was asked in, as they were known at one time or another. */
  readonly versions: readonly (readonly string[])[]
  readonly parties: ReadonlySet<string>
  /** Hash of the arguments that people saw, where they are disclosed. */
  readonly args: Uint8Array | undefined
  /** Who said yes, and for which group. */
  readonly yes: Map<string, string>
  readonly voted: Set<string>
  state: 'open' | 'denied' | 'closed'
  claimedBy: string | undefined
}

function askedOf(
  record: Of<'approval.requested'>,
  versions: Asked['versions'],
  args: Asked['args'],
): Asked {
  return {
    ...{ digest: record.digest, fn: record.fn, groups: record.groups },
    isCut: record.truncated !== undefined,
    decideBy: timeOf(record.decideBy),
    claimBy: undefined,
    ...{ versions, parties: new Set(versions.flat()), args },
    yes: new Map(),
    voted: new Set(),
    state: 'open',
    claimedBy: undefined,
  }
}

/** Who issued the key that a party is: approving through one's own key is approving oneself. */
type Keys = ReadonlyMap<string, string>

function vote(
  report: Report,
  at: Place,
  approval: Asked,
  record: Of<'approval.decided'> & { readonly keys: Keys },
): void {
  report.examined('approvals')
  const { by, group, verdict, digest, keys } = record
  const isOpen = approval.state === 'open' && approval.claimedBy === undefined
  const hasVoted = [...approval.voted].some((one) => isSamePerson(one, by))
  if (!isOpen) report.find('approval-closed', at)
  else if (isLate(record.time, approval.decideBy)) report.find('approval-late', at)
  if (digest !== approval.digest) report.find('approval-digest', at)
  if (hasVoted) report.find('approval-voted-twice', at)
  else if (isOpen && !countsFor(approval, record)) report.find('approval-vote-group', at)
  if (by.startsWith('key:')) report.find('approval-not-a-person', at)
  if (isInvolved(by, approval.parties, keys)) report.find('approval-own-call', at)
  approval.voted.add(by)
  if (verdict === 'approve') {
    approval.yes.set(by, group)
    if (record.claimBy !== undefined) approval.claimBy = timeOf(record.claimBy)
  } else approval.state = 'denied'
}

/** Everybody asked may say no; a yes fills a place that is still empty. */
function countsFor({ groups, isCut, yes }: Asked, record: Of<'approval.decided'>): boolean {
  const { group, verdict } = record
  if (!groups.includes(group) && !isCut) return false
  return verdict !== 'approve' || ![...yes.values()].includes(group)
}

function claim(
  report: Report,
  at: Place,
  approval: Asked,
  { call, digest, time }: Of<'approval.claimed'>,
): void {
  report.examined('approvals')
  const agreed = new Set(approval.yes.values())
  const isMet = approval.groups.every((group) => agreed.has(group))
  if (approval.claimedBy !== undefined) report.find('approval-claimed-twice', at)
  if (approval.state !== 'open') report.find('approval-closed', at)
  if (!isMet) report.find('approval-unmet', at)
  else if (isLate(time, approval.claimBy)) report.find('approval-late', at)
  if (digest !== approval.digest) report.find('approval-digest', at)
  approval.claimedBy ??= call
}

function useOf(
  report: Report,
  at: Place,
  approval: Asked,
  use: {
    readonly record: Of<'call.authorized'>
    readonly by: readonly string[]
    readonly keys: Keys
  },
): void {
  report.examined('approvals')
  const { record, by, keys } = use
  const parties = namedParties(record)
  if (approval.claimedBy !== record.call) report.find('approval-unclaimed', at)
  if (!isSameSet(by, [...approval.yes.keys()])) report.find('approval-other-people', at)
  if (by.some((one) => isInvolved(one, new Set(parties), keys)))
    report.find('approval-own-call', at)
  if (record.fn?.name !== approval.fn) {
    report.find('approval-other-call', { ...at, detail: 'function' })
  }
  // Another session of the same parties may use it: their proof may have been renewed while people decided.
  const { versions } = approval
  if (versions.length > 0 && !versions.some((one) => isSameList(one, parties))) {
    report.find('approval-other-call', { ...at, detail: 'parties' })
  }
}

function compareGroups(
  report: Report,
  at: Place,
  record: Of<'call.authorized'>,
  used: readonly Asked[],
): void {
  const groups = used.flatMap((one) => one.groups)
  if (record.truncated !== undefined || used.some(({ isCut }) => isCut)) {
    report.partly('approvals', 'a record was shortened, so not all groups are in it')
  } else if (!isSameSet(requiredGroups(record), groups)) report.find('approval-groups', at)
}

/** Whoever judged the deadline dated the record by the same clock; a date that is none is told elsewhere. */
function isLate(time: string, deadline: number | undefined): boolean {
  const at = timeOf(time)
  return at !== undefined && (deadline === undefined || at >= deadline + toleranceMs)
}

function requiredGroups({ decision }: Of<'call.authorized'>): readonly string[] {
  const obligations = decision?.obligations.filter((one) => one.startsWith(approvalOf)) ?? []
  return obligations.map((one) => one.slice(approvalOf.length))
}
const approvalOf = 'approval:'

async function argumentsHash(payloads: Payloads, leaf: SeenLeaf): Promise<Uint8Array | undefined> {
  const disclosed = await payloads.open(leaf, 'args')
  return 'bytes' in disclosed ? sha256(disclosed.bytes) : undefined
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  const [first, second] = [new Set(one), new Set(other)]
  return first.size === second.size && [...first].every((member) => second.has(member))
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((member, at) => member === other[at])
}

function isInvolved(person: string, parties: ReadonlySet<string>, keys: Keys): boolean {
  for (const party of parties) {
    if (isSamePerson(person, party)) return true
    const issuer = keys.get(party)
    if (issuer !== undefined && isSamePerson(person, issuer)) return true
  }
  return false
}
