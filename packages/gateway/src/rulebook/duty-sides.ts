import type { InForce } from '../call/in-force.ts'
import { parsePath } from '../mask/path.ts'
import type { DutySide } from '../model/duty.ts'
import { isJsonObject, type Json } from '../model/json.ts'
import type { DutyRule } from '../model/review-rules.ts'
import { isOnSide } from '../policy/duties.ts'

/** The steps of a path that leads to one place: names and positions. Or what is wrong with it. */
export function placeOf(
  path: string,
): { readonly steps: readonly (string | number)[] } | { readonly problem: string } {
  const read = parsePath(path)
  if ('problem' in read) return { problem: `The path ${read.problem}.` }
  const steps: (string | number)[] = []
  for (const { descendant, selectors } of read.segments) {
    const [selector, another] = selectors
    if (descendant || another || !selector) return { problem: onePlace }
    if (selector.kind === 'name') steps.push(selector.name)
    else if (selector.kind === 'index') steps.push(selector.index)
    else return { problem: onePlace }
  }
  return steps.length > 0 ? { steps } : { problem: onePlace }
}

const onePlace = 'The path has to lead to one place: names and positions only.'

/** Which duty rules with an object a function stands in is worked out once; what it is about, for each call. */
export function dutySidesOf(duties: readonly DutyRule[]): InForce['dutySides'] {
  const byFunction = new Map<string, readonly Aimed[]>()
  const aimed = (functionId: string): readonly Aimed[] => {
    const known = byFunction.get(functionId)
    if (known) return known
    const made = duties.flatMap((rule) => aimedAt(rule, functionId))
    byFunction.set(functionId, made)
    return made
  }
  return (fn, args) =>
    aimed(fn.id).map(({ rule, side, steps }) => ({ rule, side, object: objectAt(steps, args) }))
}

type Aimed = Pick<DutySide, 'rule' | 'side'> & { readonly steps: readonly (string | number)[] }

function aimedAt(rule: DutyRule, functionId: string): readonly Aimed[] {
  const { object } = rule
  if (!object) return []
  return (['left', 'right'] as const)
    .filter((side) => isOnSide(rule[side], functionId))
    .map((side) => {
      const place = placeOf(object[side])
      // Checked when the rulebook was read; what leads nowhere names nothing, which refuses.
      return { rule, side, steps: 'steps' in place ? place.steps : [''] }
    })
}

/** `12` and `"12"` are the same thing. What is neither text nor number nor truth names nothing. */
function objectAt(
  steps: Aimed['steps'],
  { values, exactNumber }: Parameters<InForce['dutySides']>[1],
): string | undefined {
  let at: Json | undefined = values
  for (const step of steps) {
    if (typeof step === 'number') at = Array.isArray(at) ? at[step] : undefined
    else at = isJsonObject(at) && Object.hasOwn(at, step) ? at[step] : undefined
  }
  if (typeof at === 'string') return at === '' ? undefined : at
  if (typeof at === 'boolean') return String(at)
  if (typeof at !== 'number') return undefined
  return Number.isSafeInteger(at) ? String(at) : exactNumber?.(steps.map(String))
}
