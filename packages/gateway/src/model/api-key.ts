/** A key issued by the gateway to a caller without an identity provider. The key itself is never stored. */
export type ApiKey = {
  /** `key_…`, public. */
  readonly id: string
  /** SHA-256 of the whole key, hex. A key has 256 random bits, so a fast hash is enough. */
  readonly hash: string
  readonly name: string
  readonly kind: 'agent' | 'workload' | 'service'
  readonly groups: readonly string[]
  /** Function ids, or `<connection>.*`. Never empty. */
  readonly scope: readonly string[]
  readonly createdBy: string
  readonly createdAt: number
  readonly expiresAt: number
  readonly revokedAt?: number
}
