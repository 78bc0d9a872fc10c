/** Where a secret is kept. The rulebook holds references; values live outside it. */
export type SecretReference = { readonly env: string } | { readonly file: string }

/** How an upstream wants its credential. `none` is said, never assumed. */
export type CredentialUse =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer'; readonly secret: SecretReference }
  | { readonly kind: 'basic'; readonly username: string; readonly secret: SecretReference }
  | { readonly kind: 'header'; readonly name: string; readonly secret: SecretReference }
  | { readonly kind: 'query'; readonly name: string; readonly secret: SecretReference }
  | OauthClient

/**
 * The gateway is a client of the upstream's authorization server and gets tokens for itself (RFC 6749 section 4.4).
 * `secret` is the client's: what it says, or the private key that it signs with, as PEM.
 */
export type OauthClient = {
  readonly kind: 'oauth'
  /** The token endpoint. */
  readonly tokenUrl: string
  readonly clientId: string
  readonly secret: SecretReference
  /** Scopes, separated by spaces; absent: whatever the server gives. */
  readonly scope?: string
  /** What the token is for (RFC 8707). */
  readonly resource?: string
  /**
   * How the client proves itself: HTTP Basic, or in the form (RFC 6749 section 2.3.1), or by a token of its own, signed
   * (RFC 7523 section 2.2).
   */
  readonly authentication: 'basic' | 'post' | 'private_key_jwt'
  /** The authorization server by its identifier: who alone is to take what was signed. */
  readonly issuer?: string
}

/**
 * A credential ready for use, held in memory only. `echoes` are the byte forms an upstream might
 * send back (as sent, decoded, percent-encoded, …), which the reply must never contain.
 */
export type Credential =
  /** Nothing is sent; the upstream may have a secret in its environment. */
  | { readonly kind: 'none'; readonly echoes: readonly Uint8Array[] }
  | {
      readonly kind: 'header' | 'query'
      readonly name: string
      readonly value: string
      readonly echoes: readonly Uint8Array[]
      /** To be told that an upstream did not take it (RFC 9110 section 15.5.2), where another can be got. */
      readonly onRefused?: () => void
    }
