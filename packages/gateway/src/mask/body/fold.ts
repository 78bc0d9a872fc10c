import { classes as theirClasses } from '../detect/classes.ts'
import { Joints } from '../detect/joints.ts'
import { escapeMeanings as theirEscapeMeanings, hexDigits as theirHexDigits } from '../json-word.ts'
import { codePointAt, widthOf } from '../utf8.ts'
import { mayBePart, mayJoin, signOf } from './fold-sign.ts'
import { foldOf, folds, plainSign } from './fold-table.ts'
import { jsonEscape, readJsonEscape } from './json-escape.ts'
import { foldLookalikes } from './lookalikes.ts'
import { readReference, reference } from './reference.ts'
import { traits as theirTraits, traitsOf as theirTraitsOf } from './traits.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const classes = theirClasses
const escapeMeanings = theirEscapeMeanings
const hexDigits = theirHexDigits
const traits = theirTraits
const traitsOf = theirTraitsOf

/** In which way characters of the text may be written as something else. */
export type Escapes = 'none' | 'json' | 'url' | 'form' | 'markup' | 'table'

/** Traits of a text that detectors do not read as it stands. */
export const mustFold: Readonly<Record<Escapes, number>> = {
  none: classes.wide,
  table: classes.wide | traits.quote,
  json: classes.wide | traits.backslash,
  markup: classes.wide | traits.ampersand,
  url: classes.wide | traits.percent,
  form: classes.wide | traits.percent,
}

/**
 * A text as detectors read it, and where each of its bytes came from. One of these is used again for
 * text after text: what it holds is valid until the next `read`. No text becomes longer by being read.
 */
export class FoldedText {
  bytes: Uint8Array = nothing
  /** Where the source of each byte begins in what was read; one more than `length`, for the end. */
  #origin = nowhere
  length = 0
  /** Of what was read: class bits, and how many ASCII digits. */
  flags = 0
  digits = 0
  /** Signs that were read as marks that join. */
  readonly joints: Joints = new Joints()
  #source: Uint8Array = this.bytes
  #at = 0
  #to = 0
  /** Since the last white space: where that word begins, and whether it holds ASCII and lookalikes. */
  #word = 0
  #wordLatin = false
  #wordLookalike = false

  /** The first byte of the source that `bytes[at]` stands for; for `length`, where the source ends. */
  origin(at: number): number {
    return this.#origin[at] ?? 0
  }

