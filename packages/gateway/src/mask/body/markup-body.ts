import { hintOf } from '../detect/hints.ts'
import type { Framing } from '../json-body.ts'
import { limits } from '../limits.ts'
import { Splice } from '../splice.ts'
import type { CellReader } from './cell-reader.ts'
import { naming, pairWord, valuing } from './json-hints.ts'
import { same } from './text-body.ts'
import { TextCells } from './text-cells.ts'
import { traitsOf } from './traits.ts'

/**
 * Between tags, in a tag, after an attribute's `=`, in its value, in a comment, in a CDATA section, in a
 * processing instruction, in the text of a script or the like.
 */
type State = 'text' | 'tag' | 'equals' | 'quoted' | 'bare' | 'comment' | Literal
/** Of these only their end means anything. */
type Literal = 'cdata' | 'instruction' | 'raw'

/**
 * XML and HTML. All bytes are in some cell: what stands between tags, comments, values of attributes,
 * and the rest of each tag, so that what a lenient reader would mend is looked at all the same. The
 * name of the element or attribute says what its text is, and of `<property name="password" value="…">` what the first
 * attribute says. `html`: as HTML is read, where the text of a
 * script is no markup, and sections and instructions end with the first `>`.
 */
export function markupBody(reader: CellReader, { html }: { readonly html: boolean }): Framing {
  const out = new Splice()
  const cells = new TextCells(reader, out, limits.windowBytes)
  const edges = new Edges(html)
  let traits = 0
  let digits = 0
  /** The end of the last chunk, which may begin what ends a cell. */
  let carry = nothing

  const add = (chunk: Uint8Array, from: number, to: number, ends: boolean) => {
    if (from < to || cells.begun) {
      const escapes = edges.literal ? 'none' : 'markup'
      const how = { kind: 'string', hint: edges.hint, escapes, path: '$' } as const
      cells.add(chunk, from, to, { ...how, traits, digits, ends })
    }
    if (!ends) return
    traits = 0
    digits = 0
  }
  return {
    push: (given) => {
      const chunk = carry.length === 0 ? given : Buffer.concat([carry, given])
      out.begin(chunk)
      let from = 0
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at] ?? 0
        const then = edges.after(byte)
        if (then !== edges.state) {
          // The byte between two cells belongs to neither, but the first one of a bare value.
          const shared = then === 'bare'
          const end = at - edges.tail
          add(chunk, from, end, true)
          if (!shared) out.copy(end, at + 1)
          from = shared ? at : at + 1
          edges.state = then
          if (!shared) continue
        }
        const ofByte = traitsOf[byte] ?? 0
        traits |= ofByte
        digits += ofByte & 1
      }
      const read = chunk.length - edges.rewind()
      add(chunk, from, read, false)
      carry = chunk.slice(read)
      return same(out.take(), chunk)
    },
    end: () => {
      out.begin(carry)
      add(carry, 0, carry.length, true)
      return out.take()
    },
  }
}

/** Where cells of markup begin and end. */
class Edges {
  state: State = 'text'
  readonly #name = new Uint8Array(nameBytesMax)
  #nameBytes = 0
  #quote = 0
  /** What the element says of its text; what the attribute read last says of its value. */
  #elementHint = 0
  #attributeHint = 0
  /** The attribute names what comes beside it; its value so far, and what that says. */
  #names = false
  readonly #pairName = new Uint8Array(nameBytesMax)
  #pairNameBytes = 0
  #pairHint = 0
  /** Bytes of the tag so far, up to what tells a comment. */
  #opening = ''
  /** Dashes that may end a comment. */
  #dashes = 0
  /** How many bytes of `<![CDATA[` came behind the `<`; -1: something else did. */
  #section = 0
  /** `</script`, where what follows the tag is a script; empty where it is markup. */
  #closer = ''
  /** How many bytes came of what ends a literal. */
  #closing = 0
  /** How many bytes before the one that ended a cell are not of the cell. */
  tail = 0
  readonly #html: boolean

  constructor(html: boolean) {
    this.#html = html
  }

  get literal(): boolean {
    return this.state === 'cdata' || this.state === 'instruction' || this.state === 'raw'
  }

  /** How many bytes at the end of a chunk have to come again, because they may end the cell. */
  rewind(): number {
    const bytes = this.literal ? this.#closing : 0
    if (this.literal) this.#closing = 0
    return bytes
  }

  /** What the name of the element or attribute says of the cell being read. */
  get hint(): number {
    if (this.state === 'text' || this.literal) return this.#elementHint
    return this.state === 'quoted' || this.state === 'bare' ? this.#attributeHint : 0
  }

  /** The state behind one more byte. */
  after(byte: number): State {
    this.tail = 0
    switch (this.state) {
      case 'text':
        if (byte !== 0x3c) return 'text'
        this.#opening = ''
        this.#nameBytes = 0
        this.#section = 0
        this.#closer = ''
        this.#pairHint = 0
        return 'tag'
      case 'cdata':
      case 'instruction':
        return this.#inSection(byte, this.state)
      case 'raw':
        return this.#inRaw(byte)
      case 'comment':
        return this.#inComment(byte)
      case 'quoted':
        return this.#inValue(byte, byte === this.#quote) ? 'tag' : 'quoted'
      case 'equals':
        return this.#behindEquals(byte)
      case 'bare':
        if (!this.#inValue(byte, byte === 0x3e || byte <= 0x20)) return 'bare'
        return byte === 0x3e ? this.#content() : 'tag'
      case 'tag':
        return this.#inTag(byte)
    }
  }

  #behindEquals(byte: number): State {
    if (byte <= 0x20) return 'equals'
    if (byte === 0x3e) return this.#content()
    this.#pairNameBytes = 0
    this.#quote = byte
    if (byte === 0x22 || byte === 0x27) return 'quoted'
    this.#inValue(byte, false)
    return 'bare'
  }

