import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Guarded, Reviewed } from './stage.ts'

/**
 * Accepts or rejects the arguments, and hides those that upstream or record must not see in clear.
 * Names what is wrong and where, never a value.
 */
export function guardArguments(gate: Gate, at: Reviewed): Guarded {
  const problems = at.rules.argumentProblems(at.fn, at.args.values)
  if (problems.length > 0) {
    throw new Refusal('arguments-invalid', {
      detail: problems.map(({ pointer, problem }) => `${pointer || '/'}: ${problem}`).join('; '),
      facts: { pointers: problems.map(({ pointer }) => pointer || '/') },
    })
  }
  const masking = at.rules.argumentMasking(at.fn)
  const forwarded = masking.hidesFromUpstream ? hide(gate, at, 'upstream') : undefined
  const recorded = masking.hidesFromRecord ? hide(gate, at, 'record') : undefined
  return {
    ...at,
    stage: 'guarded',
    outbound: forwarded?.outbound ?? at.outbound,
    recordedArgs: recorded?.bytes ?? at.args.bytes,
    // Where the record must not see a value, the forwarded form must not carry it there either.
    forwardedArgs: recorded?.bytes ?? forwarded?.bytes ?? at.args.bytes,
    argumentFindings: [...(forwarded?.findings ?? []), ...(recorded?.findings ?? [])],
  }
}

/** The request with everything hidden that `from` must not see. */
function hide(gate: Gate, at: Reviewed, from: 'upstream' | 'record') {
  const masking = at.rules.argumentMasking(at.fn)
  const options = { from, key: gate.maskKey }
  const { values, findings } = masking.apply(at.args.values, options)
  const { body } = at.outbound
  const members = at.fn.http.body === 'json' && at.fn.http.bodyArgument === undefined
  const masked =
    members && body instanceof Uint8Array ? masking.applyToBody(body, options) : undefined
  return { ...at.rewrite({ values, body: masked }), findings }
}
