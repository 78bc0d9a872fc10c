import type { Hmac } from 'node:crypto'
import type { Automaton, Node, Rule } from './automaton.ts'
import type { CellReader } from './body/cell-reader.ts'
import { JsonCells, type TokenKind } from './body/json-cells.ts'
import { Bytes } from './bytes.ts'
import type { FindingCount } from './finding-count.ts'
import { type JsonEvents, JsonScanner } from './json-scanner.ts'
import { limits } from './limits.ts'
import { MaskError } from './plan.ts'
import type { Splice } from './splice.ts'
import { maskScalar, newHmac, pseudonym, type ScalarKind, unescapeJson } from './strategy.ts'

/** A container that is being walked through. */
type Frame = { node: Node; array: boolean; index: number; kept: boolean }

/** What becomes of the value that is being swallowed; undefined stands for the allow-list's drop. */
type Swallow = {
  readonly rule: Rule | undefined
  readonly dropped: boolean
  readonly kind: ScalarKind | 'container'
  /** Reads a container whose pseudonym is wanted. */
  readonly hmac: Hmac | undefined
  /** Collects a scalar whose mask depends on it. */
  readonly keep: boolean
}

/**
 * Masks JSON texts as they stream by. Everything outside masked values is copied as it is. Between two
 * values, where the next may turn out to be dropped, comma and key are held back until that is known,
 * so that what remains is JSON with the right commas.
 */
export class JsonMasker implements JsonEvents {
  readonly #automaton: Automaton
  readonly #key: Uint8Array
  readonly #out: Splice
  readonly #found: FindingCount
  readonly #scanner: JsonScanner
  readonly #frames: Frame[] = []
  #depth = 0
  /** Where the value stands that comes next. */
  #next: Node
  #chunk: Uint8Array = nothing
  /** What of the chunk is still to be copied, held or swallowed begins here. */
  #from = 0
  #holding = false
  #holdsComma = false
  readonly #held: Bytes = new Bytes(limits.heldBytes)
  #swallow: Swallow | undefined
  readonly #scalar: Bytes = new Bytes(limits.maskedScalarBytes)
  #inKey = false
  #keyFrom = 0
  readonly #keyBytes: Bytes
  /** What looks at strings, numbers and keys that no rule hides; undefined: nothing does. */
  readonly #cells: JsonCells | undefined
  /** The token being passed that is looked at, and where in the chunk it began. */
  #token: TokenKind | undefined
  #tokenFrom = 0

  constructor(options: {
    readonly automaton: Automaton
    readonly key: Uint8Array
    readonly out: Splice
    readonly found: FindingCount
    /** Finds values by what they look like, in the places that its rules are limited to. */
    readonly reader?: CellReader | undefined
    readonly places?: Automaton | undefined
    /** Which strings are pieces of a text that others read as a whole. */
    readonly isPiece?: ((path: string) => boolean) | undefined
  }) {
    this.#automaton = options.automaton
    this.#key = options.key
    this.#out = options.out
    this.#found = options.found
    this.#next = options.automaton.root
    this.#keyBytes = new Bytes(options.automaton.keyBytesMax)
    this.#cells = options.reader && this.#makeCells({ ...options, reader: options.reader })
    // Where no rule leads anywhere, containers and commas mean nothing but to the cells.
    this.#scanner = new JsonScanner(this, options.automaton.root.idle ? this.#cells : undefined)
  }

