import { Refusal } from '../call/refusal.ts'
import { compileArgumentMasking } from '../mask/compile.ts'
import type { ArgumentMasking } from '../mask/plan.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { NamingFunction } from './declared-names.ts'
import type { Detector } from './detection-plan.ts'

/** How the arguments of one function are masked. Throws where its rules cannot be compiled: it is not called then. */
export function argumentMaskingOf(
  fn: Pick<FunctionDefinition, 'id' | 'argumentMasks' | 'detect' | 'mcp'> & NamingFunction,
  detector: Pick<Detector, 'inArguments'>,
): ArgumentMasking {
  const upstream = detector.inArguments(fn, 'upstream')
  const masking = compileArgumentMasking(fn.argumentMasks, {
    upstream,
    record: detector.inArguments(fn, 'record'),
  })
  if ('problems' in masking) throw new Error(`the argument masks of ${fn.id} cannot be applied`)
  if (!upstream?.rules.some(({ recognise }) => recognise !== undefined)) return masking
  // Rules about results may name a recogniser, which nobody asks about arguments: without its answer nothing goes out.
  const unless = <Masked>(from: 'upstream' | 'record', masked: () => Masked): Masked => {
    if (from === 'record') return masked()
    throw new Refusal('result-withheld', {
      detail: 'The rules ask a recogniser about it, which is asked about results only.',
    })
  }
  return {
    ...masking,
    apply: (values, asked) => unless(asked.from, () => masking.apply(values, asked)),
    applyToBody: (body, asked) => unless(asked.from, () => masking.applyToBody(body, asked)),
  }
}
