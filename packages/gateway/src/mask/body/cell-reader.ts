import type { Span } from '../detect/cell.ts'
import { classes, mayHold } from '../detect/classes.ts'
import type { Fate } from '../detect/resolve.ts'
import { scanCell } from '../detect/scan.ts'
import { type Detection, fateOf, verdictOn } from '../detection.ts'
import type { FindingCount } from '../finding-count.ts'
import type { SpanFound } from '../plan.ts'
import { standIn } from '../span-strategy.ts'
import { beginsJson } from './begins-json.ts'
import { customSpans } from './custom-spans.ts'
import { type Encoded, eachEncoded } from './encoded.ts'
import { type Escapes, FoldedText } from './fold.ts'
import { holdInText } from './hold.ts'
import { JsonHints } from './json-hints.ts'
import { type WalkEvents, walkJson } from './json-walk.ts'
import type { KnownNames } from './known-names.ts'
import { isFraction, isTime, wholeNumber } from './ordinary.ts'
import { traits } from './traits.ts'
import { escapeText } from './write-text.ts'

/** Where a cell stands. */
export type Place = {
  /** As the record names it: keys that are names of fields, `*` for everything else. */
  readonly path: () => string
  /** The places of rules that cover it; undefined: paths mean nothing here. */
  readonly open: ReadonlySet<number> | undefined
}

/** A cell as it stands in a body. Whoever reads cells keeps one of these and changes it. */
export type RawCell = {
  bytes: Uint8Array
  from: number
  to: number
  kind: 'string' | 'number' | 'key' | 'line'
  hint: number
  /** `traitsOf` of its bytes ORed, and how many of them are digits. */
  traits: number
  digits: number
  escapes: Escapes
  place: Place
}

/** `bytes[start, end)` of the cell become `text`, which is written as the cell's escapes want. */
export type Edit = { readonly start: number; readonly end: number; readonly text: Uint8Array }

/** Told of every value that was found; offsets as those of the cell. */
export type SpanSeen = (span: SpanFound) => void

/**
 * Finds what a cell holds, in every way it may be written: escaped, in characters that look alike, as
 * JSON in a string, percent-encoded or as base64. One of these reads cell after cell.
 */
export class CellReader {
  readonly #detection: Detection
  readonly #key: Uint8Array
  readonly #found: FindingCount
  readonly #seen: SpanSeen | undefined
  readonly #edits: Edit[] = []
  /** What was found in the cell so far, by its place and entity. */
  readonly #told = new Set<string>()
  readonly #spans: Span[] = []
  /** The cell as it was unescaped and folded, and what was found escaped within that, and so on. */
  readonly #levels: FoldedText[] = []
  readonly #custom: boolean
  readonly #scan = { bytes: nothing, from: 0, to: 0, hint: 0, kind: 'string' as RawCell['kind'] }
  readonly #traits = { flags: 0, digits: 0, bytes: 0, hint: 0 }
  #cell: RawCell | undefined
  /** How many levels stand between the text that is scanned and the cell. */
  #depth = 0
  /** How the levels have to be written again, from the cell inwards. */
  readonly #escapes: Escapes[] = []
  /** What is scanned was decoded from this stretch of the cell, which becomes one mark if anything is found. */
  #encoded: { start: number; end: number; depth: number; found: boolean } | undefined
  /** Whether the cell itself was unescaped and folded, into the first level. */
  #folded = false
  /** Whether anything was found in the cell last read, be it let be by a rule. */
  foundAny = false

  constructor(options: {
    readonly detection: Detection
    readonly key: Uint8Array
    readonly found: FindingCount
    readonly seen?: SpanSeen | undefined
  }) {
    this.#detection = options.detection
    this.#custom = options.detection.custom.length > 0
    this.#key = options.key
    this.#found = options.found
    this.#seen = options.seen
  }

  /** Keys in which what this plan looks for was never found. */
  get names(): KnownNames {
    return this.#detection.names
  }

