/** Starts the hash of a word: FNV-1a of 32 bits over its bytes, ASCII letters in lower case. */
export const emptyHash: number = 0x811c9dc5 | 0

export const hashByte = (hash: number, byte: number): number => Math.imul(hash ^ byte, 0x01000193)

/** The hash of two words in a row, from theirs. */
export const hashPair = (first: number, second: number): number =>
  Math.imul(first ^ 0x5bd1e995, 0x01000193) ^ second

/** ASCII letters in lower case, every other byte itself. */
export const lowerOf: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte,
)

export function hashText(text: string): number {
  let hash = emptyHash
  for (const byte of Buffer.from(text)) hash = hashByte(hash, lowerOf[byte] ?? 0)
  return hash
}
