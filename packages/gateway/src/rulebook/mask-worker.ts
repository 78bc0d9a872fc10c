import { parentPort } from 'node:worker_threads'
import { type ArgumentMasking, MaskError } from '../mask/plan.ts'
import { argumentMaskingOf } from './argument-masking.ts'
import { openDetector } from './detection-plan.ts'
import type { MaskAnswer, MaskJob } from './mask-thread.ts'

/**
 * The thread in which long arguments are masked: compiles the same rules from the rulebook's own words, and answers
 * each job in its order, whole or not at all. What is wrong with one body is told of that body only.
 */
let rulebook = ''
const maskings = new Map<string, ArgumentMasking>()

parentPort?.on('message', ({ id, ...job }: { id: number } & MaskJob) => {
  parentPort?.postMessage({ id, ...answerTo(job) })
})

function answerTo({ rules, asked }: MaskJob): MaskAnswer {
  const { values, body, from, key } = asked
  try {
    const { apply, applyToBody } = maskingFor(rules)
    const masked = apply(values, { from, key })
    return { masked: { ...masked, body: body && applyToBody(body, { from, key }) } }
  } catch (thrown) {
    // A fault's own words could hold what it failed on.
    return { problem: thrown instanceof MaskError ? thrown.message : 'masking failed' }
  }
}

/** One rulebook is in force at a time; calls that began under the one before are few. */
function maskingFor({ digest, detection, fn }: MaskJob['rules']): ArgumentMasking {
  if (digest !== rulebook) maskings.clear()
  rulebook = digest
  const known = maskings.get(fn.id)
  if (known !== undefined) return known
  const made = argumentMaskingOf(fn, openDetector(detection))
  maskings.set(fn.id, made)
  return made
}
