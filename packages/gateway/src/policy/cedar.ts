import { createHash } from 'node:crypto'
import {
  type CedarValueJson,
  type DetailedError,
  type EntityJson,
  type PolicyJson,
  policyToJson,
  preparsePolicySet,
  type SchemaJson,
  statefulIsAuthorized,
  validate,
} from '@cedar-policy/cedar-wasm/nodejs'
import { policyNesting, tooNested } from './nesting.ts'

/** A policy in Cedar's own JSON form. */
export type CedarPolicy = PolicyJson
export type CedarSchema = SchemaJson<string>
export type CedarJson = CedarValueJson
export type CedarEntity = EntityJson

/** What Cedar says about one policy. Offsets count UTF-8 bytes of the policy's text. */
export type CedarComplaint = {
  readonly policy: string
  readonly message: string
  readonly hint?: string
  readonly offset?: number
}

/**
 * One policy's text to its JSON form, or what is wrong with it. Templates are something wrong. Every text comes
 * through here before anything else of Cedar sees it.
 */
export function cedarPolicy(
  text: string,
): { readonly policy: CedarPolicy } | { readonly complaint: CedarComplaint } {
  if (tooNested(text, policyNesting)) return { complaint: { policy: '', ...nestedComplaint } }
  const answer = policyToJson(text)
  if (answer.type === 'success') return { policy: answer.json }
  const [error] = answer.errors
  if (!error) return { complaint: { policy: '', message: 'Cedar cannot read this policy' } }
  return { complaint: complaint('', error) }
}

const nestedComplaint = {
  message: 'the policy nests too deep, or has too many operators',
  hint: 'write several policies, or a set: [1, 2, 3].contains(context.args.x)',
}

/** Cedar's strict validation: errors, and policies that can never apply. */
export function cedarComplaints(
  policies: Readonly<Record<string, string>>,
  schema: CedarSchema,
): readonly CedarComplaint[] {
  const answer = validate({ schema, policies: { staticPolicies: { ...policies } } })
  if (answer.type === 'failure') return answer.errors.map((error) => complaint('', error))
  const errors = answer.validationErrors.map(({ policyId, error }) => complaint(policyId, error))
  const broken = new Set(errors.map(({ policy }) => policy))
  const warnings = answer.validationWarnings
    .map(({ policyId, error }) => complaint(policyId, error))
    .filter(({ policy, message }) => !broken.has(policy) && mistakes.test(message))
  return [...errors, ...new Map(warnings.map((warning) => [warning.policy, warning])).values()]
}

/** Warnings that are mistakes: the policy can never do anything. */
const mistakes = /unable to find an applicable action|policy is impossible/

/** A policy set held ready inside Cedar. Named by its content, so that a new rulebook reuses it. */
export type PreparedSet = { readonly id: string }

export function prepareInCedar(policies: Readonly<Record<string, string>>): PreparedSet {
  const id = createHash('sha256').update(JSON.stringify(policies)).digest('hex')
  const answer = preparsePolicySet(id, { staticPolicies: { ...policies } })
  if (answer.type === 'failure') throw new Error('Cedar refused policies it has parsed before')
  return { id }
}

export type CedarRequest = {
  readonly principal: { type: string; id: string }
  readonly action: { type: string; id: string }
  readonly resource: { type: string; id: string }
  readonly context: Record<string, CedarJson>
  readonly entities: readonly CedarEntity[]
}

/** The policies that determined the answer, and those that could not be evaluated. */
export type CedarAnswer = {
  readonly allowed: boolean
  readonly determining: readonly string[]
  readonly errors: readonly { readonly policy: string; readonly message: string }[]
}

/** Throws when Cedar cannot take the request; the caller turns that into a forbid. */
export function askCedar(set: PreparedSet, request: CedarRequest): CedarAnswer {
  const answer = statefulIsAuthorized({
    ...request,
    entities: [...request.entities],
    preparsedPolicySetId: set.id,
  })
  if (answer.type === 'failure') throw new Error('Cedar could not take the request')
  const { decision, diagnostics } = answer.response
  return {
    allowed: decision === 'allow',
    determining: diagnostics.reason,
    errors: diagnostics.errors.map(({ policyId, error }) => ({
      policy: policyId,
      message: error.message,
    })),
  }
}

function complaint(policy: string, error: DetailedError): CedarComplaint {
  const [place] = error.sourceLocations ?? []
  const hint = error.help ?? place?.label
  return {
    policy,
    message: error.message
      .replace(`for policy \`${policy}\`, `, '')
      .replace('failed to parse policy from string: ', ''),
    ...(hint && { hint }),
    ...(place && { offset: place.start }),
  }
}