  /** Reads on; the bytes may end anywhere. */
  feed(chunk: Uint8Array, from: number, to: number): void {
    this.#chunk = chunk
    this.#from = from
    this.#keyFrom = from
    this.#tokenFrom = from
    this.#scanner.scan(chunk, from, to)
    if (this.#inKey) this.#keyBytes.add(chunk, this.#keyFrom, to)
    if (this.#swallow !== undefined) this.#collect(this.#swallow, to)
    else {
      if (this.#token !== undefined) {
        this.#cells?.suspend(chunk, this.#tokenFrom, to, this.#token, this.#scanner)
      }
      this.#emit(to)
    }
    this.#cells?.chunkEnds()
    if (this.#holding) this.#checkHeld(this.#from)
  }

  /** The text ends here; another may begin. False when there was none. Throws when it is cut off. */
  endText(): boolean {
    this.#from = 0
    this.#tokenFrom = 0
    const any = this.#scanner.end(0)
    this.#cells?.reset()
    this.#next = this.#automaton.root
    return any
  }

  /** Bytes kept from one chunk to the next, for tests of boundedness. */
  get retainedBytes(): number {
    const cells = this.#cells?.retainedBytes ?? 0
    return this.#held.length + this.#scalar.length + this.#keyBytes.length + cells
  }

  open(at: number, container: { readonly array: boolean }): boolean {
    const node = this.#next
    this.#arrive(at, 'container')
    if (this.#swallow !== undefined) return false
    if (node.idle && this.#cells === undefined) return false
    this.#cells?.open(container.array)
    this.#depth += 1
    const frame = this.#frames[this.#depth]
    if (frame === undefined) {
      this.#frames[this.#depth] = { node, array: container.array, index: 0, kept: false }
    } else {
      frame.node = node
      frame.array = container.array
      frame.index = 0
      frame.kept = false
    }
    if (container.array) this.#next = this.#automaton.element(node, 0)
    if (node.mayDrop) this.#hold(at + 1, { comma: false })
    return true
  }

  close(to: number): void {
    // Only an empty container is still waiting for its first value here.
    if (this.#holding) {
      this.#checkHeld(to)
      this.#release({ withComma: true })
    }
    this.#depth -= 1
    this.#cells?.close()
    this.#valueEnd(to)
  }

  closeUntold(to: number): void {
    this.#valueEnd(to)
  }

  comma(at: number): void {
    const frame = this.#frames[this.#depth]
    if (frame === undefined) return
    if (frame.array) {
      this.#cells?.element()
      frame.index += 1
      this.#next = this.#automaton.element(frame.node, frame.index)
    }
    if (frame.node.mayDrop) this.#hold(at, { comma: true })
  }

  key(at: number): void {
    this.#inKey = true
    this.#keyFrom = at
    this.#token = this.#cells && 'key'
    this.#tokenFrom = at
  }

  keyEnd(to: number, escaped: boolean): void {
    this.#inKey = false
    this.#endToken(to)
    const node = this.#frames[this.#depth]?.node ?? this.#automaton.root
    if (!escaped && this.#keyBytes.length === 0) {
      this.#next = this.#automaton.member(node, this.#chunk, this.#keyFrom + 1, to - 1)
      return
    }
    this.#keyBytes.add(this.#chunk, this.#keyFrom, to)
    // Without an end that fits, the key is longer than any spelling of a name that matters.
    this.#next = this.#keyBytes.overflown
      ? this.#automaton.otherMember(node)
      : this.#automaton.memberNamed(node, unescapeJson(this.#keyBytes.take().toString()))
    this.#keyBytes.clear()
  }

  scalar(at: number, firstByte: number): void {
    const kind = scalarKind(firstByte)
    this.#arrive(at, kind, firstByte === 0x6e)
    if (this.#cells === undefined || this.#swallow !== undefined || kind === 'literal') return
    this.#token = kind
    this.#tokenFrom = at
  }

  scalarEnd(to: number): void {
    this.#endToken(to)
    this.#valueEnd(to)
  }

  #makeCells(options: {
    readonly reader: CellReader
    readonly places?: Automaton | undefined
    readonly isPiece?: ((path: string) => boolean) | undefined
  }): JsonCells {
    const sink = {
      emit: (to: number) => this.#emit(to),
      hold: (to: number) => {
        this.#from = to
      },
      kept: (bytes: Uint8Array) => this.#put(bytes),
      put: (bytes: Uint8Array, _count: number, to?: number) => {
        this.#put(bytes)
        if (to !== undefined) this.#from = to
      },
    }
    const { reader, places, isPiece } = options
    return new JsonCells({ reader, places, sink, isPiece })
  }

  #endToken(to: number): void {
    if (this.#token === undefined) return
    this.#cells?.end(this.#chunk, this.#tokenFrom, to, this.#token, this.#scanner)
    this.#token = undefined
  }

  /** The chunk up to here stays. */
  #emit(to: number): void {
    if (this.#holding) this.#held.add(this.#chunk, this.#from, to)
    else this.#out.copy(this.#from, to)
    this.#from = Math.max(this.#from, to)
  }

  #put(bytes: Uint8Array): void {
    if (this.#holding) this.#held.add(bytes, 0, bytes.length)
    else this.#out.write(bytes)
  }

  #arrive(at: number, kind: Swallow['kind'], isNull = false): void {
    if (this.#holding) this.#checkHeld(at)
    const { hit, nullHit, fields } = this.#next
    const rule = isNull ? nullHit : hit
    const hidden = fields === 'nothing' || (fields === 'deeper' && kind !== 'container')
    if (hidden || rule !== undefined) this.#beginSwallow(at, kind, { rule, hidden })
    else if (this.#holding) this.#keep()
    const frame = this.#frames[this.#depth]
    if (frame !== undefined && this.#swallow?.dropped !== true) frame.kept = true
  }

  #beginSwallow(
    at: number,
    kind: Swallow['kind'],
    { rule, hidden }: { rule: Rule | undefined; hidden: boolean },
  ): void {
    const how = rule?.strategy.kind
    const dropped = hidden || how === 'drop'
    if (this.#holding && !dropped) this.#keep()
    if (this.#holding) {
      this.#held.clear()
      this.#holding = false
    } else this.#out.copy(this.#from, at)
    this.#from = at
    const wantsValue = !dropped && (how === 'hash' || how === 'partial')
    this.#swallow = {
      rule: hidden && how !== 'drop' ? undefined : rule,
      dropped,
      kind,
      hmac: wantsValue && how === 'hash' && kind === 'container' ? newHmac(this.#key) : undefined,
      keep: wantsValue && kind !== 'container',
    }
  }

  #valueEnd(to: number): void {
    const swallow = this.#swallow
    if (swallow === undefined) return
    this.#collect(swallow, to)
    this.#swallow = undefined
    this.#from = to
    if (swallow.rule === undefined) this.#found.fields()
    else this.#found.rule(swallow.rule)
    // The whole result has no place to be left out of.
    if (swallow.dropped && this.#depth === 0) this.#out.write(nullText)
    else if (!swallow.dropped && swallow.rule !== undefined) {
      this.#out.write(this.#replacement(swallow, swallow.rule))
    }
    this.#scalar.clear()
  }

  #replacement({ kind, hmac, keep }: Swallow, { strategy }: Rule): Uint8Array {
    if (hmac !== undefined) return pseudonym(hmac)
    if (!keep || kind === 'container' || this.#scalar.overflown) return strategy.fixed
    return maskScalar({ strategy, kind, raw: this.#scalar.take(), key: this.#key })
  }

  #collect(swallow: Swallow, to: number): void {
    if (swallow.hmac !== undefined) swallow.hmac.update(this.#chunk.subarray(this.#from, to))
    else if (swallow.keep) this.#scalar.add(this.#chunk, this.#from, to)
  }

  #hold(at: number, { comma }: { comma: boolean }): void {
    this.#out.copy(this.#from, at)
    this.#from = at
    this.#holding = true
    this.#holdsComma = comma
  }

  /** The value held for stays. Its comma goes when everything before it in the container was dropped. */
  #keep(): void {
    const frame = this.#frames[this.#depth]
    this.#release({ withComma: !this.#holdsComma || frame?.kept === true })
  }

  #release({ withComma }: { withComma: boolean }): void {
    this.#holding = false
    const held = this.#held.length > 0 ? this.#held.take() : undefined
    if (held !== undefined) this.#out.write(withComma ? held : held.subarray(1))
    else if (!withComma) this.#from += 1
    this.#held.clear()
  }

  #checkHeld(at: number): void {
    if (this.#held.overflown || this.#held.length + at - this.#from > limits.heldBytes) {
      throw new MaskError('A key is too long to decide whether its member may be shown.')
    }
  }
}

const nothing: Uint8Array = new Uint8Array(0)
const nullText = Buffer.from('null')

function scalarKind(firstByte: number): ScalarKind {
  if (firstByte === 0x22) return 'string'
  return firstByte === 0x2d || (firstByte >= 0x30 && firstByte <= 0x39) ? 'number' : 'literal'
}
