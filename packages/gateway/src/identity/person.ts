import type { Party } from '../model/principal.ts'

/** Somebody who signed in to the admin API: of kind `user`, and nobody acts for them. */
export type Person = {
  readonly subject: Party
  readonly actors: readonly Party[]
  readonly authentication: {
    readonly method: 'oidc' | 'operator'
    /** Unix milliseconds. */
    readonly expiresAt: number
  }
}
