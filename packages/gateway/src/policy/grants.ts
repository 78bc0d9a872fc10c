import { createHash } from 'node:crypto'
import type { FunctionDefinition, Risk } from '../model/function.ts'
import type { GrantListed } from '../model/grant.ts'
import { clauseTexts } from './clause-text.ts'
import type { ReadyPolicy } from './plan.ts'
import { principalScope } from './scope.ts'
import { cedarTokens } from './tokens.ts'

/**
 * Every permit among these policies, in order of their ids. `covered`: the functions that each policy's scope covers,
 * by the policy's id.
 */
export function listGrants(
  policies: readonly ReadyPolicy[],
  covered: ReadonlyMap<string, readonly FunctionDefinition[]>,
): readonly GrantListed[] {
  return policies
    .filter(({ source }) => source.effect === 'permit')
    .map((policy) => listed(policy, covered.get(policy.source.id) ?? []))
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
}

function listed(
  { source, cedar, grant }: ReadyPolicy,
  covered: readonly FunctionDefinition[],
): GrantListed {
  const functions = covered.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const { reason } = source.annotations
  return {
    ...grant,
    ...(reason !== undefined && { reason }),
    functions: functions.map(({ id }) => id),
    principal: principalScope(cedar),
    conditions: clauseTexts(source.text),
    content: contentOf(cedarTokens(source.text), functions),
    shape: contentOf(cedarTokens(source.text).replace(labels, ''), functions),
    tier: highest(functions.map(({ risk }) => risk)),
    text: source.text,
    file: source.file,
    line: source.line,
  }
}

/**
 * Of texts and lists of texts, with its keys in order: what JSON.stringify writes is RFC 8785. A changed owner, mask
 * or schema of a function is another digest of it.
 */
function contentOf(policy: string, functions: readonly FunctionDefinition[]): string {
  const content = {
    functions: functions.map(({ id, digest, risk }) => [id, digest, risk]),
    policy,
  }
  return `sha256:${createHash('sha256').update(JSON.stringify(content)).digest('hex')}`
}

const labels = /@ (?:id|owner|reason|review) \( "(?:\\[\s\S]|[^"\\])*" \) /g

function highest(risks: readonly Risk[]): Risk {
  return order.findLast((risk) => risks.includes(risk)) ?? 'low'
}

const order: readonly Risk[] = ['low', 'medium', 'high', 'critical']
