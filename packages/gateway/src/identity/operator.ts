import { Refusal } from '../call/refusal.ts'
import type { OperatorConfig } from '../config/config.ts'
import { limits } from '../config/limits.ts'
import type { Party } from '../model/principal.ts'
import { sameHash } from './api-key.ts'
import { isKeyText, keyHash, newKeyText } from './key-text.ts'
import type { Person } from './person.ts'

/** A new operator key and what gateway.yaml says of it. The key is shown once and kept nowhere. */
export function issueOperatorKey(): { readonly key: string; readonly keyHash: string } {
  const key = newKeyText('spo')
  return { key, keyHash: keyHash(key) }
}

/**
 * The person behind an operator key. Refuses `unauthenticated`, with one detail for every cause. The proof
 * lasts as long as one admin session.
 */
export function verifyOperatorKey(
  key: string,
  { operators, now }: { readonly operators: readonly OperatorConfig[]; readonly now: number },
): Person {
  const hash = keyHash(key)
  const found = operators.find((operator) => sameHash(operator.keyHash, hash))
  if (!found || !isKeyText('spo', key)) {
    throw new Refusal('unauthenticated', { detail: 'The operator key is not known.' })
  }
  const subject: Party = { kind: 'user', id: `operator:${found.name}`, groups: found.groups }
  return {
    subject,
    actors: [],
    authentication: { method: 'operator', expiresAt: now + limits.adminSessionMs },
  }
}
