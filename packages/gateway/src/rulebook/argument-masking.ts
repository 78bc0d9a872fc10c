import { compileArgumentMasking } from '../mask/compile.ts'
import type { ArgumentMasking } from '../mask/plan.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { Detector } from './detection-plan.ts'

/** How the arguments of one function are masked. Throws where its rules cannot be compiled: it is not called then. */
export function argumentMaskingOf(
  fn: Pick<FunctionDefinition, 'id' | 'argumentMasks' | 'detect'>,
  detector: Pick<Detector, 'inArguments'>,
): ArgumentMasking {
  const masking = compileArgumentMasking(fn.argumentMasks, {
    upstream: detector.inArguments(fn, 'upstream'),
    record: detector.inArguments(fn, 'record'),
  })
  if ('problems' in masking) throw new Error(`the argument masks of ${fn.id} cannot be applied`)
  return masking
}
