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
  /**
   * How and when they proved who they are, as their identity provider says (OpenID Connect Core section 2: `acr`,
   * `amr`, `auth_time`). `signedInAt` is Unix milliseconds, never in the future. Absent where it does not say when:
   * then nothing shows that it was just now.
   */
  readonly assurance?: {
    readonly acr?: string
    readonly amr: readonly string[]
    readonly signedInAt: number
  }
}
