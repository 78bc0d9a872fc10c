import { type LeafRecord, type Party, partyId } from '../record.ts'
import { isSamePerson } from './people.ts'
import type { Remembered } from './remembered.ts'
import type { Place, Report } from './verdict.ts'
import type { Scene, Watch } from './watch.ts'

/**
 * Each approval was asked for before it was voted on; only people who have nothing to do with the call
 * voted, each once; what was asked, approved and used has one digest; it was used once, before it ended,
 * by the call it was claimed for, which names the people who said yes.
 */
export function watchApprovals(scene: Scene, remembered: Remembered): Watch {
  const { report, isWhole } = scene
  const asked = new Map<string, Asked>()
  const keys = new Map<string, string>()
  if (!isWhole) report.partly('approvals', 'only a part of the records is shown')

  const find = (id: string, index: number): Asked | undefined => {
    const approval = asked.get(id)
    if (!approval && isWhole) report.find('approval-unknown', { record: index })
    return approval
  }
  const involved = (parties: readonly Party[]) => parties.map(partyId)

  const request = (index: number, record: Of<'approval.requested'>) => {
    report.examined('approvals')
    if (asked.has(record.approval)) report.find('approval-repeated', { record: index })
    const parties = involved(remembered.parties(record.session).flat())
    asked.set(record.approval, {
      digest: record.digest,
      groups: record.groups.length,
      parties: new Set(parties),
      yes: new Set(),
      voted: new Set(),
      state: 'open',
      claimedBy: undefined,
    })
  }

  const authorize = (index: number, record: Of<'call.authorized'>) => {
    const parties = record.caller ? involved([record.caller, ...(record.obo ?? [])]) : []
    const ids = new Set(record.approvals.map(({ id }) => id))
    const isRequired = record.decision?.obligations.some((one) => one.startsWith('approval:'))
    if (isRequired && ids.size === 0) report.find('approval-not-cited', { record: index })
    for (const id of ids) {
      const approval = find(id, index)
      if (!approval) continue
      const by = record.approvals.filter((one) => one.id === id).map((one) => one.by)
      useOf(report, { record: index }, approval, { call: record.call, by, parties, keys })
      asked.delete(id)
    }
  }

  return {
    see: ({ index, record }) => {
      if (record.type === 'key.issued') keys.set(`key:${record.key}`, record.by)
      else if (record.type === 'approval.requested') request(index, record)
      else if (record.type === 'call.authorized') authorize(index, record)
      else if (record.type === 'approval.decided') {
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
    },
  }
}

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>

type Asked = {
  readonly digest: string
  /** How many groups have to say yes, each through another person. */
  readonly groups: number
  readonly parties: ReadonlySet<string>
  readonly yes: Set<string>
  readonly voted: Set<string>
  state: 'open' | 'denied' | 'closed'
  claimedBy: string | undefined
}

/** Who issued the key that a party is: approving through one's own key is approving oneself. */
type Keys = ReadonlyMap<string, string>

function vote(
  report: Report,
  at: Place,
  approval: Asked,
  { by, verdict, digest, keys }: Of<'approval.decided'> & { readonly keys: Keys },
): void {
  report.examined('approvals')
  if (approval.state !== 'open' || approval.claimedBy !== undefined)
    report.find('approval-closed', at)
  if (digest !== approval.digest) report.find('approval-digest', at)
  const hasVoted = [...approval.voted].some((one) => isSamePerson(one, by))
  if (hasVoted) report.find('approval-voted-twice', at)
  if (isInvolved(by, approval.parties, keys)) report.find('approval-own-call', at)
  approval.voted.add(by)
  if (verdict === 'approve') approval.yes.add(by)
  else approval.state = 'denied'
}

function claim(
  report: Report,
  at: Place,
  approval: Asked,
  { call, digest }: Of<'approval.claimed'>,
): void {
  report.examined('approvals')
  if (approval.claimedBy !== undefined) report.find('approval-claimed-twice', at)
  if (approval.state !== 'open') report.find('approval-closed', at)
  if (approval.yes.size < approval.groups) report.find('approval-unmet', at)
  if (digest !== approval.digest) report.find('approval-digest', at)
  approval.claimedBy ??= call
}

function useOf(
  report: Report,
  at: Place,
  approval: Asked,
  use: {
    readonly call: string
    readonly by: readonly string[]
    readonly parties: readonly string[]
    readonly keys: Keys
  },
): void {
  report.examined('approvals')
  if (approval.claimedBy !== use.call) report.find('approval-unclaimed', at)
  const named = new Set(use.by)
  if (named.size !== approval.yes.size || ![...named].every((one) => approval.yes.has(one))) {
    report.find('approval-other-people', at)
  }
  const parties = new Set(use.parties)
  if ([...named].some((one) => isInvolved(one, parties, use.keys))) {
    report.find('approval-own-call', at)
  }
}

function isInvolved(person: string, parties: ReadonlySet<string>, keys: Keys): boolean {
  for (const party of parties) {
    if (isSamePerson(person, party)) return true
    const issuer = keys.get(party)
    if (issuer !== undefined && isSamePerson(person, issuer)) return true
  }
  return false
}
