/** Where a secret is kept. The rulebook holds references; values live outside it. */
export type SecretReference = { readonly env: string } | { readonly file: string }

/** How an upstream wants its credential. `none` is said, never assumed. */
export type CredentialUse =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly secret: SecretReference }
  | { readonly kind: 'basic'; readonly username: string; readonly secret: SecretReference }
  | { readonly kind: 'header'; readonly name: string; readonly secret: SecretReference }
  | { readonly kind: 'query'; readonly name: string; readonly secret: SecretReference }

/**
 * A credential ready for use, held in memory only. `echoes` are the byte forms an upstream might
 * send back (as sent, decoded, percent-encoded, …), which the reply must never contain.
 */
export type Credential =
  | { readonly kind: 'none'; readonly echoes: readonly [] }
  | {
      readonly kind: 'header' | 'query'
      readonly name: string
      readonly value: string
      readonly echoes: readonly Uint8Array[]
    }
