import { covers } from '../../../call/authorize.ts'
import type { Question } from '../../../call/follow-up.ts'
import type { Principal } from '../../../model/principal.ts'

/**
 * Whether a question of these parties' own is there for how they ask: at an address of its connection, by a proof that
 * covers its function. What one proof may not call it may not learn the result of either.
 */
export function isInReach(
  { functionId }: Pick<Question, 'functionId'>,
  { principal, endpoint }: { readonly principal: Principal; readonly endpoint: string },
): boolean {
  const { scope } = principal
  if (scope && !scope.some((entry) => covers(entry, functionId))) return false
  return endpoint === '' || endpoint === connectionOf({ functionId })
}

/** The id of a function begins with that of its connection, which holds no dot. */
export function connectionOf({ functionId }: Pick<Question, 'functionId'>): string {
  return functionId.slice(0, functionId.indexOf('.'))
}
