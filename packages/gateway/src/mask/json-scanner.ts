import { traits as theirTraits, traitsOf as theirTraitsOf } from './body/traits.ts'
import { afterNumberByte, endsNumber, numberMinus, numberWhole, numberZero } from './json-number.ts'
import { escapeMeanings, escapeWidth, literals, wordEnd } from './json-word.ts'
import { limits } from './limits.ts'
import { MaskError } from './plan.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const [traits, traitsOf] = [theirTraits, theirTraitsOf]

/**
 * What a scanner tells as it goes. Positions are indexes into the chunk being scanned; what begins in
 * one chunk may end in another.
 */
export type JsonEvents = {
  /** A container begins. False: nothing more is told about it but its end. */
  readonly open: (at: number, container: { readonly array: boolean }) => boolean
  /** A container whose inside was told has ended with the byte before `to`. */
  readonly close: (to: number) => void
  /** A container whose inside was not told has ended. */
  readonly closeUntold: (to: number) => void
  readonly comma: (at: number) => void
  /** A key begins with the quote at `at`. */
  readonly key: (at: number) => void
  /** It ended with the byte before `to`; `escaped` when it holds a backslash. */
  readonly keyEnd: (to: number, escaped: boolean) => void
  readonly scalar: (at: number, firstByte: number) => void
  readonly scalarEnd: (to: number) => void
}

/** Whoever takes whole tokens, one call for each: cheaper where nothing depends on how they began. */
export type JsonTokens = {
  /**
   * Takes the key that begins at `from` if it is the one that followed the last key before: records have
   * the same keys in the same order. Behind its quote; -1 where it has to be read.
   */
  readonly foretold: (chunk: Uint8Array, from: number, to: number) => number
  /** `chunk[from, to)` with its quotes; `seen`: `traitsOf` of its bytes ORed. */
  readonly key: (chunk: Uint8Array, from: number, to: number, seen: number) => void
  readonly string: (chunk: Uint8Array, from: number, to: number, seen: number) => void
  readonly number: (chunk: Uint8Array, from: number, to: number) => void
  readonly open: (array: boolean) => void
  readonly close: () => void
  /** The next element of an array. */
  readonly element: () => void
}

const expectValue = 0
const expectValueOrEnd = 1
const expectKey = 2
const expectKeyOrEnd = 3
const expectColon = 4
const afterValue = 5
const afterText = 6
const inString = 7
const inKey = 8
const inNumber = 9
const inLiteral = 10
const failed = 11

const bytesAtOnce = 2_048
const nothing: Uint8Array = new Uint8Array(0)
const quote = 0x22
const backslash = 0x5c

/**
 * A JSON text (RFC 8259) read byte by byte, in chunks cut anywhere. Throws `MaskError` at the first
 * byte that no JSON text has there; content of strings is only checked for what JSON's grammar asks.
 */
export class JsonScanner {
  readonly #events: JsonEvents
  readonly #tokens: JsonTokens | undefined
  readonly #isArray: boolean[] = []
  #state = expectValue
  #depth = 0
  /** The depth of the container whose inside is not told; 0 while everything is. */
  #untold = 0
  /** In an escape: hexadecimal digits still to come, or -1 right after the backslash. */
  #escape = 0
  #escaped = false
  #number = numberMinus
  #literal: Uint8Array = nothing
  #literalAt = 0
  #started = false
  /** Of the string that was read last, so far: `traitsOf` of its bytes ORed, and how many are digits. */
  traits = 0
  digits = 0

  /** With `tokens`, only what a chunk cuts off is told to `events`. */
  constructor(events: JsonEvents, tokens?: JsonTokens) {
    this.#events = events
    this.#tokens = tokens
  }

  scan(chunk: Uint8Array, from: number, to: number): void {
    let at = from
    while (at < to) {
      switch (this.#state) {
        case inString:
        case inKey:
          at = this.#string(chunk, at, to)
          break
        case inNumber:
          at = this.#digits(chunk, at, to)
          break
        case inLiteral:
          at = this.#letters(chunk, at, to)
          break
        case failed:
          throw this.#fail()
        default:
          at =
            this.#tokens === undefined
              ? this.#structure(chunk, at, to)
              : this.#run(chunk, at, to, this.#tokens)
      }
    }
  }

