import { createHmac } from 'node:crypto'
import { issuersOf, linked } from '../approval/closure.ts'
import type { Gate } from '../call/gate.ts'
import type { InForce } from '../call/in-force.ts'
import type { Duties, DutyConflict, DutyMark, DutySide } from '../model/duty.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import type { ReviewNeeds } from './needs.ts'

/**
 * What a call does to the objects that duties are separated over, for whom, and what must not have been done
 * before by any account or agent of the same people. Objects are known by keyed hashes: the ledger tells nobody
 * which vendor was paid.
 */
export async function dutiesOf(
  { store, bindingKey, now }: Pick<ReviewNeeds, 'store' | 'bindingKey' | 'now'>,
  { principal, rules }: Parameters<Gate['duties']>[0],
  sides: readonly DutySide[],
): Promise<Duties> {
  const { subject, actors, triggeredBy = [] } = principal
  const ids = { subject: subject.id, actors: actors.map(({ id }) => id) }
  const issuers = await issuersOf(store, ids)
  const own = [...new Set([ids.subject, ...ids.actors, ...triggeredBy, ...issuers])]
  const people = linked(own, rules.approvals.people)
  const at = now()
  const marksOf = (
    { rule, object }: Pick<DutySide, 'rule' | 'object'>,
    asked: { readonly side: DutyMark['side']; readonly people: readonly string[] },
  ): readonly DutyMark[] => {
    if (object === undefined) return []
    const hash = objectHash(bindingKey, rule.id, object)
    const since = rule.forMs === undefined ? 0 : Math.max(0, at - rule.forMs)
    const mark = { rule: rule.id, side: asked.side, object: hash, at, since }
    return asked.people.map((person) => ({ ...mark, person }))
  }
  const marks = sides.flatMap((one) => marksOf(one, { side: one.side, people: own }))
  const barsOf = (one: DutySide) =>
    marksOf(one, { side: one.side === 'left' ? 'right' : 'left', people })
  // What is to be approved and was not seen here is refused there: people have not been asked about it.
  const bars = sides.filter(({ rule }) => rule.effect !== 'flag').flatMap(barsOf)
  const asked = sides.flatMap(barsOf)
  const found = asked.length === 0 ? [] : await store.dutiesMarked(asked)
  return { marks, bars, met: [...new Set(found.map(({ rule }) => rule))] }
}

/** Static duties that somebody breaks by having this grant. `given`: timed grants that count beside the rulebook's. */
export function dutiesBroken(
  rules: InForce,
  grant: string,
  given: readonly TimedGrant[] = [],
): readonly DutyConflict[] {
  if (given.length === 0) return conflictIndex(rules).get(grant) ?? []
  return rules
    .dutyConflicts(given)
    .filter(({ left, right }) => left.includes(grant) || right.includes(grant))
}

/** Timed grants that are given and not over; none are read where no rule asks for them. */
export async function givenNow(
  { store, now }: Pick<ReviewNeeds, 'store' | 'now'>,
  { reviews }: InForce,
): Promise<readonly TimedGrant[]> {
  if (reviews.duties.every(({ object }) => object !== undefined)) return []
  return store.timedGrants({ state: 'given', endsAfter: now() })
}

/** The rule is part of what is hashed: the same vendor is another object of another rule. */
function objectHash(key: Uint8Array, rule: string, object: string): string {
  return createHmac('sha256', key)
    .update(JSON.stringify(['duty', rule, object]))
    .digest('base64url')
}

/** Conflicts of each grant; made once for each rulebook. */
function conflictIndex(rules: InForce): ReadonlyMap<string, readonly DutyConflict[]> {
  const known = indexes.get(rules)
  if (known) return known
  const made = new Map<string, DutyConflict[]>()
  for (const conflict of rules.dutyConflicts()) {
    for (const grant of new Set([...conflict.left, ...conflict.right])) {
      const before = made.get(grant)
      if (before) before.push(conflict)
      else made.set(grant, [conflict])
    }
  }
  indexes.set(rules, made)
  return made
}

const indexes = new WeakMap<InForce, ReadonlyMap<string, readonly DutyConflict[]>>()
