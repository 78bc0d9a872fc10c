import { hash } from 'node:crypto'

/**
 * Whether a value is a key that its owner shows to everybody: those of public samples and of programs that run in
 * browsers, as gitleaks lists them beside its rule for keys of Google's APIs. Hiding them hides nothing. Kept as
 * digests, so that no scanner of this repository takes the list for a leak.
 */
export const isPublished = (bytes: Uint8Array, from: number, to: number): boolean =>
  published.has(hash('sha256', bytes.subarray(from, to)).slice(0, 32))

/** The first half of the SHA-256 of each, in hexadecimal. */
const published: ReadonlySet<string> = new Set([
  '0b476bdf9acf2123d547b5ae76f1e598',
  '2037abcaffb2b77785da716cf7ccff4f',
  '27a9a42931dff7eb2f8434e20a9bce97',
  '37f8f09bdf12c2f2eae4ead7273a62dd',
  '3a8b61d0f636b007840c0d40ba12bcf4',
  '3f370c9dd8225c63b5c77de1f785edc9',
  '49f777db995e8260da7ca9ffdf0c08d6',
  '4c98242dcadc8b29005c6b4aad526552',
  '8731261cb72d86267a32a532ebd3df42',
  'a19f89ab3555eac10c40741f6df79ecf',
  'a6c814bc555ae62c7bd8b58ec07bf559',
  'dc0fcf046c61640cbd1e8b999ada3262',
  'e4a5542bb7fd7b67e943c71ad29c34b5',
  'ea9bb1082cf95663f5faca23b8b15ef2',
  'eb540d2b6ee2a0a47c5779bc8a014178',
  'f56e323494a6ffc2064e7a955908957d',
])