  read(source: Uint8Array, from: number, to: number, escapes: Escapes): void {
    this.#grow(to - from)
    this.#source = source
    this.#at = from
    this.#to = to
    this.length = 0
    this.flags = 0
    this.digits = 0
    this.joints.clear()
    this.#beginWord()
    const stops = stopsOf[escapes]
    while (this.#at < to) {
      this.#plain(stops)
      if (this.#at < to) this.#step(escapes)
    }
    this.#endWord()
    this.#origin[this.length] = to
  }

  #grow(bytes: number): void {
    if (bytes < this.#origin.length) return
    const room = Math.max(leastRoom, 2 * bytes)
    this.bytes = new Uint8Array(room)
    this.#origin = new Int32Array(room + 1)
  }

  /** Characters that stand for themselves and short escapes of ASCII, up to anything else. */
  #plain(stops: Uint8Array): void {
    const { bytes } = this
    const source = this.#source
    const origin = this.#origin
    const to = this.#to
    let at = this.#at
    let length = this.length
    let flags = 0
    let digits = 0
    let width = 1
    for (; at < to; at += width) {
      let byte = source[at] ?? 0
      width = 1
      if (stops[byte] === 1) {
        if (byte === backslash && at + 1 < to) {
          byte = escapeMeanings[source[at + 1] ?? 0] ?? 0
          width = 2
        } else if (byte === percent) {
          const encoded = encodedByte(source, at + 1, to)
          if (encoded >= 0) {
            byte = encoded < 0x80 ? encoded : 0
            width = 3
          }
        } else break
        if (byte === 0) break
      }
      if (byte <= space) {
        if (this.#wordLookalike) break
        this.#word = length + 1
        this.#wordLatin = false
      } else this.#wordLatin = true
      const ofByte = traitsOf[byte] ?? 0
      flags |= ofByte
      digits += ofByte & classes.digit
      bytes[length] = byte
      origin[length] = at
      length += 1
    }
    this.#at = at
    this.length = length
    this.flags |= flags
    this.digits += digits
  }

  #step(escapes: Escapes): void {
    const from = this.#at
    const byte = this.#source[from] ?? 0
    if (byte < 0x80) {
      if (byte === backslash && escapes === 'json') {
        readJsonEscape(this.#source, from, this.#to)
        this.#at = jsonEscape.end
        this.#character(from, jsonEscape.codePoint)
      } else if (byte === percent && (escapes === 'url' || escapes === 'form')) this.#percent(from)
      else if (byte === ampersand && escapes === 'markup') this.#character(from, this.#reference())
      else {
        this.#at += 1
        if (byte === quote && escapes === 'table' && this.#source[this.#at] === quote) {
          // Doubled within quotes (RFC 4180 section 2); outside of them nobody writes two.
          if (this.#at < this.#to) this.#at += 1
        }
        if (byte !== 0) this.#put(from, byte === plus && escapes === 'form' ? space : byte)
      }
      return
    }
    this.#character(from, this.#utf8())
  }

  /** One ASCII byte, or one of a character beyond. */
  #put(from: number, byte: number): void {
    const ofByte = traitsOf[byte] ?? 0
    this.flags |= ofByte
    this.digits += ofByte & classes.digit
    if (byte <= space) {
      this.#endWord()
      this.#beginWord()
      this.#word += 1
    } else if (byte < 0x80) this.#wordLatin = true
    this.bytes[this.length] = byte
    this.#origin[this.length] = from
    this.length += 1
  }

  #character(from: number, codePoint: number): void {
    const fold = codePoint < 0x80 ? codePoint : foldOf(codePoint)
    // Readers in C end or drop a text at NUL; nobody sees it.
    if (codePoint === 0) return
    if (codePoint < 0x80) this.#put(from, codePoint)
    else if (fold === folds.keep || fold >= folds.lookalike) {
      this.#wordLookalike ||= fold !== folds.keep
      this.#encode(from, codePoint)
    } else if (fold > folds.sign && !mayBePart(fold, codePoint)) this.#put(from, fold)
    else if (fold !== folds.remove) this.#sign(from, codePoint, fold)
  }

  /** A mark beyond ASCII; letters on both sides of it are of two words. */
  #sign(from: number, codePoint: number, fold: number): void {
    const next = this.#characterAt(this.#at)
    const byte = signOf(fold, this.bytes, this.length, next)
    if (byte === folds.keep) {
      const at = this.length
      this.#encode(from, codePoint)
      // Behind a letter that looks like ASCII its place is not yet known. Apostrophes stand in most texts.
      if (fold !== apostrophe && !this.#wordLookalike) this.#mayPart(at)
      return
    }
    const isJoint = mayJoin(byte, this.bytes, this.length, next)
    this.#endWord()
    this.#put(from, byte)
    if (isJoint) this.#mayPart(this.length - 1)
    this.#beginWord()
  }

