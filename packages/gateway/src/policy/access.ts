import type { GrantListed, PrincipalScope } from '../model/grant.ts'
import type { Party } from '../model/principal.ts'
import { partyTypes } from './schema.ts'

/** The grants through which somebody can make calls of a function, where nothing forbids them. */
export function whoCan(grants: readonly GrantListed[], functionId: string): readonly GrantListed[] {
  return grants.filter(({ functions }) => functions.includes(functionId))
}

/** Whether a grant with this scope is given to this party. */
export function reaches(
  scope: PrincipalScope,
  { kind, id, groups }: Pick<Party, 'kind' | 'id' | 'groups'>,
): boolean {
  if (scope.type !== undefined && scope.type !== partyTypes[kind]) return false
  if (scope.kind === 'any') return true
  return scope.kind === 'party' ? scope.id === id : groups.includes(scope.group)
}
