import type { Gate } from './gate.ts'
import { Refusal, refuseLocked } from './refusal.ts'
import type { Accepted, Call, Identified } from './stage.ts'

/** Proof → principal. Comes before the body is read, so a stranger costs no memory. */
export async function identify(gate: Gate, at: Accepted): Promise<Identified> {
  if (!at.call.proof) {
    throw new Refusal('unauthenticated', {
      detail: 'Send an access token or an API key as `Authorization: Bearer …`.',
    })
  }
  return { ...at, stage: 'identified', principal: await gate.identify(at.call) }
}

/**
 * Whether the proof still counts: a slow body or a slow approver takes longer than some tokens live, and
 * a key may be revoked, or a principal locked, meanwhile. Refuses `unauthenticated`.
 */
export async function confirmProof(
  gate: Gate,
  call: Call,
  facts: Refusal['facts'] = {},
): Promise<void> {
  try {
    await gate.identify(call)
  } catch (thrown) {
    if (!(thrown instanceof Refusal) || thrown.code !== 'unauthenticated') throw thrown
    if (thrown.locked) throw refuseLocked(thrown.locked, { facts })
    const detail = `${thrown.detail ?? ''} It counted when the call began: repeat it with a fresh one.`
    throw new Refusal('unauthenticated', { detail: detail.trim(), facts, cause: thrown.cause })
  }
}
