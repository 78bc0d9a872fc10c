import { type LeafRecord, partyId } from '../record.ts'
import type { Cedar } from './cedar.ts'
import { tellArguments } from './cedar-values.ts'
import type { Content, FunctionFacts } from './content.ts'
import { readHttpArguments } from './http-arguments.ts'
import type { Payloads } from './payloads.ts'
import { namedParties } from './people.ts'
import type { Remembered } from './remembered.ts'
import { decideAgain, type Question, type Replayed } from './replay.ts'
import type { Rulebooks } from './rulebooks.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

/**
 * Every decision whose question is disclosed is taken again, by the auditor's own Cedar: who the parties
 * were, the arguments as received, the moment, the source, the approvals. It has to come out as recorded,
 * for the reasons recorded. The caller of every record is of its session.
 */
export function watchDecisions(
  scene: Scene,
  needs: {
    readonly cedar: Cedar | undefined
    readonly payloads: Payloads
    readonly rulebooks: Rulebooks
    readonly remembered: Remembered
  },
): Watch {
  const { report } = scene
  if (scene.manifest?.payloads !== true) {
    report.notChecked('decisions', 'arguments are not disclosed, so policy cannot be asked again')
  } else if (!needs.cedar) {
    report.notChecked('decisions', 'Cedar is not installed here (@cedar-policy/cedar-wasm)')
  }
  return {
    see: async (leaf) => {
      const { record } = leaf
      if (record.type !== 'call.authorized' && record.type !== 'call.denied') return
      if (!record.caller || record.session === undefined) return
      checkParties(scene, needs.remembered, leaf.index, record)
      if (!needs.cedar || !record.decision || scene.manifest?.payloads !== true) return
      const asked = await questionOf(leaf, record, needs)
      if (typeof asked === 'string') {
        report.partly('decisions', asked)
        return
      }
      const isAsRecorded = replays(needs.cedar, asked, record)
      if (isAsRecorded === undefined) report.partly('decisions', 'Cedar could not take a question')
      else report.examined('decisions')
      if (isAsRecorded === 'effect') report.find('decision-effect', { record: leaf.index })
      if (isAsRecorded === 'rules') report.find('decision-rules', { record: leaf.index })
    },
  }
}

type Called = Extract<LeafRecord, { type: 'call.authorized' | 'call.denied' }>

function checkParties(
  { report }: Scene,
  remembered: Remembered,
  index: number,
  record: Called,
): void {
  const { caller, session = '' } = record
  const versions = remembered.parties(session)
  if (versions.length === 0) {
    if (remembered.knowsEverySession()) report.find('session-unknown', { record: index })
    return
  }
  if (!caller) return
  const named = namedParties(record)
  const isOfSession = versions.some((parties) => {
    const known = parties.map(partyId)
    return known.length === named.length && known.every((one, at) => one === named[at])
  })
  if (!isOfSession) report.find('caller-not-in-session', { record: index })
}

type Asked = { readonly questions: readonly Question[] }

/** The questions it could have been, newest knowledge of the parties first; or why it cannot be asked. */
async function questionOf(
  leaf: SeenLeaf,
  record: Called,
  needs: {
    readonly payloads: Payloads
    readonly rulebooks: Rulebooks
    readonly remembered: Remembered
  },
): Promise<Asked | string> {
  const { decision, source, session = '' } = record
  const digest = decision?.policy ?? ''
  const content = await needs.rulebooks.content(digest)
  const fn = content?.functions.get(record.fn?.name ?? '')
  if (!content || !fn || !source) return 'the rulebook of a decision is not there'
  if (decision?.time === undefined) return 'a record does not say when policy was asked'
  if (hidesArguments(record, fn)) return 'arguments that the record must not hold are not disclosed'
  const payload = await needs.payloads.open(leaf, 'args')
  if (!('bytes' in payload)) return 'the arguments of a call are not disclosed'
  const args = argumentsOf(payload.bytes, fn, content)
  if (!args) return 'the arguments of a call are in a form this version cannot read'
  if (!args.isWhole) return 'an argument has no value in Cedar'
  const approvedBy =
    record.type === 'call.authorized'
      ? decision.obligations.flatMap((one) =>
          one.startsWith(approved) ? [one.slice(approved.length)] : [],
        )
      : []
  const about = { digest, content, fn, args: args.value, session, time: decision.time, source }
  const versions = needs.remembered.parties(session)
  if (versions.length === 0) return 'the parties of a session are not shown'
  return { questions: versions.map((parties) => ({ ...about, parties, approvedBy })) }
}

const approved = 'approval:'

function argumentsOf(bytes: Uint8Array, fn: FunctionFacts, content: Content) {
  const prefix = content.connections.get(fn.connection)?.prefix
  const args = prefix === undefined ? undefined : readHttpArguments(bytes, { ...fn, prefix })
  return args && tellArguments(args, fn.argumentSchema)
}

/** Policy sees arguments as received; where the record must not, it holds masked ones. */
function hidesArguments(record: Called, fn: FunctionFacts): boolean {
  const hidden = fn.argumentMasks.filter(({ from }) => from.includes('record')).map(({ id }) => id)
  if (record.type === 'call.denied') return hidden.length > 0
  return record.masked.some(({ rule }) => hidden.includes(rule))
}

/** What differs from the record: nothing, the effect, or the rules. Undefined where Cedar cannot tell. */
function replays(
  cedar: Cedar,
  { questions }: Asked,
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
  { decision, truncated }: Called,
): 'same' | 'effect' | 'rules' | undefined {
  if (!replayed || !decision) return undefined
  if (replayed.effect !== decision.effect) return 'effect'
  const recorded = new Set(decision.rules)
  const isWithin = decision.rules.every((id) => replayed.rules.includes(id))
  const isAll = truncated !== undefined || replayed.rules.every((id) => recorded.has(id))
  return isWithin && isAll ? 'same' : 'rules'
}
