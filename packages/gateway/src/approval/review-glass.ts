import { Conflict } from '../store/store.ts'
import { closureOf, isAmong } from './closure.ts'
import { isMember, isPersonAlone, isPersonLocked } from './eligibility.ts'
import type { GlassReview, GlassReviewed } from './glass-request.ts'
import type { DeskNeeds } from './needs.ts'
import { timestamp } from './records.ts'

/**
 * Somebody else's judgement of an emergency: none who is connected with the person, or who acts for them. A
 * finding of unjustified can be overturned by another review; one of justified stands.
 */
export async function reviewGlass(
  { store, now, rules, isLocked, limits }: DeskNeeds,
  { id, person, verdict, notes }: GlassReview,
): Promise<GlassReviewed> {
  const glass = await store.breakGlass(id)
  if (!glass) return { refused: 'glass-unknown' }
  if (!isPersonAlone(person)) return { refused: 'not-a-person' }
  const approvals = rules()?.approvals
  if (!approvals) return { refused: 'not-a-reviewer' }
  const by = person.subject.id
  const at = now()
  const own = closureOf(
    { subject: glass.by, actors: [], triggeredBy: [] },
    { issuers: [], people: approvals.people, delegations: await store.delegations({ at }) },
  )
  if (isAmong(by, own)) return { refused: 'own-glass' }
  if (isPersonLocked(by, { rules: approvals, isLocked })) return { refused: 'locked' }
  const reviewers = approvals.breakGlass?.reviewers ?? []
  if (!reviewers.some((group) => isMember(person, group, approvals))) {
    return { refused: 'not-a-reviewer' }
  }
  const isOverturned = glass.review?.verdict === 'unjustified' && verdict === 'justified'
  if (glass.review && !isOverturned) return { refused: 'already-reviewed' }
  if (notes.trim() === '') return { refused: 'notes-required' }
  if (notes.length > limits.reasonChars) return { refused: 'notes-too-long' }
  const reviewed = { ...glass, revision: glass.revision + 1, review: { by, verdict, notes, at } }
  try {
    await store.commit({
      record: { type: 'break-glass.reviewed', time: timestamp(at), glass: id, by, verdict },
      payloads: [],
      change: {
        kind: 'break-glass.update',
        breakGlass: reviewed,
        expectedRevision: glass.revision,
      },
    })
    return { glass: reviewed }
  } catch (thrown) {
    if (thrown instanceof Conflict) return { refused: 'busy' }
    throw thrown
  }
}
