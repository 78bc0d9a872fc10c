import type { InForce } from '../call/in-force.ts'
import { compileResultMasking } from '../mask/compile.ts'
import type { DetectionPlan, ResultMasking } from '../mask/plan.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { Detector } from './detection-plan.ts'
import { kept } from './kept.ts'

/**
 * How the results of each function are masked. Compiled when first asked for and kept; a field list can only come from
 * the rulebook's own grants, so there are few. Throws where the rules cannot be compiled: the result is withheld then.
 */
export function resultMaskings(detector: Pick<Detector, 'inResult'>): InForce['resultMasking'] {
  const known = new Map<string, ResultMasking>()
  return (fn, { fields, parties }) => {
    const plan = detector.inResult(fn, parties)
    const narrow = fields.length === 0 ? '' : JSON.stringify(fields)
    const key = `${fn.id}\n${plan?.digest ?? ''}\n${narrow}`
    return kept(known, key, () => resultMaskingOf(fn, fields, plan))
  }
}

function resultMaskingOf(
  fn: FunctionDefinition,
  fields: readonly (readonly string[])[],
  plan: DetectionPlan | undefined,
): ResultMasking {
  const masking = compileResultMasking(fn.resultMasks, fields, plan, fn.mcp?.method)
  if ('problems' in masking) throw new Error(`the masks of ${fn.id} cannot be applied`)
  return masking
}