  #mayPart(from: number): void {
    for (let at = from; at < this.length; at += 1) {
      this.joints.add(at, this.bytes[at] ?? 0, plainSign)
    }
  }

  /** As what the character at `at` is read, if it stands there in UTF-8; -1 where nothing does. */
  #characterAt(at: number): number {
    if (at >= this.#to) return -1
    const first = this.#source[at] ?? 0
    if (first < 0x80) return first
    return at + widthOf(first) > this.#to ? -1 : foldOf(codePointAt(this.#source, at))
  }

  #encode(from: number, codePoint: number): void {
    if (codePoint < 0x800) this.#put(from, 0xc0 | (codePoint >> 6))
    else {
      if (codePoint < 0x10000) this.#put(from, 0xe0 | (codePoint >> 12))
      else {
        this.#put(from, 0xf0 | (codePoint >> 18))
        this.#put(from, 0x80 | ((codePoint >> 12) & 0x3f))
      }
      this.#put(from, 0x80 | ((codePoint >> 6) & 0x3f))
    }
    this.#put(from, 0x80 | (codePoint & 0x3f))
  }

  #beginWord(): void {
    this.#word = this.length
    this.#wordLatin = false
    this.#wordLookalike = false
  }

  /** Letters that only look like ASCII are read as it where a word mixes both; a Russian word stays one. */
  #endWord(): void {
    if (!this.#wordLookalike || !this.#wordLatin) return
    this.length = foldLookalikes(this.bytes, this.#origin, this.#word, this.length)
    this.flags |= classes.letter
  }

  /** A character in UTF-8; a byte that begins none stands for itself as U+FFFD. */
  #utf8(): number {
    const width = widthOf(this.#source[this.#at] ?? 0)
    if (this.#at + width > this.#to || width === 1) {
      this.#at += 1
      return 0xfffd
    }
    const codePoint = codePointAt(this.#source, this.#at)
    this.#at += width
    return codePoint
  }

  /** Percent-encoded bytes of one character (RFC 3986 section 2.1). */
  #percent(from: number): void {
    const first = encodedByte(this.#source, from + 1, this.#to)
    if (first < 0) {
      this.#at += 1
      this.#put(from, percent)
      return
    }
    this.#at += 3
    if (first < 0x80) {
      if (first !== 0) this.#put(from, first)
      return
    }
    const width = widthOf(first)
    if (width === 1) {
      this.#character(from, 0xfffd)
      return
    }
    encoded[0] = first
    for (let i = 1; i < width; i += 1) {
      const next =
        this.#source[this.#at] === percent ? encodedByte(this.#source, this.#at + 1, this.#to) : -1
      if (next < 0x80 || next > 0xbf) {
        this.#character(from, 0xfffd)
        return
      }
      encoded[i] = next
      this.#at += 3
    }
    this.#character(from, codePointAt(encoded, 0))
  }

  /** A character reference of XML or HTML; what is none stands for itself. */
  #reference(): number {
    if (!readReference(this.#source, this.#at, this.#to)) {
      this.#at += 1
      return ampersand
    }
    this.#at = reference.end
    return reference.codePoint
  }
}

const nothing = new Uint8Array(0)
const nowhere = new Int32Array(0)
/** Most texts that are unescaped are short. */
const leastRoom = 256
const quote = 0x22
const backslash = 0x5c
const percent = 0x25
const apostrophe = 0x27
const ampersand = 0x26
const plus = 0x2b
const space = 0x20
const encoded = new Uint8Array(4)

/** 1: the byte may not stand for itself. */
const stopsOf: Readonly<Record<Escapes, Uint8Array>> = {
  none: stopsAt([]),
  json: stopsAt([backslash]),
  url: stopsAt([percent]),
  form: stopsAt([percent, plus]),
  markup: stopsAt([ampersand]),
  table: stopsAt([quote]),
}

function stopsAt(bytes: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    byte === 0 || byte > 0x7f || bytes.includes(byte) ? 1 : 0,
  )
}

/** What two hexadecimal digits write; -1 where they are none. */
function encodedByte(bytes: Uint8Array, from: number, to: number): number {
  if (from + 2 > to) return -1
  const high = hexDigits[bytes[from] ?? 0] ?? 0
  const low = hexDigits[bytes[from + 1] ?? 0] ?? 0
  return high === 0 || low === 0 ? -1 : high * 16 + low - 17
}