  /** False: nothing would be found in such a JSON string, whatever it says. */
  mayFind(seen: number, digits: number, bytes: number, hint: number): boolean {
    if ((seen & (classes.wide | traits.backslash | traits.percent)) !== 0 || this.#custom)
      return true
    const asked = this.#traits
    asked.flags = seen
    asked.digits = digits
    asked.bytes = bytes
    asked.hint = hint
    if (mayHold(asked)) return true
    // Base64 is one long word.
    return bytes >= encodedBytesMin && ((seen & classes.space) === 0 || bytes >= proseBytes)
  }

  /** What changes in the cell, ascending; valid until the next `read`. */
  read(cell: RawCell): readonly Edit[] {
    this.#edits.length = 0
    this.#told.clear()
    this.foundAny = false
    this.#cell = cell
    this.#depth = 0
    const { bytes, from, to, kind, hint, escapes } = cell
    this.#folded =
      (cell.traits & mustFold[escapes]) !== 0 ||
      escapes === 'form' ||
      (escapes !== 'json' && beginsJson(bytes, from, to))
    if (this.#folded) this.#descend(bytes, from, to, escapes, () => this.#text(kind, hint))
    else this.#plain(bytes, from, to, cell)
    if (this.#edits.length > 1) this.#merge()
    return this.#edits
  }

  /** The first byte of the cell last read that may belong to a value of which more is to come. */
  hold(): number {
    const cell = this.#cell
    if (cell === undefined) return 0
    const text = this.#folded ? this.#levels[0] : undefined
    if (text === undefined) return holdInText(cell.bytes, cell.from, cell.to)
    return text.origin(holdInText(text.bytes, 0, text.length))
  }

  /** Reads one level deeper, and goes on there. */
  #descend(
    bytes: Uint8Array,
    from: number,
    to: number,
    escapes: Escapes,
    then: (text: FoldedText) => void,
  ): void {
    const text = this.#levels[this.#depth] ?? new FoldedText()
    this.#levels[this.#depth] = text
    text.read(bytes, from, to, escapes)
    this.#escapes[this.#depth] = escapes
    this.#depth += 1
    then(text)
    this.#depth -= 1
  }

  /** The level last read: JSON and the text behind it; as text too where it only begins like JSON. */
  #text(kind: RawCell['kind'], hint: number): void {
    const text = this.#levels[this.#depth - 1]
    if (text === undefined) return
    const { bytes, length, flags, digits } = text
    const json = this.#depth < depthMax && beginsJson(bytes, 0, length)
    const rest = json ? Math.max(0, this.#json(text, hint)) : 0
    if (rest < length) this.#plain(bytes, rest, length, { kind, hint, traits: flags, digits })
  }

  /** Where the JSON value ends that the level begins with, -1 where it is none; its cells were read. */
  #json(text: FoldedText, hint: number): number {
    const hints = new JsonHints()
    hints.reset(hint)
    const { bytes } = text
    const cell = (
      from: number,
      to: number,
      how: { kind: RawCell['kind']; hint: number; traits: number; digits: number },
    ) => {
      if ((how.traits & traits.backslash) === 0) this.#plain(bytes, from, to, how)
      else this.#descend(bytes, from, to, 'json', () => this.#text(how.kind, how.hint))
    }
    const events: WalkEvents = {
      open: (array) => hints.open(array),
      close: () => hints.close(),
      element: () => hints.element(),
      key: (from, to, of, digits) => {
        hints.key(bytes, from, to)
        cell(from, to, { kind: 'key', hint: 0, traits: of, digits })
      },
      string: (from, to, of, digits) => {
        const hint = hints.next
        hints.string(bytes, from, to)
        cell(from, to, { kind: 'string', hint, traits: of, digits })
      },
      number: (from, to) => {
        const how = { kind: 'number' as const, hint: hints.next, traits: classes.digit }
        this.#plain(bytes, from, to, { ...how, digits: to - from })
      },
    }
    return walkJson(bytes, 0, text.length, events)
  }

  /** Unescaped, folded bytes of the level. A field that is named for nothing may hold a sum or a time. */
  #plain(
    bytes: Uint8Array,
    from: number,
    to: number,
    how: { kind: RawCell['kind']; hint: number; traits: number; digits: number },
  ): void {
    const fraction = how.kind === 'number' && isFraction(bytes, from, to)
    const number = fraction ? wholeNumber(bytes, from, to) : undefined
    const tooShort = number === undefined || number.length < identifyingDigits
    const ordinary = how.hint === 0 && (fraction ? tooShort : isTime(bytes, from, to))
    const asked = this.#traits
    asked.flags = how.traits & 0xff
    asked.digits = how.digits
    asked.bytes = to - from
    asked.hint = how.hint
    const before = this.#edits.length
    if (!ordinary && mayHold(asked)) this.#scanned(bytes, from, to, how, number)
    if (this.#custom) {
      for (const span of customSpans(this.#detection.custom, bytes, from, to)) {
        this.#take(span, bytes, how.kind, from, to)
      }
    }
    if (how.kind === 'number' || ordinary || to - from < encodedBytesMin) return
    // What a whole stretch of the cell was decoded from is not decoded again.
    if (this.#encoded !== undefined || this.#depth >= depthMax) return
    if ((how.traits & traits.backslash) !== 0 && this.#levelsOf('json') < unescapedMax) {
      this.#descend(bytes, from, to, 'json', (text) => this.#again(text, how))
    }
    if ((how.traits & traits.percent) !== 0 && this.#levelsOf('url') === 0) {
      this.#descend(bytes, from, to, 'url', (text) => this.#again(text, how))
    }
    const hidden = this.#edits.slice(before).sort((a, b) => a.start - b.start)
    let next = 0
    eachEncoded(bytes, from, to, (encoded) => {
      const [start, end] = [this.#origin(encoded.start), this.#origin(encoded.end)]
      while ((hidden[next]?.end ?? end) < end) next += 1
      // A token that is hidden as a whole, such as a JWT, is not a value for each of its parts.
      if ((hidden[next]?.start ?? end) > start) this.#decoded(encoded, how.hint)
    })
  }

  #scanned(
    bytes: Uint8Array,
    from: number,
    to: number,
    { kind, hint }: { kind: RawCell['kind']; hint: number },
    number?: Uint8Array,
  ): void {
    const scan = this.#scan
    scan.bytes = number ?? bytes
    scan.from = number === undefined ? from : 0
    scan.to = number?.length ?? to
    scan.hint = hint
    scan.kind = kind
    this.#spans.length = 0
    scanCell(scan, this.#spans, this.#detection.wanted, this.#fateOf)
    for (let at = 0; at < this.#spans.length; at += 1) {
      const span = this.#spans[at]
      if (span !== undefined) this.#take(span, number ?? bytes, kind, from, to)
    }
  }

  /** How many levels of what is being read were written so. */
  #levelsOf(escapes: Escapes): number {
    let count = 0
    for (let level = 0; level < this.#depth; level += 1) {
      if (this.#escapes[level] === escapes) count += 1
    }
    return count
  }

  /** A text in which something was escaped once more. */
  #again(text: FoldedText, how: { kind: RawCell['kind']; hint: number }): void {
    if (text.length === 0) return
    const { bytes, length, flags, digits } = text
    this.#plain(bytes, 0, length, { ...how, traits: flags, digits })
  }

  #decoded({ start, end, text }: Encoded, hint: number): void {
    const [from, to] = [this.#origin(start), this.#origin(end)]
    this.#encoded = { start: from, end: to, depth: this.#depth, found: false }
    this.#descend(text, 0, text.length, 'none', () => this.#text('string', hint))
    this.#encoded = undefined
  }

  readonly #fateOf = (span: Span): Fate => {
    this.foundAny = true
    const text = utf8(this.#scan.bytes, span.start, span.end)
    return fateOf(this.#detection, { span, text, open: this.#cell?.place.open })
  }

  #take(span: Span, bytes: Uint8Array, kind: RawCell['kind'], from: number, to: number): void {
    const cell = this.#cell
    if (cell === undefined) return
    this.foundAny = true
    const text = utf8(bytes, span.start, span.end)
    const verdict = verdictOn(this.#detection, { span, text, open: cell.place.open })
    if (verdict === undefined || this.#encoded?.found === true) return
    const { rule, how } = verdict
    const { type } = span
    // A mark is a string: it stands for a number with its sign and all of its digits, or for none.
    const whole = kind === 'number'
    const start = this.#encoded?.start ?? this.#origin(whole ? from : span.start)
    const end = this.#encoded?.end ?? this.#origin(whole ? to : span.end)
    // What is read in two ways is found twice, and is one value all the same.
    const told = `${start} ${end} ${type} ${how}`
    if (this.#told.has(told)) return
    this.#told.add(told)
    this.#found.span({ rule: rule.id, how, path: cell.place.path(), span })
    if (this.#seen !== undefined) {
      this.#seen({ type, rule: span.rule, confidence: span.confidence, start, end })
    }
    if (how === 'keep' || how === 'allowed') return
    if (this.#encoded !== undefined) this.#encoded.found = true
    // A whole stretch of base64 cannot show a part of what it says.
    const strategy = this.#encoded === undefined ? rule.strategy : redact
    const stand = standIn({ strategy, type, text, key: this.#key })
    const levels = this.#encoded?.depth ?? this.#depth
    this.#edits.push({ start, end, text: this.#write(stand, kind, cell, levels) })
  }

  #write(stand: string, kind: RawCell['kind'], cell: RawCell, levels: number): Uint8Array {
    let text = kind === 'number' && this.#encoded === undefined ? JSON.stringify(stand) : stand
    for (let level = levels - 1; level >= 0; level -= 1) {
      text = escapeText(text, this.#escapes[level] ?? 'none')
    }
    if (levels === 0 && kind !== 'number') text = escapeText(text, cell.escapes)
    return Buffer.from(text)
  }

  /** Where in the cell a byte of the level comes from. */
  #origin(at: number): number {
    let place = at
    for (let level = this.#depth - 1; level >= 0; level -= 1) {
      place = this.#levels[level]?.origin(place) ?? place
    }
    return place
  }

  /** Of edits that overlap, found in two readings of one text, the union becomes the first's mark. */
  #merge(): void {
    const sorted = this.#edits.toSorted((a, b) => a.start - b.start || b.end - a.end)
    this.#edits.length = 0
    for (const edit of sorted) {
      const last = this.#edits.at(-1)
      if (last === undefined || edit.start >= last.end) this.#edits.push(edit)
      else if (edit.end > last.end) {
        this.#edits[this.#edits.length - 1] = { ...last, end: edit.end }
      }
    }
  }
}

const nothing: Uint8Array = new Uint8Array(0)
const redact = { kind: 'redact' } as const
/** Traits of a text that detectors do not read as it stands. */
const mustFold: Readonly<Record<Escapes, number>> = {
  none: classes.wide,
  table: classes.wide | traits.quote,
  json: classes.wide | traits.backslash,
  markup: classes.wide | traits.ampersand,
  url: classes.wide | traits.percent,
  form: classes.wide | traits.percent,
}
/** Texts within texts. Real ones have two; what is deeper is scanned as the text it is. */
const depthMax = 8
/** Of those, how often text that is no JSON is unescaped once more. */
const unescapedMax = 3
/** A shorter text says nothing in another encoding. */
const encodedBytesMin = 16
/** A sentence with a stretch of base64 has so many bytes. */
const proseBytes = 18
/** A whole number that is written with a fraction and has fewer digits is a sum. */
const identifyingDigits = 9

function utf8(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString()
}
