import { alphabets as theirAlphabets, alphabetsOf as theirAlphabetsOf } from './alphabet.ts'
import { defaultConfidence, matchParts, type Part, partsOf, type RunEnds } from './format.ts'
import { formats } from './formats.ts'
import { isPublished } from './published.ts'
import { endsInCrc } from './token-checksum.ts'
import { PrefixTrie } from './trie.ts'
import { entropy, isPlaceholder, measure, shape as theirShape } from './value.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const alphabets = theirAlphabets
const alphabetsOf = theirAlphabetsOf
const shape = theirShape

/** A format made ready. */
type Ready = {
  readonly rule: string
  readonly parts: readonly Part[]
  readonly confidence: number
  readonly mixed: boolean
  readonly cases: boolean
  readonly published: boolean
  readonly crc: boolean
  /** Bytes of literal text it begins with. */
  readonly prefix: number
  /** It begins with a host, which may follow the label of another: `tenant.webhook.office.com`. */
  readonly host: boolean
}

/** What `matchVendor` found, when it says so. */
export const vendor: {
  rule: string
  end: number
  confidence: number
  validator: string | undefined
} = { rule: '', end: 0, confidence: 0, validator: undefined }

/**
 * False: no documented token begins at `at`, which is told from few bytes. `left`: no more bytes from `at` on
 * can be of a token.
 */
export function mayBeVendor(bytes: Uint8Array, at: number, left: number): boolean {
  if (hasPrefix(bytes, at)) return true
  if (left < leastAnchored) return false
  if (isWordy(bytes, at)) return true
  for (let index = 0; index < nearAnchors; index++) {
    if (bytes[at + (looseOffsets[index] ?? 0)] === looseBytes[index]) return true
  }
  return false
}

/** The first two bytes are those of some prefix. */
const hasPrefix = (bytes: Uint8Array, at: number): boolean =>
  (((secondsOf[bytes[at] ?? 0] ?? 0) >>> ((bytes[at + 1] ?? 0) & 31)) & 1) !== 0

/**
 * The longest documented token that begins at `at`, which is the start of a token: nothing of one
 * stands before it. True: it is in `vendor`. Most are told apart by two bytes. `left`: no more bytes
 * from `at` on can be of a token.
 */
export function matchVendor(
  bytes: Uint8Array,
  at: number,
  to: number,
  runs: RunEnds,
  left: number = to - at,
): boolean {
  vendor.end = at
  if (hasPrefix(bytes, at)) matchPrefixed(bytes, at, to, runs)
  if (left >= leastAnchored) matchAnchored(bytes, at, to, runs)
  return vendor.end > at
}

/** The first bytes are those that all but the nearest anchors have before them. */
const isWordy = (bytes: Uint8Array, at: number): boolean =>
  isWordByte(bytes[at + 1] ?? 0) && isWordByte(bytes[at + 3] ?? 0) && isWordByte(bytes[at + 5] ?? 0)

const isWordByte = (byte: number): boolean => ((alphabetsOf[byte] ?? 0) & alphabets.word) !== 0

/** So many bytes `isWordy` speaks for. */
const wordyBytes = 6

/** Formats that begin with no text: what stands far behind their beginning tells most of them apart. */
function matchAnchored(bytes: Uint8Array, at: number, to: number, runs: RunEnds): void {
  const wordy = isWordy(bytes, at)
  const last = wordy ? loose.length : nearAnchors
  for (let index = 0; index < last; index++) {
    const anchor = at + (looseOffsets[index] ?? 0)
    if (anchor >= to) break
    if (bytes[anchor] === looseBytes[index]) tryAnchored(loose[index], bytes, at, to, runs)
  }
  if (!wordy) return
  // Formats that begin with so many bytes of one word: most words are shorter.
  const end = Math.min(to, at + furthestWorded)
  let word = at + 1
  while (word < end && isWordByte(bytes[word] ?? 0)) word++
  for (let index = 0; index < worded.length; index++) {
    const anchor = at + (wordedOffsets[index] ?? 0)
    if (anchor > word || anchor >= to) return
    if (bytes[anchor] === wordedBytes[index]) tryAnchored(worded[index], bytes, at, to, runs)
  }
}

function tryAnchored(
  anchor: Anchored | undefined,
  bytes: Uint8Array,
  at: number,
  to: number,
  runs: RunEnds,
): void {
  if (anchor !== undefined && !isExtension(bytes, at)) tryFormat(anchor.ready, bytes, at, to, runs)
}

/** `video.ico-7a38…` is a file. */
const isExtension = (bytes: Uint8Array, at: number): boolean =>
  at > 1 &&
  bytes[at - 1] === 0x2e &&
  ((alphabetsOf[bytes[at - 2] ?? 0] ?? 0) & alphabets.alnum) !== 0

