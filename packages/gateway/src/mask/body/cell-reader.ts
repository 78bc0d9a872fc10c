import type { SpanStrategy } from '../../model/detection.ts'
import type { Cell, Span } from '../detect/cell.ts'
import { mayHold, classes as theirClasses } from '../detect/classes.ts'
import { empty } from '../detect/finding.ts'
import type { Fate } from '../detect/resolve.ts'
import { scanCell } from '../detect/scan.ts'
import { type Detection, fateOf, verdictOn } from '../detection.ts'
import type { FindingCount } from '../finding-count.ts'
import { OwnMarks } from '../own-marks.ts'
import { standIn } from '../span-strategy.ts'
import { utf8 } from '../utf8.ts'
import { beginsJson } from './begins-json.ts'
import { customSpans } from './custom-spans.ts'
import { emptied, isEmptying } from './emptied.ts'
import { type Encoded, eachEncoded, mayBeEncoded } from './encoded.ts'
import { type Escapes, type FoldedText, mustFold } from './fold.ts'
import { holdInText } from './hold.ts'
import { eachCellOfJson, type TextKind } from './json-in-text.ts'
import type { KnownNames } from './known-names.ts'
import { explainingFrom, hasEscape, isSame, Levels } from './levels.ts'
import { type Edit, mergeEdits } from './merged-edits.ts'
import { isFraction, wholeNumber } from './ordinary.ts'
import { isMoment, isSum, wantsSure } from './ordinary-cells.ts'
import type { RawCell } from './raw-cell.ts'
import { type SpanSeen, Telling, type Told } from './telling.ts'
import { traits as theirTraits } from './traits.ts'
import { writtenMark, writtenText } from './written-mark.ts'

// The compiler knows the constants of a module; what is imported is loaded at each use.
const classes = theirClasses
const traits = theirTraits

/** Of a text: `traitsOf` of its bytes ORed, how many are digits, and what the name of its field says. */
export type Traits = { readonly traits: number; readonly digits: number; readonly hint: number }

/**
 * Finds what a cell holds, in every way it may be written: escaped, in characters that look alike, as
 * JSON in a string, percent-encoded or as base64. One of these reads cell after cell.
 */
export class CellReader {
  readonly detection: Detection
  readonly #marks: OwnMarks
  readonly telling: Telling
  readonly #edits: Edit[] = []
  /** What was found in the cell so far, by its place and entity. */
  readonly #known = new Set<string>()
  readonly #told: Told[] = []
  readonly #spans: Span[] = []
  readonly #levels = new Levels()
  readonly #custom: boolean
  /** Nothing counts that has to be supported by what stands around it. */
  readonly #surely: boolean
  readonly #scan: { -readonly [Member in keyof Cell]: Cell[Member] } = { ...noCell }
  readonly #traits = { flags: 0, digits: 0, bytes: 0, hint: 0 }
  #cell: RawCell | undefined
  /** How often the cell was looked at so far, in one way or another. */
  #readings = 0
  /** How what stands in for a value is written. */
  readonly #written = {
    ...{ escapes: 'none' as Escapes, number: false },
    ...{ levels: this.#levels.escapes, depth: 0 },
  }
  /** What is scanned was decoded from this stretch of the cell, which becomes one mark if anything is found. */
  #encoded: { start: number; end: number; depth: number; found: boolean } | undefined
  /** How many texts that only begin like JSON the string stands in that is read. */
  #broken = 0
  /** Whether the cell itself was unescaped and folded, into the first level. */
  #folded = false
  /** Whether anything was found in the cell last read, be it let be by a rule. */
  foundAny = false

  constructor(options: {
    readonly detection: Detection
    readonly key: Uint8Array
    readonly found: FindingCount
    readonly seen?: SpanSeen | undefined
    readonly eachLook?: boolean | undefined
  }) {
    this.detection = options.detection
    this.#custom = options.detection.custom.length > 0
    this.#surely = wantsSure(options.detection.wanted)
    this.#marks = new OwnMarks(options.key)
    this.telling = new Telling(options)
  }

  /** Keys in which what this plan looks for was never found. */
  get names(): KnownNames {
    return this.detection.names
  }

