import type { Cedar } from './cedar.ts'
import { type Clearances, openClearances } from './clearances.ts'
import { timeOf } from './dates.ts'
import { openDeferrals } from './deferrals.ts'
import { type Electorate, openElectorate } from './electorate.ts'
import { openEmergencies } from './emergencies.ts'
import type { Payloads } from './payloads.ts'
import { openQuestions } from './questions.ts'
import type { Remembered } from './remembered.ts'
import type { Rulebooks } from './rulebooks.ts'
import type { Timed } from './timed.ts'
import { openUses } from './uses.ts'
import type { Hearing } from './votes.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

export type Approvals = Watch & {
  readonly clearances: Pick<Clearances, 'issued'>
  readonly electorate: Pick<Electorate, 'isLocked'>
}

/**
 * Each approval was put as the rulebook says; only people who have nothing to do with the call voted, each once,
 * in time, in a step that was open, through a group that was asked, on what was on offer. What they agreed to was
 * used in time, no more often than they said, by calls like the one they saw, each of which names them. Where
 * the glass was broken instead, it was by somebody who may, for a while, and others looked at it.
 */
export function watchApprovals(
  scene: Scene,
  needs: {
    readonly remembered: Remembered
    readonly payloads: Payloads
    readonly rulebooks: Rulebooks
    readonly cedar: Cedar | undefined
    readonly timed: Pick<Timed, 'isGiven'>
  },
): Approvals {
  const { report, isWhole } = scene
  const electorate = openElectorate(scene)
  const clearances = openClearances(scene)
  const emergencies = openEmergencies(scene, clearances)
  const questions = openQuestions(scene, { ...needs, clearances })
  const deferrals = openDeferrals(scene)
  const uses = openUses(scene, { ...needs, clearances, electorate })
  let last = ''
  if (!isWhole) report.partly('approvals', 'only a part of the records is shown')

  const hear = async ({ index, record }: SeenLeaf): Promise<Hearing> => {
    const contents = await needs.rulebooks.around(timeOf(record.time) ?? 0)
    const rules = contents.map(({ approvals }) => approvals)
    return { report, at: { record: index }, electorate, rules, contents, isWhole }
  }
  const see = (leaf: SeenLeaf): void | Promise<void> => {
    const { record } = leaf
    const at = { record: leaf.index }
    switch (record.type) {
      case 'approval.requested':
        return hear(leaf).then((hearing) => questions.ask(hearing, leaf, record))
      case 'approval.decided':
        return hear(leaf).then((hearing) => questions.decide(hearing, record))
      case 'approval.countered':
        return hear(leaf).then((hearing) => questions.counter(hearing, record))
      case 'approval.escalated':
        return hear(leaf).then((hearing) => questions.escalate(hearing, record))
      case 'approval.closed':
        return hear(leaf).then((hearing) => questions.close(hearing, record))
      case 'break-glass.opened':
        return hear(leaf).then((hearing) => {
          const { approval } = record
          const asked = approval === undefined ? undefined : questions.bypass(hearing, approval)
          emergencies.opened(hearing, record, asked)
        })
      case 'break-glass.reviewed':
        return hear(leaf).then((hearing) => emergencies.reviewed(hearing, record))
      case 'clearance.claimed':
        return clearances.claim(at, record)
      case 'clearance.returned':
        return clearances.giveBack(at, record)
      case 'clearance.closed':
        return clearances.close(at, record)
      case 'deferral.changed':
        return deferrals.see(leaf, record)
      case 'call.authorized':
        return uses.see(leaf, record)
      case 'call.denied':
        return clearances.denied(record.call)
      default:
        return electorate.see(leaf)
    }
  }
  return {
    clearances,
    electorate,
    see: (leaf) => {
      last = leaf.record.time
      return see(leaf)
    },
    end: () => {
      clearances.end()
      emergencies.end(timeOf(last) ?? Number.NEGATIVE_INFINITY)
    },
  }
}
