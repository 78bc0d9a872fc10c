import type { LeafRecord } from '../record.ts'
import { tellArguments } from './cedar-values.ts'
import type { Clearances } from './clearances.ts'
import type { FunctionFacts } from './content.ts'
import { timeOf } from './dates.ts'
import type { Payloads } from './payloads.ts'
import { namedParties } from './people.ts'
import { readArgumentsOf } from './recorded-arguments.ts'
import type { Remembered } from './remembered.ts'
import type { Question } from './replay.ts'
import type { Rulebooks } from './rulebooks.ts'
import { type Timed, timedHead } from './timed.ts'
import type { SeenLeaf } from './watch.ts'

export type Called = Extract<LeafRecord, { type: 'call.authorized' | 'call.denied' }>

export type QuestionNeeds = {
  readonly payloads: Payloads
  readonly rulebooks: Rulebooks
  readonly remembered: Remembered
  readonly clearances: Pick<Clearances, 'issued'>
  readonly timed: Pick<Timed, 'isGiven'>
}

/**
 * What policy was asked about a call. The questions it could have been, newest knowledge of the parties first; or
 * why it cannot be asked again.
 */
export async function questionsOf(
  leaf: SeenLeaf,
  record: Called,
  needs: QuestionNeeds,
): Promise<readonly Question[] | string> {
  const { decision, source, session = '', labels = [] } = record
  const digest = decision?.policy ?? ''
  const content = await needs.rulebooks.content(digest)
  const fn = content?.functions.get(record.fn?.name ?? '')
  if (!content || !fn || !source) return 'the rulebook of a decision is not there'
  if (decision?.time === undefined) return 'a record does not say when policy was asked'
  if (hidesArguments(record, fn)) return 'arguments that the record must not hold are not disclosed'
  if (fn.isForCaller) return 'what a server asks of the caller is not read as policy saw it'
  const payload = await needs.payloads.open(leaf, 'args')
  if (!('bytes' in payload)) return 'the arguments of a call are not disclosed'
  const readings = readArgumentsOf(payload.bytes, fn, content).map(({ values }) => {
    return tellArguments(new Map(Object.entries(values)), fn.argumentSchema)
  })
  if (readings.length === 0) return 'the arguments of a call are in a form this version cannot read'
  if (!readings.every(({ isWhole }) => isWhole)) return 'an argument has no value in Cedar'
  const approvedBy = groupsInHand(record, needs.clearances)
  const asked = { digest, content, fn, time: decision.time, source }
  const about = { ...asked, session: { id: session, labels } }
  const versions = needs.remembered.parties(session)
  if (versions.length === 0) return 'the parties of a session are not shown'
  const timed = timedOf(record, needs.timed)
  return versions.flatMap((parties) => {
    return readings.map(({ value: args }) => ({ ...about, args, parties, approvedBy, timed }))
  })
}

/** Of the access for a while that the record names: what the log says was given to a party for this. */
function timedOf(record: Called, timed: Pick<Timed, 'isGiven'>): Question['timed'] {
  const { grants = [], decision, fn } = record
  const named = [...(decision?.rules ?? []), ...grants.map(({ grant }) => grant)]
  const ids = [...new Set(named)].filter((id) => id.startsWith(timedHead))
  const of = { fn: fn?.name ?? '', time: timeOf(decision?.time ?? record.time) ?? 0 }
  return ids.flatMap((grant) =>
    namedParties(record)
      .filter((party) => timed.isGiven(grant, { ...of, party }) === 'given')
      .map((party) => ({ party, grant })),
  )
}

/** The groups that the clearance stands for; a broken glass stands for whichever policy names. */
function groupsInHand(record: Called, clearances: Pick<Clearances, 'issued'>): readonly string[] {
  if (record.type !== 'call.authorized') return []
  const issued = clearances.issued(record.clearance ?? '')
  if (issued?.groups && !issued.isCut) return issued.groups
  return groupsRequired(record)
}

/** The groups whose yes the call needed, as its record says. */
export function groupsRequired({ decision }: Called): readonly string[] {
  const obligations = decision?.obligations.filter((one) => one.startsWith(approvalOf)) ?? []
  return obligations.map((one) => one.slice(approvalOf.length))
}
const approvalOf = 'approval:'

/** Policy sees arguments as received; where the record must not, it holds masked ones. */
function hidesArguments(record: Called, fn: FunctionFacts): boolean {
  const hidden = fn.argumentMasks.filter(({ from }) => from.includes('record')).map(({ id }) => id)
  if (record.type === 'call.denied') return hidden.length > 0
  return record.masked.some(({ rule }) => hidden.includes(rule))
}