  /** A byte of an attribute's value, or the one behind it. */
  #inValue(byte: number, ends: boolean): boolean {
    if (!this.#names) return ends
    if (!ends) {
      if (this.#pairNameBytes < nameBytesMax) this.#pairName[this.#pairNameBytes] = byte
      this.#pairNameBytes += 1
      return false
    }
    const isName = this.#pairNameBytes <= nameBytesMax
    this.#pairHint = isName ? hintOf(this.#pairName, 0, this.#pairNameBytes) : 0
    // Behind a field of a page stands its label.
    if (!this.#html && this.#elementHint === 0) this.#elementHint = this.#pairHint
    return true
  }

  #inComment(byte: number): State {
    const ends = byte === 0x3e && this.#dashes >= 2
    this.#dashes = byte === 0x2d ? this.#dashes + 1 : 0
    return ends ? 'text' : 'comment'
  }

  /** Two brackets, or a question mark, and `>`. */
  #inSection(byte: number, state: 'cdata' | 'instruction'): State {
    const most = state === 'cdata' ? 2 : 1
    if (byte === 0x3e && (this.#closing === most || this.#html)) {
      this.tail = this.#closing
      return 'text'
    }
    const closes = byte === (state === 'cdata' ? 0x5d : 0x3f)
    this.#closing = closes ? Math.min(most, this.#closing + 1) : 0
    return state
  }

  /** Until the end tag of the element (HTML, section 13.2.5.14). */
  #inRaw(byte: number): State {
    const closer = this.#closer
    if (this.#closing === closer.length && (byte <= 0x20 || byte === 0x2f || byte === 0x3e)) {
      this.tail = closer.length
      this.#closer = ''
      this.#elementHint = 0
      this.#opening = '<>'
      return byte === 0x3e ? 'text' : 'tag'
    }
    const letter = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    const goesOn = letter === closer.charCodeAt(this.#closing)
    this.#closing = goesOn ? this.#closing + 1 : Number(byte === 0x3c)
    return 'raw'
  }

  /** What follows the tag. */
  #content(): State {
    this.#closing = 0
    return this.#closer === '' ? 'text' : 'raw'
  }

  /** The section or instruction that begins here. */
  #beginsLiteral(byte: number): Literal | undefined {
    this.#closing = 0
    if (this.#section < 0) return undefined
    if (this.#section === 0 && byte === 0x3f) return 'instruction'
    this.#section = byte === cdata.charCodeAt(this.#section) ? this.#section + 1 : -1
    if (this.#section < cdata.length) return undefined
    this.#nameBytes = 0
    return 'cdata'
  }

  #inTag(byte: number): State {
    const literal = this.#beginsLiteral(byte)
    if (literal !== undefined) return literal
    if (isName[byte] === 1) {
      if (this.#opening === '!' && byte === 0x2d) this.#opening = '!-'
      else if (this.#opening === '!-' && byte === 0x2d) return 'comment'
      else if (this.#nameBytes < nameBytesMax) {
        this.#name[this.#nameBytes] = byte
        this.#nameBytes += 1
      }
      return 'tag'
    }
    this.#endName()
    if (this.#opening === '' && (byte === 0x2f || byte === 0x21)) {
      this.#opening = byte === 0x21 ? '!' : '/'
    }
    if (byte === 0x3e) return this.#content()
    if (byte === 0x3d) return 'equals'
    if (byte !== 0x22 && byte !== 0x27) return 'tag'
    this.#quote = byte
    return 'quoted'
  }

  #endName(): void {
    if (this.#nameBytes === 0) return
    const word = pairWord(this.#name, 0, this.#nameBytes)
    const hint = hintOf(this.#name, 0, this.#nameBytes)
    this.#attributeHint = word === valuing && this.#pairHint !== 0 ? this.#pairHint : hint
    // The name of the element is no attribute.
    this.#names = word === naming && this.#opening === '<>'
    if (this.#opening.length <= 1) {
      this.#elementHint = this.#opening === '/' ? 0 : this.#attributeHint
      if (this.#html && this.#opening === '' && mayBeRaw(this.#nameBytes)) {
        const name = Buffer.from(this.#name.subarray(0, this.#nameBytes)).toString('latin1')
        if (isRaw.test(name)) this.#closer = `</${name.toLowerCase()}`
      }
    }
    this.#opening = '<>'
    this.#nameBytes = 0
  }
}

const cdata = '![CDATA['
/** Elements of HTML whose content is no markup. */
const isRaw = /^(?:script|style|textarea|title)$/i
/** By the length of its name. */
const mayBeRaw = (bytes: number): boolean => bytes >= 5 && bytes <= 8
/** A longer name is no name. */
const nameBytesMax = 96
const nothing: Uint8Array = new Uint8Array(0)
const isName = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte > 0x7f || /[\w:.-]/.test(String.fromCharCode(byte)) ? 1 : 0,
)
