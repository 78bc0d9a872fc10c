import type { InForce } from '../call/in-force.ts'
import type { FunctionDefinition, Risk } from '../model/function.ts'
import type { Rulebook } from '../model/rulebook.ts'
import type { TimedGrant } from '../model/timed-grant.ts'

/** What a timed grant is asked for about: its functions as they are in force now. */
export function contentsOf(
  { rulebook }: Pick<InForce, 'rulebook'>,
  functions: readonly string[],
): NonNullable<TimedGrant['about']> {
  const known = indexOf(rulebook)
  return functions.flatMap((id) => {
    const fn = known.get(id)
    return fn ? [{ function: id, digest: fn.digest }] : []
  })
}

/** Whether one of its functions is another now, or none. What it was given for is not known: it is another. */
export function isOtherNow(
  rules: Pick<InForce, 'rulebook'>,
  { functions, about = [] }: TimedGrant,
): boolean {
  const now = indexOf(rules.rulebook)
  const then = new Map(about.map((one) => [one.function, one.digest]))
  return functions.some((id) => {
    const digest = now.get(id)?.digest
    return digest === undefined || digest !== then.get(id)
  })
}

/** The highest risk of what it covers; of what is no more, the highest there is. */
export function tierOf({ rulebook }: Pick<InForce, 'rulebook'>, { functions }: TimedGrant): Risk {
  const known = indexOf(rulebook)
  const found = functions.map((id) => known.get(id)?.risk ?? 'critical')
  return risks.find((risk) => found.includes(risk)) ?? 'critical'
}

/** Made once for each rulebook: every call by a timed grant asks. */
function indexOf(rulebook: Rulebook): ReadonlyMap<string, FunctionDefinition> {
  const known = indexes.get(rulebook)
  if (known) return known
  const made = new Map(rulebook.functions.map((fn) => [fn.id, fn]))
  indexes.set(rulebook, made)
  return made
}

const indexes = new WeakMap<Rulebook, ReadonlyMap<string, FunctionDefinition>>()

const risks: readonly Risk[] = ['critical', 'high', 'medium', 'low']
