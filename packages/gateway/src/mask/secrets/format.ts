import { alphabetNumber, alphabetsOf as theirAlphabetsOf } from './alphabet.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const alphabetsOf = theirAlphabetsOf

/** One documented form of a token: what it looks like, whose it is, and where the vendor says so. */
export type Format = {
  /** Part of the rule's name: `secret/<id>`. */
  readonly id: string
  /** Literal text and `<alphabet:count>` or `<alphabet:least,most>`, such as `ghp_<alnum:36>`. */
  readonly pattern: string
  /** The page of the vendor's documentation that shows it. */
  readonly source: string
  /** 0 to 100; `defaultConfidence` where the form alone is unmistakable. */
  readonly confidence?: number
  /** The value has to hold digits and letters of both cases: the form alone is that of a word. */
  readonly mixed?: boolean
  /** Letters of both cases: the form alone is that of a name in lower case. */
  readonly cases?: boolean
  /** Some are shown to everybody, and are none (`published.ts`). */
  readonly published?: boolean
  /** Its last six characters are the CRC-32 of the thirty before them: right ones prove it. */
  readonly crc?: boolean
}

/** The confidence of a format that does not say. */
export const defaultConfidence = 95

/** A piece of a format: literal text, or a run out of an alphabet. */
export type Part = {
  readonly text: Uint8Array | undefined
  /** The number of the alphabet of a run. */
  readonly alphabet: number
  readonly least: number
  readonly most: number
}

/** The parts of a pattern. Throws what is wrong with it: patterns are code, written at build time. */
export function partsOf(pattern: string): readonly Part[] {
  const parts: Part[] = []
  for (const piece of pattern.split(/(<[a-z0-9]+:[0-9,]+>)/)) {
    if (piece === '') continue
    const run = /^<([a-z0-9]+):([0-9]+)(?:,([0-9]+))?>$/.exec(piece)
    if (run === null) {
      const text = new TextEncoder().encode(piece)
      parts.push({ text, alphabet: -1, least: text.length, most: text.length })
      continue
    }
    const alphabet = alphabetNumber(run[1] ?? '')
    if (alphabet < 0) throw new Error(`the pattern ${pattern} names no known alphabet`)
    const least = Number(run[2])
    const most = run[3] === undefined ? least : Number(run[3])
    parts.push({ text: undefined, alphabet, least, most })
  }
  return parts
}

/**
 * Where a run of one alphabet ends, remembered while a cell is scanned: tokens that begin inside one
 * another ask for the same run again, and would make the scan quadratic.
 */
export class RunEnds {
  readonly #from = new Int32Array(32 * slots)
  readonly #to = new Int32Array(32 * slots)
  #used = false

  /** Forgets all: another cell begins. */
  clear(): void {
    if (this.#used) this.#to.fill(0)
    this.#used = false
  }

  /** The first byte from `at` on, before `to`, that is not of the alphabet. `slot`: which part asks. */
  endOf(bytes: Uint8Array, at: number, to: number, alphabet: number, slot: number): number {
    const index = ((slot < slots ? slot : slots - 1) << 5) | alphabet
    const known = this.#to[index] ?? 0
    if (at < known && at >= (this.#from[index] ?? 0)) return known
    const bit = 1 << alphabet
    let end = at
    while (end < to && ((alphabetsOf[bytes[end] ?? 0] ?? 0) & bit) !== 0) end++
    this.#from[index] = at
    this.#to[index] = end
    this.#used = true
    return end
  }
}

/** Parts of a format that remember their own run. */
const slots = 4

/**
 * The end of what the parts from the one numbered `first` on match at `at`, or -1. Each run takes all
 * it can get and gives nothing back, so the time is linear; a last run that would go on beyond its most
 * is another form.
 */
export function matchParts(
  parts: readonly Part[],
  first: number,
  bytes: Uint8Array,
  at: number,
  to: number,
  runs: RunEnds,
): number {
  let position = at
  for (let index = first; index < parts.length; index++) {
    const part = parts[index]
    if (part === undefined || position + part.least > to) return -1
    const { text } = part
    if (text !== undefined) {
      for (let offset = 0; offset < text.length; offset++) {
        if (bytes[position + offset] !== text[offset]) return -1
      }
      position += text.length
      continue
    }
    const end = runs.endOf(bytes, position, to, part.alphabet, index)
    if (end - position < part.least) return -1
    if (end - position > part.most) {
      const last = index === parts.length - 1
      if (last && !endsSentence(bytes, position + part.most, end)) return -1
      position += part.most
    } else position = end
  }
  return position
}

/** Only full stops are left of a run: they end the sentence, not the token. */
function endsSentence(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from
  while (at < to && at - from < 3 && bytes[at] === 0x2e) at++
  return at === to
}
