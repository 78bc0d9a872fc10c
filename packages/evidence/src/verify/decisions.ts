import type { Cedar } from './cedar.ts'
import { areParties } from './people.ts'
import { type Called, type QuestionNeeds, questionsOf } from './policy-question.ts'
import type { Remembered } from './remembered.ts'
import { decideAgain, type Question, type Replayed } from './replay.ts'
import { isShortened } from './shortened.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

/**
 * Every decision whose question is disclosed is taken again, by the auditor's own Cedar: who the parties
 * were, the arguments as received, the moment, the source, the approvals. It has to come out as recorded,
 * for the reasons recorded. The caller of every record is of its session.
 */
export function watchDecisions(
  scene: Scene,
  needs: QuestionNeeds & { readonly cedar: Cedar | undefined },
): Watch {
  const { report } = scene
  if (scene.manifest?.payloads !== true) {
    report.notChecked('decisions', 'arguments are not disclosed, so policy cannot be asked again')
  } else if (!needs.cedar) {
    report.notChecked('decisions', 'Cedar is not installed here (@cedar-policy/cedar-wasm)')
  }
  const replay = async (cedar: Cedar, leaf: SeenLeaf, record: Called) => {
    const questions = await questionsOf(leaf, record, needs)
    if (typeof questions === 'string') {
      report.partly('decisions', questions)
      return
    }
    const isAsRecorded = replays(cedar, questions, record)
    if (isAsRecorded === undefined) report.partly('decisions', 'Cedar could not take a question')
    else report.examined('decisions')
    if (isAsRecorded === 'effect') report.find('decision-effect', { record: leaf.index })
    if (isAsRecorded === 'rules') report.find('decision-rules', { record: leaf.index })
  }
  return {
    see: (leaf) => {
      const { record } = leaf
      if (record.type !== 'call.authorized' && record.type !== 'call.denied') return
      if (!record.caller || record.session === undefined) return
      checkParties(scene, needs.remembered, leaf.index, record)
      if (!needs.cedar || !record.decision || scene.manifest?.payloads !== true) return
      return replay(needs.cedar, leaf, record)
    },
  }
}

function checkParties(
  { report }: Scene,
  remembered: Remembered,
  index: number,
  record: Called,
): void {
  const { caller, obo = [], session = '' } = record
  const versions = remembered.parties(session)
  if (versions.length === 0) {
    if (remembered.knowsEverySession()) report.find('session-unknown', { record: index })
    return
  }
  if (!caller) return
  const isOfSession = versions.some((parties) => areParties(parties, { caller, obo }))
  if (!isOfSession) report.find('caller-not-in-session', { record: index })
}

/** What differs from the record: nothing, the effect, or the rules. Undefined where Cedar cannot tell. */
function replays(
  cedar: Cedar,
  questions: readonly Question[],
  record: Called,
): 'same' | 'effect' | 'rules' | undefined {
  const outcomes = questions.flatMap((question) => {
    return couldBe(record, question).map((one) => compare(decideAgain(cedar, one), record))
  })
  if (outcomes.includes('same')) return 'same'
  return outcomes.find((one) => one !== undefined)
}

/** A call refused after people approved was decided with their approval, which the record does not name. */
function couldBe(record: Called, question: Question): readonly Question[] {
  if (record.type !== 'call.denied' || record.stage !== 'guarded') return [question]
  const approvedBy = [...new Set(question.content.policies.flatMap((one) => one.approverGroups))]
  return [question, { ...question, approvedBy }]
}

function compare(
  replayed: Replayed | undefined,
  record: Called,
): 'same' | 'effect' | 'rules' | undefined {
  const { decision } = record
  if (!replayed || !decision) return undefined
  if (replayed.effect !== decision.effect) return 'effect'
  const recorded = new Set(decision.rules)
  const isWithin = decision.rules.every((id) => replayed.rules.includes(id))
  const isAll =
    isShortened(record, decision.rules) || replayed.rules.every((id) => recorded.has(id))
  return isWithin && isAll ? 'same' : 'rules'
}
