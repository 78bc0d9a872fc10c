import type { LinkedPerson } from '../model/approval-rules.ts'
import type { Delegation } from '../model/delegation.ts'
import type { ApiKeys } from '../store/store.ts'
import { isSamePerson } from './same-person.ts'

/** Who a call is made by, for, or through, before anything is known of how they are connected. */
export type Involved = {
  readonly subject: string
  readonly actors: readonly string[]
  readonly triggeredBy: readonly string[]
}

type Links = Pick<LinkedPerson, 'id' | 'accounts' | 'agents'>

/**
 * Everybody whose vote on this call would be a vote on their own doing: its parties, who set it off, who
 * issued the keys it is made with (`issuers`), every account and agent linked with one of them, and whoever
 * votes for one of these people or has them vote in their place (`delegations`: those that have not ended).
 * Deny-only: being in it never gives anything. Party ids.
 */
export function closureOf(
  { subject, actors, triggeredBy }: Involved,
  known: {
    readonly issuers: readonly string[]
    readonly people: readonly Links[]
    readonly delegations: readonly Delegation[]
  },
): readonly string[] {
  const own = linked([subject, ...actors, ...triggeredBy, ...known.issuers], known.people)
  // One step: a delegate's own delegate stands for somebody else.
  const partners = known.delegations.flatMap(({ from, to }) => [
    ...(isAmong(from, own) ? [to] : []),
    ...(isAmong(to, own) ? [from] : []),
  ])
  return linked([...own, ...partners], known.people)
}

/** These ids, and all ids of the same people and of their agents, as far as the rulebook links them. */
export function linked(ids: readonly string[], people: readonly Links[]): readonly string[] {
  const all = new Set(ids)
  const left = new Set(people)
  for (let grew = true; grew; ) {
    grew = false
    for (const person of left) {
      const theirs = [person.id, ...person.accounts, ...person.agents]
      if (!theirs.some((id) => isAmong(id, [...all]))) continue
      for (const id of theirs) all.add(id)
      left.delete(person)
      grew = true
    }
  }
  return [...all]
}

/** Whether two party ids mean one person, by their names or by what the rulebook links. */
export function isOnePerson(one: string, other: string, people: readonly Links[]): boolean {
  return isSamePerson(one, other) || isAmong(other, linked([one], people))
}

export function isAmong(id: string, ids: readonly string[]): boolean {
  return ids.some((one) => isSamePerson(one, id))
}

/** Who issued the keys this call is made with: approving through one's own key is approving oneself. */
export async function issuersOf(
  store: ApiKeys,
  { subject, actors }: Pick<Involved, 'subject' | 'actors'>,
): Promise<readonly string[]> {
  const keys = [subject, ...actors]
    .filter((party) => party.startsWith('key:'))
    .map((party) => party.slice('key:'.length))
  const issuers: string[] = []
  let before: string | undefined
  while (keys.length > issuers.length) {
    const page = await store.apiKeys({ limit: pageKeys, ...(before !== undefined && { before }) })
    for (const key of page) if (keys.includes(key.id)) issuers.push(key.createdBy)
    before = page.at(-1)?.id
    if (before === undefined || page.length < pageKeys) break
  }
  return issuers
}

const pageKeys = 200
