import { isJsonObject, type JsonObject } from './json.ts'

/** What a rulebook says about approvals, as far as the checks read it. Times are milliseconds. */
export type ApprovalFacts = {
  /** By the approver group that policies name; one without a flow needs one yes of that group. */
  readonly flows: ReadonlyMap<string, FlowFacts>
  /** Groups whose members are listed: nobody else is in them. */
  readonly groups: ReadonlyMap<string, readonly string[]>
  /** Ids that are one person each, agents of theirs included. */
  readonly people: readonly (readonly string[])[]
  /** The same without agents: who is locked by one of these ids is locked by all. */
  readonly accounts: readonly (readonly string[])[]
  readonly agents: ReadonlySet<string>
  /** Undefined: nobody may break the glass. */
  readonly breakGlass: GlassFacts | undefined
}

export type FlowFacts = {
  readonly steps: readonly StepFacts[]
  readonly offers: readonly string[]
  readonly usesMax: number
  readonly forMsMax: number
}

export type StepFacts = {
  readonly groups: readonly string[]
  readonly quorum: number
  readonly escalation: readonly { readonly afterMs: number; readonly groups: readonly string[] }[]
}

export type GlassFacts = {
  readonly people: readonly string[]
  readonly functions: readonly string[]
  readonly forMsMax: number
  readonly acr: readonly string[]
  readonly amr: readonly string[]
  readonly signedInWithinMs: number
  readonly reviewers: readonly string[]
  readonly reviewWithinMs: number
  readonly usesPer30Days: number
}

/** Reads the `approvals` of a rulebook's content; one that has none says nothing. */
export function approvalFacts(approvals: unknown): ApprovalFacts {
  const { flows, groups, people, breakGlass } = isJsonObject(approvals) ? approvals : {}
  const linked = objectsOf(people)
  return {
    flows: new Map(
      Object.entries(isJsonObject(flows) ? flows : {})
        .filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]))
        .map(([group, flow]) => [group, flowFacts(flow)]),
    ),
    groups: new Map(
      Object.entries(isJsonObject(groups) ? groups : {}).map(([id, some]) => [id, textsOf(some)]),
    ),
    people: linked.map(({ id, accounts, agents }) => [
      ...(typeof id === 'string' ? [id] : []),
      ...textsOf(accounts),
      ...textsOf(agents),
    ]),
    accounts: linked.map(({ id, accounts }) => [
      ...(typeof id === 'string' ? [id] : []),
      ...textsOf(accounts),
    ]),
    agents: new Set(linked.flatMap(({ agents }) => textsOf(agents))),
    breakGlass: isJsonObject(breakGlass) ? glassFacts(breakGlass) : undefined,
  }
}

/** The flow of a group, as the rulebook says it or leaves it. */
export function flowOf({ flows }: ApprovalFacts, group: string): FlowFacts {
  return (
    flows.get(group) ?? {
      steps: [{ groups: [group], quorum: 1, escalation: [] }],
      offers: ['call'],
      usesMax: 1,
      forMsMax: 0,
    }
  )
}

function flowFacts(flow: JsonObject): FlowFacts {
  return {
    steps: objectsOf(flow.steps).map(({ groups, quorum, escalation }) => ({
      groups: textsOf(groups),
      quorum: numberOf(quorum),
      escalation: objectsOf(escalation).map((rung) => ({
        afterMs: numberOf(rung.afterMs),
        groups: textsOf(rung.groups),
      })),
    })),
    offers: textsOf(flow.offers),
    usesMax: numberOf(flow.usesMax),
    forMsMax: numberOf(flow.forMsMax),
  }
}

function glassFacts(glass: JsonObject): GlassFacts {
  return {
    people: textsOf(glass.people),
    functions: textsOf(glass.functions),
    forMsMax: numberOf(glass.forMsMax),
    acr: textsOf(glass.acr),
    amr: textsOf(glass.amr),
    signedInWithinMs: numberOf(glass.signedInWithinMs),
    reviewers: textsOf(glass.reviewers),
    reviewWithinMs: numberOf(glass.reviewWithinMs),
    usesPer30Days: numberOf(glass.usesPer30Days),
  }
}

function objectsOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

/** What is no number allows nothing. */
function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
