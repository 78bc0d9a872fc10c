import { hash } from 'node:crypto'
import type { Party } from '../model/principal.ts'

/** A verified identity without its conversation. `seed` is what makes one sign-in differ from the next. */
export type SessionSeed = {
  readonly parties: readonly Party[]
  readonly seed: string
}

/**
 * One authenticated conversation: the same parties, proof and name give the same id, and no caller
 * can name itself into another's. `name` is the caller's own, if it gave one.
 */
export function sessionId({ parties, seed }: SessionSeed, name: string | undefined): string {
  const ids = parties.map(({ id }) => id)
  const digest = hash('sha256', JSON.stringify([ids, seed, name ?? null]), 'base64url')
  return `ses_${digest.slice(0, 20)}`
}
