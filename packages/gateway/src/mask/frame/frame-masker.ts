import type { Automaton } from '../automaton.ts'
import type { FindingCount } from '../finding-count.ts'
import { JsonMasker } from '../json-masker.ts'
import { MaskError } from '../plan.ts'
import { Splice } from '../splice.ts'
import { ChangeList } from './change-list.ts'
import { innerText } from './inner-text.ts'
import { type FramePlace, placesOf } from './places.ts'
import type { Shape } from './shapes.ts'

/** What is declared about the results of one MCP function. */
export type Declared = {
  readonly frame: Shape
  /** From what a caller means by the result. */
  readonly automaton: Automaton
  /** The rules alone, from any member of an object that nobody declared. */
  readonly anywhere: Automaton
}

/**
 * Masks whole frames by what is declared. Hides more than was declared rather than less: a text that is no JSON object
 * or array, bytes and unnamed members go when there is any rule, because no path leads into them.
 */
export class FrameMasker {
  readonly #declared: Declared
  readonly #key: Uint8Array
  readonly #found: FindingCount
  readonly #out = new Splice()
  readonly #documents: JsonMasker
  readonly #beneath: JsonMasker
  readonly #changes = new ChangeList()
  #texts: JsonMasker

  constructor(declared: Declared, key: Uint8Array, found: FindingCount) {
    this.#declared = declared
    this.#key = key
    this.#found = found
    this.#documents = this.#masker(declared.automaton, this.#out)
    this.#beneath = this.#masker(declared.anywhere, this.#out)
    this.#texts = this.#masker(declared.automaton, this.#changes)
  }

  /** The same bytes where nothing changes. Throws `MaskError` when it is no JSON. */
  mask(frame: Buffer): Buffer {
    const parts: Uint8Array[] = []
    let at = 0
    for (const place of placesOf(frame, this.#declared.frame)) {
      const before = frame.subarray(place.start, place.end)
      const after = this.#masked(place, before)
      if (after === before) continue
      parts.push(frame.subarray(at, place.start), after)
      at = place.end
    }
    return at === 0 ? frame : Buffer.concat([...parts, frame.subarray(at)])
  }

  #masked({ kind, value }: FramePlace, bytes: Buffer): Uint8Array {
    switch (kind) {
      case 'document':
        return wholeJson(bytes, this.#documents, this.#out)
      case 'beneath':
        return wholeJson(bytes, this.#beneath, this.#out)
      case 'text':
        return this.#text(bytes, value)
      case 'binary':
        return this.#instead(bytes, '""')
      case 'hidden':
        return this.#instead(bytes, standsFor[value])
    }
  }

  /** A string that may be JSON; or a number where a string should be. */
  #text(bytes: Buffer, value: FramePlace['value']): Uint8Array {
    if (value !== 'string' || bytes.length === 2) {
      return value === 'string' ? bytes : this.#instead(bytes, unreadable)
    }
    const text = innerText(bytes.subarray(1, -1))
    const changes = isContainer(text.bytes) ? this.#changesOf(text.bytes) : undefined
    if (changes === undefined) return this.#instead(bytes, unreadable)
    if (changes.length === 0) return bytes
    return Buffer.concat([quote, text.written(changes), quote])
  }

  /** Undefined: it only begins like JSON. */
  #changesOf(text: Buffer): ReturnType<ChangeList['end']> | undefined {
    try {
      wholeJson(text, this.#texts, this.#changes)
      return this.#changes.end()
    } catch (thrown) {
      if (!(thrown instanceof MaskError)) throw thrown
      this.#changes.end()
      this.#texts = this.#masker(this.#declared.automaton, this.#changes)
      return undefined
    }
  }

  #instead(bytes: Buffer, stand: string): Uint8Array {
    if (bytes.equals(Buffer.from(stand))) return bytes
    this.#found.unreadable()
    return Buffer.from(stand)
  }

  #masker(automaton: Automaton, out: Splice): JsonMasker {
    return new JsonMasker({ automaton, key: this.#key, found: this.#found, out })
  }
}

const unreadable = '"[REDACTED:unreadable]"'
const standsFor: Readonly<Record<FramePlace['value'], string>> = {
  object: '{}',
  array: '[]',
  string: unreadable,
  number: unreadable,
}
const quote = Buffer.from('"')

/** What a JSON text begins with that paths can lead into. */
function isContainer(text: Buffer): boolean {
  let at = 0
  while (blanks.includes(text[at] ?? 0)) at += 1
  return text[at] === 0x7b || text[at] === 0x5b
}

const blanks = [0x20, 0x09, 0x0a, 0x0d]

/** One JSON text, masked; the same bytes where nothing changes. */
function wholeJson(bytes: Buffer, masker: JsonMasker, out: Splice): Uint8Array {
  out.begin(bytes)
  masker.feed(bytes, 0, bytes.length)
  const masked = out.take()
  out.begin(nothing)
  masker.endText()
  const rest = out.take()
  return rest.length === 0 ? masked : Buffer.concat([masked, rest])
}

const nothing: Uint8Array = new Uint8Array(0)
