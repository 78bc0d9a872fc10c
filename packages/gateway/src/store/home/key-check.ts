import { createHmac } from 'node:crypto'

/** Says of which key-encryption key a database is, and nothing about the key. It stands in `meta` as `keyCheck`. */
export function keyCheckOf(kek: Uint8Array): string {
  return macOf(kek, 'key-encryption key').toString('hex')
}

export function macOf(kek: Uint8Array, what: string): Buffer {
  return createHmac('sha256', kek).update(`sallyport ${what}`).digest()
}