  /** Whole tokens. What is none in this chunk, or needs a closer look, goes the long way. */
  #run(chunk: Uint8Array, from: number, to: number, tokens: JsonTokens): number {
    let at = from
    let state = this.#state
    // A loop that is left now and then is compiled whole, and not for the one body that it reads.
    const stop = Math.min(to, from + bytesAtOnce)
    while (at < stop) {
      const byte = chunk[at] ?? 0
      if (byte === quote) {
        const isKey = state === expectKey || state === expectKeyOrEnd
        const known = isKey ? tokens.foretold(chunk, at, to) : -1
        const end = known < 0 ? this.#stringEnd(chunk, at + 1, to) : known
        if (end < 0) break
        if (isKey) {
          if (known < 0) tokens.key(chunk, at, end, this.traits)
          state = expectColon
          at = end
          if (chunk[at] !== 0x3a || at >= to) continue
          state = expectValue
          at += 1
        } else if (state === expectValue || state === expectValueOrEnd) {
          this.#started = true
          tokens.string(chunk, at, end, this.traits)
          state = this.#depth === 0 ? afterText : afterValue
          at = end
        } else break
      } else if (byte === 0x2c) {
        if (state !== afterValue) break
        const array = this.#isArray[this.#depth] === true
        state = array ? expectValue : expectKey
        if (array) tokens.element()
        at += 1
      } else if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) at += 1
      else if (byte === 0x3a) {
        if (state !== expectColon) break
        state = expectValue
        at += 1
      } else if (byte === 0x7b || byte === 0x5b || byte === 0x7d || byte === 0x5d) {
        this.#state = state
        if (byte === 0x7b || byte === 0x5b) this.#open(at, byte === 0x5b)
        else this.#close(at + 1, byte === 0x5d)
        state = this.#state
        at += 1
      } else {
        const end = state <= expectValueOrEnd ? wordEnd(chunk, at, to) : -1
        if (end < 0) break
        this.#started = true
        if (byte <= 0x39) tokens.number(chunk, at, end)
        state = this.#depth === 0 ? afterText : afterValue
        at = end
      }
    }
    this.#state = state
    return at < stop ? this.#structure(chunk, at, to) : at
  }

  /** Behind the quote that ends the string; -1 where it does not end here or is no string. */
  #stringEnd(chunk: Uint8Array, from: number, to: number): number {
    let seen = 0
    let at = from
    while (at < to) {
      // Four at once: what stops a run is the highest bit.
      while (at + 3 < to) {
        const four =
          (traitsOf[chunk[at] ?? 0] ?? 0) |
          (traitsOf[chunk[at + 1] ?? 0] ?? 0) |
          (traitsOf[chunk[at + 2] ?? 0] ?? 0) |
          (traitsOf[chunk[at + 3] ?? 0] ?? 0)
        if (four >= traits.stop) break
        seen |= four
        at += 4
      }
      const ofByte = traitsOf[chunk[at] ?? 0] ?? 0
      if (ofByte < traits.stop) {
        seen |= ofByte
        at += 1
      } else if (chunk[at] === quote) {
        this.traits = seen
        return at + 1
      } else {
        const width = chunk[at] === backslash ? escapeWidth(chunk, at, to) : 0
        if (width === 0) return -1
        seen |= traits.backslash
        at += width
      }
    }
    return -1
  }

  /** The text ends at `to` and another may begin. True when there was a text, false when there was nothing. */
  end(to: number): boolean {
    if (this.#state === inNumber) this.#endNumber(to)
    if (this.#state === afterText) {
      this.#state = expectValue
      this.#started = false
      return true
    }
    if (this.#started || this.#state !== expectValue) throw this.#fail()
    return false
  }

  #fail(): MaskError {
    this.#state = failed
    return new MaskError('The text is not valid JSON.')
  }

  #structure(chunk: Uint8Array, from: number, to: number): number {
    let at = from - 1
    while (++at < to) {
      const byte = chunk[at] ?? 0
      if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue
      const state = this.#state
      if (byte === quote) {
        if (state === expectKey || state === expectKeyOrEnd) {
          this.#state = inKey
          if (this.#untold === 0) this.#events.key(at)
        } else if (state === expectValue || state === expectValueOrEnd) {
          this.#beginScalar(inString, at, byte)
        } else throw this.#fail()
        this.#escaped = false
        this.traits = 0
        this.digits = 0
        // Most strings end in the chunk they begin in, and the structure goes on behind them.
        at = this.#string(chunk, at + 1, to) - 1
        if (this.#state >= inString) return at + 1
        continue
      }
      if (byte === 0x2c) {
        if (state !== afterValue) throw this.#fail()
        this.#state = this.#isArray[this.#depth] === true ? expectValue : expectKey
        if (this.#tokens !== undefined) {
          if (this.#state === expectValue) this.#tokens.element()
        } else if (this.#untold === 0) this.#events.comma(at)
      } else if (byte === 0x3a) {
        if (state !== expectColon) throw this.#fail()
        this.#state = expectValue
      } else if (byte === 0x7b || byte === 0x5b) this.#open(at, byte === 0x5b)
      else if (byte === 0x7d || byte === 0x5d) this.#close(at + 1, byte === 0x5d)
      else return this.#beginWord(at, byte)
    }
    return to
  }

  #open(at: number, array: boolean): void {
    if (this.#state > expectValueOrEnd) throw this.#fail()
    if (this.#depth === limits.depth) {
      this.#state = failed
      throw new MaskError(`The text nests deeper than ${limits.depth} containers.`)
    }
    this.#started = true
    this.#depth += 1
    this.#isArray[this.#depth] = array
    this.#state = array ? expectValueOrEnd : expectKeyOrEnd
    if (this.#tokens !== undefined) this.#tokens.open(array)
    else if (this.#untold === 0 && !this.#events.open(at, { array })) this.#untold = this.#depth
  }

  #close(to: number, array: boolean): void {
    const empty = array ? expectValueOrEnd : expectKeyOrEnd
    const fits = this.#depth > 0 && this.#isArray[this.#depth] === array
    if (!fits || (this.#state !== afterValue && this.#state !== empty)) throw this.#fail()
    const depth = this.#depth
    this.#depth -= 1
    this.#state = this.#depth === 0 ? afterText : afterValue
    if (this.#tokens !== undefined) this.#tokens.close()
    else if (this.#untold === 0) this.#events.close(to)
    else if (this.#untold === depth) {
      this.#untold = 0
      this.#events.closeUntold(to)
    }
  }

  #beginScalar(state: number, at: number, byte: number): void {
    this.#started = true
    this.#state = state
    if (this.#untold === 0) this.#events.scalar(at, byte)
  }

  #endScalar(to: number): void {
    this.#state = this.#depth === 0 ? afterText : afterValue
    if (this.#untold === 0) this.#events.scalarEnd(to)
  }

  /** A number or a literal begins. */
  #beginWord(at: number, byte: number): number {
    if (this.#state > expectValueOrEnd) throw this.#fail()
    const literal = literals[byte]
    if (literal !== undefined) {
      this.#literal = literal
      this.#literalAt = 1
      this.#beginScalar(inLiteral, at, byte)
      return at + 1
    }
    if (byte === 0x2d) this.#number = numberMinus
    else if (byte === 0x30) this.#number = numberZero
    else if (byte > 0x30 && byte <= 0x39) this.#number = numberWhole
    else throw this.#fail()
    this.#beginScalar(inNumber, at, byte)
    return at + 1
  }

  #string(chunk: Uint8Array, from: number, to: number): number {
    let at = from
    while (at < to) {
      if (this.#escape !== 0) {
        this.#escapeByte(chunk[at] ?? 0)
        at += 1
        continue
      }
      let seen = this.traits
      let digits = this.digits
      while (at < to) {
        const ofByte = traitsOf[chunk[at] ?? 0] ?? 0
        if (ofByte >= traits.stop) break
        seen |= ofByte
        digits += ofByte & 1
        at += 1
      }
      this.traits = seen
      this.digits = digits
      if (at === to) return to
      const byte = chunk[at]
      at += 1
      if (byte === quote) {
        if (this.#state === inString) this.#endScalar(at)
        else {
          this.#state = expectColon
          if (this.#untold === 0) this.#events.keyEnd(at, this.#escaped)
        }
        return at
      }
      if (byte !== backslash) throw this.#fail()
      this.#escaped = true
      this.traits |= traits.backslash
      // An escape that is whole in this chunk is passed at once; another one byte by byte.
      const width = escapeWidth(chunk, at - 1, to)
      if (width > 0) at += width - 1
      else this.#escape = -1
    }
    return to
  }

  #escapeByte(byte: number): void {
    if (this.#escape > 0) {
      const lower = byte | 0x20
      const hex = (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66)
      if (!hex) throw this.#fail()
      this.#escape -= 1
    } else if (byte === 0x75) this.#escape = 4
    else if (escapeMeanings[byte] !== 0) this.#escape = 0
    else throw this.#fail()
  }

  #letters(chunk: Uint8Array, from: number, to: number): number {
    let at = from
    while (at < to && this.#literalAt < this.#literal.length) {
      if (chunk[at] !== this.#literal[this.#literalAt]) throw this.#fail()
      this.#literalAt += 1
      at += 1
    }
    if (this.#literalAt === this.#literal.length) this.#endScalar(at)
    return at
  }

  #digits(chunk: Uint8Array, from: number, to: number): number {
    for (let at = from; at < to; at += 1) {
      const next = afterNumberByte(this.#number, chunk[at] ?? 0)
      if (next === undefined) {
        this.#endNumber(at)
        return at
      }
      this.#number = next
    }
    return to
  }

  #endNumber(to: number): void {
    if (endsNumber[this.#number] !== true) throw this.#fail()
    this.#endScalar(to)
  }
}
