import type { FunctionDefinition } from '../model/function.ts'
import type { PartyType, PrincipalScope } from '../model/grant.ts'
import type { CedarPolicy } from './cedar.ts'
import type { Request } from './expression.ts'
import { partyTypes } from './schema.ts'
import { type EntityValue, isEqual } from './value.ts'

export type PrincipalTest = (request: Request) => boolean

/** Whether a policy's scope covers this function: known before any call, so it is an index. */
export function coversFunction(policy: CedarPolicy, fn: FunctionDefinition): boolean {
  return coversAction(policy, fn) && coversResource(policy, fn)
}

/** The test of the principal, which differs by call. A template's slot, which no rulebook has, is nobody. */
export function principalTest({ principal }: CedarPolicy): PrincipalTest {
  switch (principal.op) {
    case 'All':
      return () => true
    case '==': {
      const entity = 'entity' in principal ? entityValue(principal.entity) : undefined
      return (request) => entity !== undefined && isEqual(request.principal, entity)
    }
    case 'in': {
      const group = 'entity' in principal ? entityValue(principal.entity) : undefined
      return (request) => group !== undefined && isWithin(request, group)
    }
    case 'is': {
      const type = principal.entity_type
      if (!principal.in) return (request) => request.principal.type === type
      const group = 'entity' in principal.in ? entityValue(principal.in.entity) : undefined
      return (request) =>
        request.principal.type === type && group !== undefined && isWithin(request, group)
    }
  }
}

/** The one group a principal has to be in, where the scope says so: policies are indexed by it. */
export function principalGroup({ principal }: CedarPolicy): string | undefined {
  const inside =
    principal.op === 'in' ? principal : principal.op === 'is' ? principal.in : undefined
  if (!inside || !('entity' in inside)) return undefined
  const { type, id } = entityValue(inside.entity)
  return type === 'Group' ? id : undefined
}

/** Whom a policy is about, for people to read: every principal that `principalTest` lets through is in it. */
export function principalScope({ principal }: CedarPolicy): PrincipalScope {
  switch (principal.op) {
    case 'All':
      return { kind: 'any' }
    case '==':
    case 'in':
      return 'entity' in principal ? namedScope(entityValue(principal.entity)) : { kind: 'any' }
    case 'is': {
      const type = partyTypeOf(principal.entity_type)
      const ofType = type ? { type } : {}
      if (!principal.in || !('entity' in principal.in)) return { kind: 'any', ...ofType }
      const scope = namedScope(entityValue(principal.in.entity))
      return scope.kind === 'party' ? scope : { ...scope, ...ofType }
    }
  }
}

function namedScope({ type: name, id }: EntityValue): PrincipalScope {
  const type = partyTypeOf(name)
  return type ? { kind: 'party', type, id } : { kind: 'group', group: id }
}

function partyTypeOf(name: string): PartyType | undefined {
  return Object.values(partyTypes).find((type) => type === name)
}

function isWithin(request: Request, group: EntityValue): boolean {
  return isEqual(request.principal, group) || request.isInside(request.principal, group)
}

function coversAction({ action }: CedarPolicy, fn: FunctionDefinition): boolean {
  if (action.op === 'All') return true
  if (action.op === '==') return 'entity' in action && isAction(action.entity, [fn.id])
  const listed = 'entities' in action ? action.entities : [action.entity]
  return listed.some((entity) => isAction(entity, [fn.id, fn.connection]))
}

function isAction(json: EntityJson, ids: readonly string[]): boolean {
  const { type, id } = entityValue(json)
  return type === 'Action' && ids.includes(id)
}

function coversResource({ resource }: CedarPolicy, fn: FunctionDefinition): boolean {
  switch (resource.op) {
    case 'All':
      return true
    case '==':
      return 'entity' in resource && isFunction(resource.entity, fn)
    case 'in':
      return 'entity' in resource && contains(resource.entity, fn)
    case 'is': {
      if (resource.entity_type !== 'Function') return false
      if (!resource.in) return true
      return 'entity' in resource.in && contains(resource.in.entity, fn)
    }
  }
}

type EntityJson = { __entity: { type: string; id: string } } | { type: string; id: string }

function entityValue(json: EntityJson): EntityValue {
  const { type, id } = '__entity' in json ? json.__entity : json
  return { kind: 'entity', type, id }
}

function isFunction(json: EntityJson, fn: FunctionDefinition): boolean {
  const { type, id } = entityValue(json)
  return type === 'Function' && id === fn.id
}

function contains(json: EntityJson, fn: FunctionDefinition): boolean {
  const { type, id } = entityValue(json)
  return isFunction(json, fn) || (type === 'Connection' && id === fn.connection)
}
