import { utf8Bytes } from './encoding.ts'

export const timeBytes = 8

/** What a `cosignature/v1` signs: domain, time in Unix seconds, the checkpoint (c2sp.org/tlog-cosignature). */
export function cosignatureMessage(body: string, time: number): Uint8Array {
  return utf8Bytes(`cosignature/v1\ntime ${time}\n${body}`)
}

/** Its time and its Ed25519 signature; `undefined` when it has none, or one beyond 2^53 seconds. */
export function readCosignature(
  bytes: Uint8Array,
): { readonly time: number; readonly signature: Uint8Array } | undefined {
  if (bytes.length < timeBytes) return undefined
  const time = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0)
  if (time > BigInt(Number.MAX_SAFE_INTEGER)) return undefined
  return { time: Number(time), signature: bytes.subarray(timeBytes) }
}
