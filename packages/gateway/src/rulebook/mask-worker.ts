import { parentPort } from 'node:worker_threads'
import type { InForce } from '../call/in-force.ts'
import { type ArgumentMasking, MaskError, type Masker } from '../mask/plan.ts'
import type { FunctionDefinition } from '../model/function.ts'
import { argumentMaskingOf } from './argument-masking.ts'
import { openDetector } from './detection-plan.ts'
import { kept } from './kept.ts'
import type { ArgumentsJob, MaskAsked, MaskSaid, Numbered, ResultJob } from './mask-message.ts'
import { resultMaskings } from './result-masking.ts'
import { problemOf, ResultUnderWay } from './result-under-way.ts'

/**
 * The thread in which long bodies are masked: compiles the same rules from the rulebook's own words, and answers in the
 * order in which it is asked. What is wrong with one body is told of that body only.
 */
const results = new Map<number, ResultUnderWay>()
let maskings: Maskings | undefined

parentPort?.on('message', ({ id, ...asked }: Numbered<MaskAsked>) => {
  const say = (said: MaskSaid) => {
    if (said.kind === 'problem') results.delete(id)
    const bytes = said.kind === 'released' ? [said.bytes.buffer] : []
    parentPort?.postMessage({ id, ...said }, bytes)
  }
  if (asked.kind === 'arguments') say(argumentsMasked(asked))
  else if (asked.kind === 'open') {
    results.set(id, new ResultUnderWay(() => maskerOf(asked), say))
  } else if (asked.kind === 'drop') results.delete(id)
  else {
    const result = results.get(id)
    if (result === undefined) say({ kind: 'problem', problem: 'the body is over' })
    else result.take(asked)
    if (asked.kind === 'end') results.delete(id)
  }
})

function maskerOf({ rules, given, options, plan }: ResultJob): Masker | undefined {
  const masker = maskingsBy(rules).ofResults(rules.fn, given).masker(options)
  // A thread that starts later than the gateway may be of another version, and the record names what looked.
  if (masker?.digest !== plan) throw new MaskError('the masking thread is of another version')
  return masker
}

function argumentsMasked({ rules, asked }: ArgumentsJob): MaskSaid {
  const { values, body, from, key } = asked
  try {
    const { apply, applyToBody } = maskingsBy(rules).ofArguments(rules.fn)
    const masked = apply(values, { from, key })
    const masking = { ...masked, body: body && applyToBody(body, { from, key }) }
    return { kind: 'masked', masked: masking }
  } catch (thrown) {
    return { kind: 'problem', problem: problemOf(thrown) }
  }
}

type Maskings = {
  /** Of the rulebook they are of. */
  readonly digest: string
  readonly ofArguments: (fn: FunctionDefinition) => ArgumentMasking
  readonly ofResults: InForce['resultMasking']
}

/** One rulebook is in force at a time; calls that began under the one before are few. */
function maskingsBy({ digest, detection }: ArgumentsJob['rules']): Maskings {
  if (maskings?.digest === digest) return maskings
  const detector = openDetector(detection)
  const known = new Map<string, ArgumentMasking>()
  maskings = {
    digest,
    ofArguments: (fn) => kept(known, fn.id, () => argumentMaskingOf(fn, detector)),
    ofResults: resultMaskings(detector),
  }
  return maskings
}