  /** False: nothing would be found in a string of a body, whatever it says. */
  mayFind(seen: number, digits: number, bytes: number, hint: number): boolean {
    if (this.#mustRead(seen)) return true
    if (this.#mayHold(seen, digits, bytes, hint)) return true
    // Base64 is one long word.
    return bytes >= encodedBytesMin && ((seen & classes.space) === 0 || bytes >= proseBytes)
  }

  /** The same of a string that is there to be looked at. */
  mayFindIn(bytes: Uint8Array, from: number, to: number, of: Traits): boolean {
    const { traits: seen, digits, hint } = of
    if (this.#mustRead(seen)) return true
    if (
      this.#mayHold(seen, digits, to - from, hint) &&
      !isMoment(bytes, from, to, of, this.#surely)
    )
      return true
    return mayBeEncoded(bytes, from, to)
  }

  /** The same of a JSON number. */
  mayBeNumber(bytes: Uint8Array, from: number, to: number, hint: number): boolean {
    if (this.#custom) return true
    if (!this.#mayHold(classes.digit, to - from, to - from, hint)) return false
    return !isSum(bytes, from, to, hint, this.#surely)
  }

  #mustRead(seen: number): boolean {
    return (seen & (classes.wide | traits.backslash | traits.percent)) !== 0 || this.#custom
  }

  #mayHold(seen: number, digits: number, bytes: number, hint: number): boolean {
    const asked = this.#traits
    asked.flags = seen & 0xff
    asked.digits = digits
    asked.bytes = bytes
    asked.hint = hint
    return mayHold(asked)
  }

  /** What changes in the cell, ascending; valid until the next cell is read. */
  read(cell: RawCell): readonly Edit[] {
    const edits = this.look(cell)
    for (const one of this.#told) this.telling.tell(one)
    return edits
  }

  /** What changes in the cell last read, as `read` gave it. */
  get edits(): readonly Edit[] {
    return this.#edits
  }

  /** What was found in it, for whoever looks at one text more than once. Valid as the edits are. */
  get told(): readonly Told[] {
    return this.#told
  }

  /** As `read`, but nothing is counted. */
  look(cell: RawCell): readonly Edit[] {
    empty(this.#edits)
    empty(this.#told)
    if (this.#known.size > 0) this.#known.clear()
    this.foundAny = false
    this.#readings = 0
    this.#cell = cell
    const { bytes, from, to, kind, hint, escapes } = cell
    this.#levels.depth = 0
    this.#broken = 0
    this.#folded =
      (cell.traits & mustFold[escapes]) !== 0 ||
      escapes === 'form' ||
      (escapes !== 'json' && beginsJson(bytes, from, to))
    if (this.#folded) this.#deeper(bytes, from, to, escapes, kind, hint)
    else this.#plain(bytes, from, to, cell)
    if (this.#edits.length > 1) mergeEdits(this.#edits)
    this.telling.looked(this.#told)
    return this.#edits
  }

  /** The first byte of the cell last read that may belong to a value of which more is to come. */
  hold(): number {
    const cell = this.#cell
    if (cell === undefined) return 0
    const text = this.#folded ? this.#levels.first : undefined
    if (text === undefined) return holdInText(cell.bytes, cell.from, cell.to)
    return text.origin(holdInText(text.bytes, 0, text.length))
  }

  /** Reads one level deeper: as JSON, and as the text it is where it only begins like JSON. */
  #deeper(
    source: Uint8Array,
    from: number,
    to: number,
    escapes: Escapes,
    kind: RawCell['kind'],
    hint: number,
  ): void {
    const text = this.#levels.open(source, from, to, escapes)
    const { bytes, length, flags, digits } = text
    const mayBeJson = this.#levels.depth < depthMax && beginsJson(bytes, 0, length)
    const read = mayBeJson ? this.#json(text, hint) : 0
    // Within another such text, what is escaped in its strings is read string by string only. The deepest level is
    // read by nobody but this one.
    const again = this.#broken > 0 && this.#levels.depth + 1 < depthMax ? read : 0
    if (read < length) this.#plain(bytes, 0, length, { kind, hint, traits: flags, digits }, again)
    this.#levels.close()
  }

  /** Reads the cells of what the level begins with. Returns where the last of them ends; `length` where it is JSON to its end. */
  #json({ bytes, length }: FoldedText, hint: number): number {
    return eachCellOfJson(bytes, length, hint, (from, to, how) => {
      if (!how.whole) this.#broken += 1
      if ((how.traits & traits.backslash) === 0) this.#plain(bytes, from, to, how)
      else this.#deeper(bytes, from, to, 'json', how.kind, how.hint)
      if (!how.whole) this.#broken -= 1
    })
  }

  /**
   * Unescaped, folded bytes of the level. A field that is named for nothing may hold a sum or a time. `read`: what is
   * written before it in another way was read already, string by string.
   */
  #plain(bytes: Uint8Array, from: number, to: number, how: TextKind, read = from): void {
    this.#levels.forget()
    this.#inEachWay(bytes, from, to, how, read)
  }

  #inEachWay(bytes: Uint8Array, from: number, to: number, how: TextKind, read: number): void {
    const { kind, hint, digits } = how
    const number = kind === 'number' && isFraction(bytes, from, to)
    const sum = number && isSum(bytes, from, to, hint, this.#surely)
    const ordinary = sum || (kind !== 'number' && isMoment(bytes, from, to, how, this.#surely))
    const before = this.#edits.length
    if (!ordinary && this.#mayHold(how.traits, digits, to - from, hint)) {
      this.#scanned(bytes, from, to, how, number ? wholeNumber(bytes, from, to) : undefined)
    }
    if (this.#custom) {
      this.#readings += 2
      for (const span of customSpans(this.detection.custom, bytes, from, to)) {
        this.#take(span, bytes, how.kind, from, to)
      }
    }
    if (how.kind === 'number' || ordinary) return
    const escaped = (how.traits & escapeTraits) !== 0
    if (to - from < encodedBytesMin && !(escaped && hasEscape(bytes, from, to))) return
    // What a whole stretch of the cell was decoded from is not decoded again.
    if (this.#encoded !== undefined || this.#levels.depth >= depthMax) return
    const again = read > from ? explainingFrom(bytes, from, read) : from
    if ((how.traits & traits.backslash) !== 0 && this.#levels.count('json') < unescapedMax) {
      this.#again(bytes, again, to, 'json', how)
    }
    if ((how.traits & traits.percent) !== 0 && this.#levels.count('url') === 0) {
      this.#again(bytes, again, to, 'url', how)
    }
    if (this.#isHiddenWhole(before, from, to) || !mayBeEncoded(bytes, read, to)) return
    const hidden = this.#edits.slice(before).sort((a, b) => a.start - b.start)
    let next = 0
    eachEncoded(bytes, read, to, (encoded) => {
      const [start, end] = [this.#levels.origin(encoded.start), this.#levels.origin(encoded.end)]
      while ((hidden[next]?.end ?? end) < end) next += 1
      // A token that is hidden as a whole, such as a JWT, is not a value for each of its parts.
      if ((hidden[next]?.start ?? end) > start) this.#decoded(encoded, how.hint)
    })
  }

  /** What the text may say in another way is hidden with it. */
  #isHiddenWhole(before: number, from: number, to: number): boolean {
    const first = this.#edits[before]
    if (first === undefined) return false
    return first.start <= this.#levels.origin(from) && first.end >= this.#levels.origin(to)
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
    scan.joints = this.#levels.textOf(scan.bytes)?.joints
    this.#readings += 1
    empty(this.#spans)
    scanCell(scan, this.#spans, this.detection.wanted, this.#fateOf)
    for (let at = 0; at < this.#spans.length; at += 1) {
      const span = this.#spans[at]
      if (span !== undefined) this.#take(span, number ?? bytes, kind, from, to)
    }
  }

  /** Reads a text in which something may be escaped once more; where nothing is, it was read as it is. */
  #again(source: Uint8Array, from: number, to: number, escapes: Escapes, how: TextKind): void {
    const text = this.#levels.open(source, from, to, escapes)
    const { bytes, length } = text
    const mixed = (how.traits & escapeTraits) === escapeTraits
    if (!isSame(bytes, length, source, from, to) && !this.#levels.isRead(text, { mixed })) {
      const { flags, digits } = text
      this.#inEachWay(bytes, 0, length, { ...how, traits: flags, digits }, 0)
    }
    this.#levels.close()
  }

  #decoded({ start, end, text }: Encoded, hint: number): void {
    const [from, to] = [this.#levels.origin(start), this.#levels.origin(end)]
    this.#encoded = { start: from, end: to, depth: this.#levels.depth, found: false }
    this.#deeper(text, 0, text.length, 'none', 'string', hint)
    this.#encoded = undefined
  }

  readonly #fateOf = (span: Span): Fate => {
    this.foundAny = true
    const { bytes } = this.#scan
    if (this.#marks.hold(bytes, span)) return 'none'
    if (this.detection.hidesAll && bytes[span.start] !== openBracket) return 'hidden'
    const text = this.#needsText(bytes[span.start]) ? utf8(bytes, span.start, span.end) : ''
    return fateOf(this.detection, { span, text, open: this.#cell?.place.open })
  }

  #take(span: Span, bytes: Uint8Array, kind: RawCell['kind'], from: number, to: number): void {
    const cell = this.#cell
    if (cell === undefined || this.#marks.hold(bytes, span)) return
    this.foundAny = true
    const asked = this.#needsText(bytes[span.start]) ? utf8(bytes, span.start, span.end) : ''
    const verdict = verdictOn(this.detection, { span, text: asked, open: cell.place.open })
    if (verdict === undefined || this.#encoded?.found === true) return
    const { rule, how } = verdict
    const { type } = span
    // A mark is a string: it stands for a number with its sign and all of its digits, or for none.
    const whole = kind === 'number'
    let start = this.#encoded?.start ?? this.#levels.origin(whole ? from : span.start)
    let end = this.#encoded?.end ?? this.#levels.origin(whole ? to : span.end)
    const path = cell.place.path()
    const { emptyPlace } = this.detection
    const empties = isEmptying(rule.strategy) && how !== 'allowed'
    const empty = empties ? emptied(cell, { start, end, type }, { path, emptyPlace }) : undefined
    if (empty !== undefined && cell.quoted === true) {
      start -= 1
      end += 1
    }
    if (this.#isTold(start, end, type, how)) return
    const plain = how === 'redact' && !this.telling.hears
    const says = plain ? '' : utf8(bytes, span.start, span.end)
    const stays = how === 'keep' || how === 'allowed'
    const strategy = kind === 'key' && empties ? redact : rule.strategy
    const text = stays ? nothing : (empty ?? this.#mark(strategy, type, says, { cell, whole }))
    const told = { start, end, text, span, rule: rule.id, how, path, says }
    this.#told.push(told)
    if (stays) return
    if (this.#encoded !== undefined) this.#encoded.found = true
    this.#edits.push(told)
  }

  /** What stands in for a value of this type that says this. `whole`: for the JSON number that it is. */
  #mark(
    ofRule: SpanStrategy,
    type: string,
    says: string,
    { cell, whole }: { readonly cell: RawCell; readonly whole: boolean },
  ): Uint8Array {
    const written = this.#written
    written.escapes = cell.escapes
    written.number = whole && this.#encoded === undefined
    written.depth = this.#encoded?.depth ?? this.#levels.depth
    // A whole stretch of base64 cannot show a part of what it says.
    const strategy = this.#encoded === undefined ? ofRule : redact
    if (strategy.kind === 'redact') return writtenMark(type, written)
    return writtenText(standIn({ strategy, type, text: says, key: this.#marks.key }), written)
  }

  /** A value of an allow-list, or a mark that redaction left before. */
  #needsText(first: number | undefined): boolean {
    return this.detection.allowed.size > 0 || first === openBracket
  }

  /** What is read in two ways is found twice, and is one value all the same. */
  #isTold(start: number, end: number, type: string, how: string): boolean {
    // Finds of one reading do not overlap, but for what stands for all of a cell or stretch.
    const { kind } = this.#scan
    if (this.#readings < 2 && kind !== 'number' && this.#encoded === undefined) return false
    for (let at = this.#known.size; at < this.#told.length; at += 1) {
      const one = this.#told[at]
      if (one !== undefined) this.#known.add(`${one.start} ${one.end} ${one.span.type} ${one.how}`)
    }
    return this.#known.has(`${start} ${end} ${type} ${how}`)
  }
}

/** Of a text in which an escape may stand; with both, escapes of two kinds. */
const escapeTraits = traits.backslash | traits.percent
const nothing: Uint8Array = new Uint8Array(0)
const noCell: Cell = { bytes: nothing, from: 0, to: 0, hint: 0, kind: 'string', joints: undefined }
const redact = { kind: 'redact' } as const
const openBracket = 0x5b
/** Texts within texts. Real ones have two; what is deeper is scanned as the text it is. */
const depthMax = 8
/** Of those, how often text that is no JSON is unescaped once more. */
const unescapedMax = 3
/** A shorter text says nothing in base64. */
const encodedBytesMin = 16
/** A sentence with a stretch of base64 has so many bytes. */
const proseBytes = 18
