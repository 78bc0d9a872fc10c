import type { Question } from '../model/decision.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { Party } from '../model/principal.ts'
import type { CedarEntity } from './cedar.ts'
import { contextOf, entityOf, plainIp, type ReadArguments } from './context.ts'
import type { Request } from './expression.ts'
import { parseIp } from './extension.ts'
import type { CedarFacts, FunctionPlan } from './plan.ts'
import { type EntityValue, isEqual } from './value.ts'

/**
 * The question as Cedar is asked it for one of the deciding parties. An actor's request names the
 * subject as `context.onBehalfOf`; the subject's names who acts for them as `context.actor`.
 */
export function requestOf(
  party: Party,
  at: {
    readonly question: Question
    readonly plan: FunctionPlan
    readonly args: ReadArguments
    readonly approvedBy: readonly string[]
  },
): { readonly request: Request; readonly facts: () => CedarFacts } {
  const { question, plan, args, approvedBy } = at
  const isSubject = isSameParty(party, question.subject)
  const actor = isSubject ? question.parties.find((one) => !isSameParty(one, party)) : undefined
  const onBehalfOf = isSubject ? undefined : question.subject
  const context = contextOf(question, {
    reads: plan.reads,
    args: args.value,
    onBehalfOf,
    actor,
    approvedBy,
  })
  const other = actor ?? onBehalfOf
  const parties = other ? [party, other] : [party]
  const principal = entityOf(party)
  const request: Request = {
    principal,
    action: { kind: 'entity', type: 'Action', id: plan.fn.id },
    resource: { kind: 'entity', type: 'Function', id: plan.fn.id },
    context,
    isInside: hierarchy(plan.fn, parties),
  }
  return {
    request,
    facts: () => ({ entities: entitiesOf(plan.fn, parties), unreadable: blind(at) }),
  }
}

/** Parties are in their groups, the function in its connection, its action in the connection's. */
export function hierarchy(fn: FunctionDefinition, parties: readonly Party[]): Request['isInside'] {
  const known = parties.map((party) => ({ entity: entityOf(party), groups: new Set(party.groups) }))
  return (inner, outer) => {
    switch (outer.type) {
      case 'Group':
        return known.find(({ entity }) => isEqual(inner, entity))?.groups.has(outer.id) ?? false
      case 'Connection':
        return outer.id === fn.connection && inner.type === 'Function' && inner.id === fn.id
      case 'Action':
        return outer.id === fn.connection && inner.type === 'Action' && inner.id === fn.id
      default:
        return false
    }
  }
}

export function entitiesOf(
  fn: FunctionDefinition,
  parties: readonly Party[],
): readonly CedarEntity[] {
  const connection = { type: 'Connection', id: fn.connection }
  return [
    ...parties.map((party) => ({
      uid: uid(entityOf(party)),
      attrs: {},
      parents: [...new Set(party.groups)].map((id) => ({ type: 'Group', id })),
    })),
    { uid: { type: 'Function', id: fn.id }, attrs: {}, parents: [connection] },
    {
      uid: { type: 'Action', id: fn.id },
      attrs: {},
      parents: [{ type: 'Action', id: fn.connection }],
    },
  ]
}

function blind({ question, args }: { question: Question; args: ReadArguments }): string[][] {
  const paths = args.unreadable.map((path) => ['args', ...path])
  return parseIp(plainIp(question.source.ip)) ? paths : [...paths, ['source', 'ip']]
}

function isSameParty(left: Party, right: Party): boolean {
  return left.kind === right.kind && left.id === right.id
}

function uid({ type, id }: EntityValue): { type: string; id: string } {
  return { type, id }
}
