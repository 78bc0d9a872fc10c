import { type JsonEvents, JsonScanner } from '../json-scanner.ts'
import { MaskError } from '../plan.ts'
import type { CellReader } from './cell-reader.ts'
import { JsonCells, type TokenKind } from './json-cells.ts'
import type { Edit } from './merged-edits.ts'

/**
 * JSON that comes as the text of a stream, such as the arguments of a tool call, piece by piece: its
 * strings, numbers and keys are read when they are complete, each under the name of its field. Offsets
 * are of all of the text.
 */
export class JsonText {
  readonly #scanner: JsonScanner
  readonly #cells: JsonCells
  #chunk: Uint8Array = new Uint8Array(0)
  /** How far the piece is settled, or kept. */
  #from = 0
  #token: TokenKind | undefined
  #tokenFrom = 0
  /** Up to where it is known what goes out. */
  settled = 0
  /** What changes before that; whoever takes an edit removes it. */
  readonly edits: Edit[] = []

  /** `open`: the places of rules that cover it. */
  constructor(
    reader: CellReader,
    options: { readonly windowBytes: number; readonly open: () => ReadonlySet<number> | undefined },
  ) {
    this.#cells = new JsonCells({
      reader,
      places: undefined,
      ...options,
      sink: {
        emit: (to) => this.#emit(to),
        hold: (to) => {
          this.#from = to
        },
        kept: ({ length }) => {
          this.settled += length
        },
        put: (text, count, to) => {
          this.edits.push({ start: this.settled, end: this.settled + count, text })
          this.settled += count
          if (to !== undefined) this.#from = to
        },
      },
    })
    this.#scanner = new JsonScanner(this.#events(), this.#cells)
  }

  /** More of the text; false when it is not JSON, and what is not settled has to be read in another way. */
  push(chunk: Uint8Array): boolean {
    this.#chunk = chunk
    this.#from = 0
    this.#tokenFrom = 0
    try {
      this.#scanner.scan(chunk, 0, chunk.length)
      if (this.#token === undefined) this.#emit(chunk.length)
      else this.#cells.suspend(chunk, this.#tokenFrom, chunk.length, this.#token, this.#scanner)
      this.#cells.chunkEnds()
      return true
    } catch (thrown) {
      if (thrown instanceof MaskError) return false
      throw thrown
    }
  }

  #emit(to: number): void {
    if (to <= this.#from) return
    this.settled += to - this.#from
    this.#from = to
  }

  /** Only tokens that a piece cuts off are told so. */
  #events(): JsonEvents {
    const begin = (at: number, kind: TokenKind | undefined) => {
      this.#token = kind
      this.#tokenFrom = at
    }
    const end = (to: number) => {
      if (this.#token === undefined) return
      this.#cells.end(this.#chunk, this.#tokenFrom, to, this.#token, this.#scanner)
      this.#token = undefined
    }
    return {
      open: () => true,
      close: () => {},
      closeUntold: () => {},
      comma: () => {},
      key: (at) => begin(at, 'key'),
      keyEnd: end,
      scalar: (at, first) => {
        const number = first === 0x2d || (first >= 0x30 && first <= 0x39)
        begin(at, first === 0x22 ? 'string' : number ? 'number' : undefined)
      },
      scalarEnd: end,
    }
  }
}
