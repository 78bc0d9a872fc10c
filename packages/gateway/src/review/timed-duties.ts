import type { InForce } from '../call/in-force.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import { Conflict } from '../store/store.ts'
import { dutiesBroken, givenNow } from './duties.ts'
import type { ReviewNeeds } from './needs.ts'
import { timedSaidRecord } from './records.ts'
import type { Refused } from './refused.ts'
import { byDates } from './remediation.ts'

/** Static duties of which somebody would come to have both sides: with other timed grants, too. */
export async function brokenBy(
  needs: Pick<ReviewNeeds, 'store' | 'now'>,
  rules: InForce,
  timed: TimedGrant,
): Promise<Refused | undefined> {
  const others = (await givenNow(needs, rules)).filter(({ id }) => id !== timed.id)
  const broken = dutiesBroken(rules, timed.id, [...others, timed]).find(
    ({ rule }) => rule.effect === 'deny',
  )
  return (
    broken && { refused: 'duties-conflict', detail: `${broken.rule.id}: ${broken.rule.reason}` }
  )
}

/**
 * Takes timed grants back by which somebody has both sides all the same: two were given at the same moment and the
 * gateway that would have taken one back stopped, or the rules are others now. The one that was given last goes.
 */
export async function endBroken(
  needs: Pick<ReviewNeeds, 'store' | 'now' | 'took'>,
  rules: InForce,
): Promise<void> {
  const given = await givenNow(needs, rules)
  if (given.length === 0) return
  const broken = rules.dutyConflicts(given).filter(({ rule }) => rule.effect === 'deny')
  const involved = new Set(broken.flatMap(({ left, right }) => [...left, ...right]))
  const kept = given.filter(({ id }) => !involved.has(id))
  const inOrder = given
    .filter(({ id }) => involved.has(id))
    .toSorted((one, other) => one.from - other.from || (one.id < other.id ? -1 : 1))
  for (const timed of inOrder) {
    const found = dutiesBroken(rules, timed.id, [...kept, timed]).find(
      ({ rule }) => rule.effect === 'deny',
    )
    if (found) await takeBack(needs, timed, { by: byDates, rule: found.rule.id })
    else kept.push(timed)
  }
}

/** Settled by compare-and-set: somebody else may have taken it back. */
export async function takeBack(
  { store, now, took }: Pick<ReviewNeeds, 'store' | 'now' | 'took'>,
  timed: TimedGrant,
  { by, rule }: { readonly by: string; readonly rule: string },
): Promise<void> {
  const next = { ...timed, state: 'revoked', revision: timed.revision + 1 } as const
  const said = { by, at: now(), reason: `separation of duties: ${rule}` }
  try {
    await store.commit({
      record: timedSaidRecord('timed.revoked', next, said),
      payloads: [],
      change: { kind: 'timed.update', timed: next, expectedRevision: timed.revision },
    })
  } catch (thrown) {
    if (thrown instanceof Conflict) return
    throw thrown
  }
  took({ timed: next })
}
