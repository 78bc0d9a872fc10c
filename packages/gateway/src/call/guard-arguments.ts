import type { ArgumentMasking, ArgumentsAside } from '../mask/plan.ts'
import { isJsonObject, type Json } from '../model/json.ts'
import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Guarded, Reviewed } from './stage.ts'

/**
 * Accepts or rejects the arguments, and hides those that upstream or record must not see in clear.
 * Names what is wrong and where, never a value.
 */
export async function guardArguments(gate: Gate, at: Reviewed): Promise<Guarded> {
  const problems = at.rules.argumentProblems(at.fn, at.args.values)
  if (problems.length > 0) {
    throw new Refusal('arguments-invalid', {
      detail: problems.map(({ pointer, problem }) => `${pointer || '/'}: ${problem}`).join('; '),
      facts: { pointers: problems.map(({ pointer }) => pointer || '/') },
    })
  }
  const masking = at.rules.argumentMasking(at.fn)
  const forwarded = masking.hidesFromUpstream ? await hide(gate, at, 'upstream') : undefined
  const recorded = masking.hidesFromRecord ? await hide(gate, at, 'record') : undefined
  return {
    ...at,
    stage: 'guarded',
    outbound: forwarded?.outbound ?? at.outbound,
    recordedArgs: recorded?.bytes ?? at.args.bytes,
    // Where the record must not see a value, the forwarded form must not carry it there either.
    forwardedArgs: recorded?.bytes ?? forwarded?.bytes ?? at.args.bytes,
    argumentFindings: [
      ...(at.hidden ?? []),
      ...(forwarded?.findings ?? []),
      ...(recorded?.findings ?? []),
    ],
  }
}

/** The request with everything hidden that `from` must not see. */
async function hide(gate: Gate, at: Reviewed, from: 'upstream' | 'record') {
  const masking = at.rules.argumentMasking(at.fn)
  const { values, parts, bytes } = at.args
  const sent = at.outbound.protocol === 'http' ? at.outbound.body : (parts?.values ?? bytes)
  const { http } = at.fn
  const members = !http || (http.body === 'json' && http.bodyArgument === undefined)
  const body = members && sent instanceof Uint8Array ? sent : undefined
  const asked = { values, body, from, key: gate.maskKey }
  const size = { bytes: at.args.bytes.length }
  const { findings, ...masked } = (await masking.aside?.(asked, size)) ?? here(masking, asked)
  if (!parts) return { ...at.rewrite(masked), findings }
  const { findings: more, ...rest } = answersHidden(masking, parts.answers, asked)
  return { ...at.rewrite({ ...masked, ...rest }), findings: [...findings, ...more] }
}

/** No argument, and hidden by the same rules. */
function answersHidden(
  masking: ArgumentMasking,
  answers: Uint8Array,
  { from, key }: ArgumentsAside,
): Pick<ReturnType<ArgumentMasking['apply']>, 'findings'> & { readonly answers: Uint8Array } {
  const values: Json = JSON.parse(Buffer.from(answers).toString('utf8'))
  const { findings } = masking.apply(isJsonObject(values) ? values : {}, { from, key })
  return { findings, answers: masking.applyToBody(answers, { from, key }) }
}

function here(masking: ArgumentMasking, { values, body, ...options }: ArgumentsAside) {
  return {
    ...masking.apply(values, options),
    body: body && masking.applyToBody(body, options),
  }
}
