import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Accepted, Identified } from './stage.ts'

/** Proof → principal. Comes before the body is read, so a stranger costs no memory. */
export async function identify(gate: Gate, at: Accepted): Promise<Identified> {
  if (!at.call.proof) {
    throw new Refusal('unauthenticated', {
      detail: 'Send an access token or an API key as `Authorization: Bearer …`.',
    })
  }
  return { ...at, stage: 'identified', principal: await gate.identify(at.call) }
}
