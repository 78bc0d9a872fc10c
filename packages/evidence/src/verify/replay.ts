import { type LeafRecord, partyId } from '../record.ts'
import type { Cedar, CedarAnswer, CedarRequest } from './cedar.ts'
import { tellIp, tellTime } from './cedar-values.ts'
import type { Content, FunctionFacts } from './content.ts'
import type { JsonObject } from './json.ts'
import type { Parties } from './remembered.ts'

/** What policy was asked, as records and disclosed payloads tell it. */
export type Question = {
  readonly digest: string
  readonly content: Content
  readonly fn: FunctionFacts
  readonly parties: Parties
  readonly args: JsonObject
  readonly session: { readonly id: string; readonly labels: readonly string[] }
  readonly time: string
  readonly source: NonNullable<Extract<LeafRecord, { type: 'call.authorized' }>['source']>
  /** Groups whose approval is in hand. */
  readonly approvedBy: readonly string[]
  /** Access for a while that covered the call, by id, and whose. */
  readonly timed: readonly { readonly party: string; readonly grant: string }[]
}

export type Replayed = {
  readonly effect: 'allow' | 'hold' | 'deny'
  /** Ids of the policies that determined it, or could not be evaluated where it is a denial. */
  readonly rules: readonly string[]
}

/**
 * The decision, taken again: the subject, and whoever acts for them now, each have to be permitted on
 * their own. Where nothing but guardrails that people can lift stands in the way, the question is asked
 * again as if they had. Undefined where Cedar cannot take it.
 */
export function decideAgain(cedar: Cedar, question: Question): Replayed | undefined {
  const { content } = question
  const forbids = new Map(
    content.policies.filter(({ effect }) => effect === 'forbid').map((one) => [one.id, one]),
  )
  const answers = askAll(cedar, question, question.approvedBy)
  if (!answers) return undefined
  // Access for a while stands beside the permits; guardrails stand above both.
  const isPermitted = ({ isAllowed, errors, determining }: CedarAnswer, at: number) =>
    (isAllowed || (determining.length === 0 && hasTimed(question, at))) &&
    !errors.some((id) => forbids.has(id))
  const ids = (pick: (answer: CedarAnswer) => readonly string[]) => [
    ...new Set(answers.flatMap(pick)),
  ]
  if (answers.every(isPermitted)) {
    const timed = question.timed.map(({ grant }) => grant)
    return { effect: 'allow', rules: [...ids((one) => one.determining), ...new Set(timed)] }
  }
  const fired = ids((one) => one.determining.filter((id) => forbids.has(id)))
  const errors = ids((one) => one.errors)
  const groups = fired.map((id) => forbids.get(id)?.approverGroups ?? [])
  const isApprovable =
    fired.length > 0 &&
    groups.every((some) => some.length > 0) &&
    !errors.some((id) => forbids.has(id))
  if (isApprovable) {
    const supposed = askAll(cedar, question, [...question.approvedBy, ...groups.flat()])
    if (supposed?.every(isPermitted)) return { effect: 'hold', rules: fired }
  }
  return { effect: 'deny', rules: [...new Set([...fired, ...errors])] }
}

/** Of the deciding party at this place: the subject, or whoever acts for them now. */
function hasTimed({ timed, parties }: Question, at: number): boolean {
  const party = parties[at]
  return party !== undefined && timed.some((one) => one.party === partyId(party))
}

function askAll(
  cedar: Cedar,
  question: Question,
  approvedBy: readonly string[],
): readonly CedarAnswer[] | undefined {
  const [subject, actor] = question.parties
  if (!subject) return undefined
  const deciding = actor ? [subject, actor] : [subject]
  const answers = deciding.map((party) =>
    cedar.ask(
      question.digest,
      question.content,
      requestOf(question, {
        party,
        approvedBy,
        actor: party === subject ? actor : undefined,
        onBehalfOf: party === subject ? undefined : subject,
      }),
    ),
  )
  const known = answers.filter((answer) => answer !== undefined)
  return known.length === deciding.length ? known : undefined
}

/** What Cedar is asked about the subject's part in this; undefined where nobody is known. */
export function requestFor(question: Question): CedarRequest | undefined {
  const [party, actor] = question.parties
  if (!party) return undefined
  const { approvedBy } = question
  return requestOf(question, { party, actor, onBehalfOf: undefined, approvedBy })
}

type Party = Parties[number]

function requestOf(
  { fn, args, session, time, source, parties }: Question,
  asked: {
    readonly party: Party
    readonly actor: Party | undefined
    readonly onBehalfOf: Party | undefined
    readonly approvedBy: readonly string[]
  },
): CedarRequest {
  const { party, actor, onBehalfOf, approvedBy } = asked
  const connection = { type: 'Connection', id: fn.connection }
  return {
    principal: uidOf(party),
    action: { type: 'Action', id: fn.name },
    resource: { type: 'Function', id: fn.name },
    context: {
      args,
      session: { id: session.id, labels: [...session.labels] },
      time: tellTime(time),
      source: { protocol: source.protocol, ip: tellIp(source.ip) },
      ...(onBehalfOf && { onBehalfOf: named(onBehalfOf) }),
      ...(actor && { actor: named(actor) }),
      ...(approvedBy.length > 0 && { approval: { groups: [...approvedBy] } }),
    },
    entities: [
      ...parties.slice(0, 2).map((one) => ({
        uid: uidOf(one),
        attrs: {},
        parents: [...new Set(one.groups)].map((id) => ({ type: 'Group', id })),
      })),
      { uid: { type: 'Function', id: fn.name }, attrs: {}, parents: [connection] },
      {
        uid: { type: 'Action', id: fn.name },
        attrs: {},
        parents: [{ type: 'Action', id: fn.connection }],
      },
    ],
  }
}

const types = { user: 'User', agent: 'Agent', workload: 'Workload', service: 'Service' } as const

function uidOf(party: Party): { readonly type: string; readonly id: string } {
  return { type: types[party.kind], id: partyId(party) }
}

function named(party: Party): JsonObject {
  return { [party.kind]: { __entity: uidOf(party) } }
}