function matchPrefixed(bytes: Uint8Array, at: number, to: number, runs: RunEnds): void {
  const extension = isExtension(bytes, at)
  let node = 0
  for (let next = at; next < to; next++) {
    node = trie.step(node, bytes[next] ?? 0)
    if (node === 0) break
    const here = trie.valuesAt(node)
    if (here === undefined) continue
    for (const ready of here) {
      if (ready.host || !extension) tryFormat(ready, bytes, next + 1, to, runs)
    }
  }
}

/** Tries one format, whose prefix ends before `from`. */
function tryFormat(ready: Ready, bytes: Uint8Array, from: number, to: number, runs: RunEnds): void {
  let end = matchParts(ready.parts, ready.prefix > 0 ? 1 : 0, bytes, from, to, runs)
  if (end < 0) return
  // A full stop ends the sentence; no documented token ends in one.
  while (bytes[end - 1] === 0x2e) end--
  if (end <= vendor.end) return
  measure(bytes, from, end)
  if (ready.mixed && !(shape.digits > 0 && shape.lowers > 0 && shape.uppers > 0)) return
  if (ready.cases && !(shape.lowers > 0 && shape.uppers > 0)) return
  if (shape.digits === 0 && shape.joiners > 0 && entropy() < wordEntropy) return
  if (isPlaceholder(bytes, from, end)) return
  if (ready.published && isPublished(bytes, from - ready.prefix, end)) return
  const proved = ready.crc && endsInCrc(bytes, from, end)
  vendor.rule = ready.rule
  vendor.confidence = proved ? 100 : ready.confidence
  vendor.validator = proved ? 'crc32' : undefined
  vendor.end = end
}

/** Words joined by dashes have less; bits a byte, times 100. */
const wordEntropy = 380

const all: readonly Ready[] = formats.map(
  ({ id, pattern, confidence, mixed, cases, crc, published }) => {
    const parts = partsOf(pattern)
    return {
      rule: `secret/${id}`,
      parts,
      confidence: confidence ?? defaultConfidence,
      mixed: mixed === true,
      cases: cases === true,
      published: published === true,
      crc: crc === true,
      prefix: parts[0]?.text?.length ?? 0,
      host: /^[a-z.]+\.[a-z]+\//.test(pattern),
    }
  },
)

const prefixed = all.flatMap((ready) => {
  const text = ready.parts[0]?.text
  return text === undefined ? [] : [[text, ready] as const]
})

const trie = new PrefixTrie(prefixed)

/** For each first byte of a prefix, by the low bits of the second: what is no prefix is told by the trie. */
const secondsOf = new Uint32Array(256)
for (const [text] of prefixed) {
  const first = text[0] ?? 0
  const bits = text.length === 1 ? -1 : 1 << ((text[1] ?? 0) & 31)
  secondsOf[first] = (secondsOf[first] ?? 0) | bits
}

/** A format that begins with runs of a fixed length: one byte behind them says whether it may be one. */
type Anchored = {
  readonly offset: number
  readonly byte: number
  /** All before that byte is of one word. */
  readonly worded: boolean
  readonly ready: Ready
}

const anchored: readonly Anchored[] = all
  .filter((ready) => ready.prefix === 0)
  .map((ready) => {
    const text = ready.parts.findIndex((part) => part.text !== undefined)
    const runsBefore = ready.parts.slice(0, text)
    if (text < 0 || runsBefore.some((part) => part.least !== part.most)) {
      throw new Error(`the format ${ready.rule} begins with no text and no run of fixed length`)
    }
    const offset = runsBefore.reduce((sum, part) => sum + part.most, 0)
    const isWorded = runsBefore.every(({ alphabet }) => isWithin(alphabet, alphabets.word))
    const byte = ready.parts[text]?.text?.[0] ?? 0
    return { offset, byte, worded: isWorded, ready }
  })
  .sort((one, other) => one.offset - other.offset)

/** Every byte of the alphabet of this number is of the alphabet of that bit. */
function isWithin(alphabet: number, bit: number): boolean {
  return alphabetsOf.every((sets) => (sets & (1 << alphabet)) === 0 || (sets & bit) !== 0)
}

/** No token of these formats has fewer bytes. */
const leastAnchored = Math.min(
  ...anchored.map(({ ready }) => ready.parts.reduce((sum, part) => sum + part.least, 0)),
)

const worded = anchored.filter((one) => one.worded && one.offset >= wordyBytes)
const wordedOffsets = Int32Array.from(worded, ({ offset }) => offset)
const wordedBytes = Uint8Array.from(worded, ({ byte }) => byte)
const furthestWorded = Math.max(...wordedOffsets)
const loose = anchored.filter((one) => !worded.includes(one))
const looseOffsets = Int32Array.from(loose, ({ offset }) => offset)
const looseBytes = Uint8Array.from(loose, ({ byte }) => byte)
/** How many anchors stand too near for `isWordy`. */
const nearAnchors = loose.filter(({ offset }) => offset < wordyBytes).length
