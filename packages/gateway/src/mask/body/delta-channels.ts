import { limits } from '../limits.ts'
import type { CellReader } from './cell-reader.ts'
import { Channel, type PieceHolder } from './delta-channel.ts'
import { type DeltaPiece, type DeltaPieces, PieceReader } from './delta-pieces.ts'
import type { Escapes } from './fold.ts'
import type { Edit } from './merged-edits.ts'
import type { RawCell } from './raw-cell.ts'
import { sameOffset, type Told } from './telling.ts'
import { withoutTokenLists } from './token-lists.ts'
import { traitsOf } from './traits.ts'

type Payload = {
  readonly bytes: Uint8Array
  readonly json: boolean
  /** Where in the body one of its bytes stands. */
  readonly locate: (at: number) => number
}

/** One event, or one line, of a stream. */
export type StreamEvent = {
  /** As it goes out when nothing more changes in it. */
  readonly bytes: Uint8Array
  /** What it says; undefined: nothing that could go on. */
  readonly payload: Payload | undefined
  /** No text goes on behind it. */
  readonly endsAll: boolean
  /** The event with another payload. */
  readonly rewrite: (payload: Uint8Array) => Uint8Array
}

/**
 * Holds events until nothing that follows can make a value of what they say: the text of each channel,
 * whatever events it is cut into, is read as one, and each piece alone besides, because nobody can say
 * whether it goes on: what either reading finds is hidden. Events go out in their order; one in which
 * nothing changes goes out byte for byte.
 */
export class DeltaChannels {
  readonly #reader: CellReader
  readonly #pieces: PieceReader
  readonly #channels = new Map<string, Channel>()
  /**
   * Those of which all is out, because their stream said that they are complete. If it goes on all the same, what
   * follows is read behind what came before: both ends of a value never go out.
   */
  readonly #complete = new Map<string, Channel>()
  readonly #events: Held[] = []
  #heldBytes = 0
  /** What may go out already. */
  readonly #released: Uint8Array[] = []

  constructor(reader: CellReader) {
    this.#reader = reader
    const { names, detection } = reader
    this.#pieces = new PieceReader({ names, places: detection.places })
  }

  /** The event that came next. */
  push(event: StreamEvent): void {
    const { payload } = event
    const locate = payload?.locate ?? sameOffset
    const held: Held = { event, waiting: 0, edits: [], locate, alone: [], told: [] }
    this.#events.push(held)
    this.#heldBytes += event.bytes.length
    if (payload !== undefined) {
      const { pieces, ended } = payload.json
        ? this.#pieces.read(payload.bytes)
        : textPiece(payload.bytes)
      const escapes = payload.json ? 'json' : 'none'
      for (const piece of pieces) {
        const channel = this.#channel(piece, escapes)
        if (readAlone(this.#reader, payload.bytes, piece, escapes)) {
          held.alone.push(...this.#reader.edits)
          for (const one of this.#reader.told) held.told.push({ ...one, span: { ...one.span } })
        }
        channel.add(held, payload.bytes, piece)
      }
      for (const scope of ended) this.#end(scope)
    }
    if (event.endsAll) this.#end('')
    if (this.#isFull()) {
      this.#release()
      if (!this.#isFull()) return
      for (const channel of this.#channels.values()) channel.hide()
    }
  }

  #isFull(): boolean {
    return this.#heldBytes > limits.heldEventBytes || this.#events.length > limits.heldEvents
  }

  /** No event is held: what comes next may go out at once if it says nothing that could go on. */
  get idle(): boolean {
    return this.#events.length === 0
  }

  /** What may go out because of what came. Asked once for all that comes at once: texts are read then. */
  release(): readonly Uint8Array[] {
    this.#release()
    return this.#released.splice(0)
  }

  /** No more events come, or none with which these texts go on. */
  end(): readonly Uint8Array[] {
    if (this.#channels.size > 0) this.#end('')
    if (this.#complete.size > 0) this.#complete.clear()
    return this.release()
  }

  /** The text of these channels is complete. */
  #end(scope: string): void {
    for (const [name, channel] of this.#channels) {
      if (!isWithin(name, scope)) continue
      channel.end()
      this.#channels.delete(name)
      this.#complete.set(name, channel)
      if (this.#complete.size > limits.channels) forgetOldest(this.#complete)
    }
  }

  #channel({ channel: name, open }: DeltaPiece, escapes: Escapes): Channel {
    const known = this.#channels.get(name)
    if (known !== undefined) return known
    // Streams have a handful. What of the oldest is not settled is hidden.
    if (this.#channels.size >= limits.channels) forgetOldest(this.#channels)?.hide()
    const channel =
      this.#complete.get(name) ?? new Channel(this.#reader, escapes, { path: pathOf(name), open })
    this.#complete.delete(name)
    this.#channels.set(name, channel)
    return channel
  }

  #release(): void {
    for (const channel of this.#channels.values()) channel.read()
    let count = 0
    for (const held of this.#events) {
      if (held.waiting > 0) break
      this.#heldBytes -= held.event.bytes.length
      this.#tell(held)
      this.#released.push(written(held))
      count += 1
    }
    this.#events.splice(0, count)
  }

  #tell({ edits, told, locate }: Held): void {
    this.#reader.telling.locate = locate
    for (const one of told) {
      // What is let through is what all of the text says.
      const changes = one.how !== 'keep' && one.how !== 'allowed'
      const known = edits.some(({ start, end }) => start < one.end && one.start < end)
      if (changes && !known) this.#reader.telling.tell(one)
    }
    this.#reader.telling.locate = sameOffset
  }
}

type Held = PieceHolder & {
  readonly event: StreamEvent
  /** What was found in its pieces, each read as if it were all of its text. */
  readonly alone: Edit[]
  /** The same as values, which are counted once it is known that the text as one does not hold them. */
  readonly told: Told[]
}

function forgetOldest(channels: Map<string, Channel>): Channel | undefined {
  for (const [name, channel] of channels) {
    channels.delete(name)
    return channel
  }
  return undefined
}

function textPiece(payload: Uint8Array): DeltaPieces {
  return {
    pieces: [{ channel: ' $', from: 0, to: payload.length, hint: 0, open: undefined }],
    ended: [],
  }
}

/** `1` is not within `10`: a name goes on with the next frame, or the path. */
function isWithin(name: string, scope: string): boolean {
  if (!name.startsWith(scope)) return false
  const next = name[scope.length]
  return scope === '' || next === '/' || next === ' '
}

function pathOf(channel: string): string {
  return channel.slice(channel.lastIndexOf(' ') + 1)
}

/** False: there is nothing to be found in it. */
function readAlone(
  reader: CellReader,
  bytes: Uint8Array,
  { channel, from, to, hint, open }: DeltaPiece,
  escapes: Escapes,
): boolean {
  let traits = 0
  let digits = 0
  for (let at = from; at < to; at += 1) {
    const ofByte = traitsOf[bytes[at] ?? 0] ?? 0
    traits |= ofByte
    digits += ofByte & 1
  }
  if (!reader.mayFind(traits, digits, to - from, hint)) return false
  const place = { path: () => pathOf(channel), open }
  const cell: RawCell = { bytes, from, to, kind: 'string', hint, traits, digits, escapes, place }
  return reader.look(cell).length > 0 || reader.told.length > 0
}

/** Of what both readings found, the union; where they begin at one place, the mark of the text's. */
function union(edits: readonly Edit[], alone: readonly Edit[]): readonly Edit[] {
  const all: Edit[] = []
  for (const edit of [...edits, ...alone].toSorted((a, b) => a.start - b.start)) {
    const last = all.at(-1)
    if (last === undefined || edit.start >= last.end) all.push(edit)
    else if (edit.end > last.end) all[all.length - 1] = { ...last, end: edit.end }
  }
  return all
}

function written({ event, edits, alone }: Held): Uint8Array {
  const { payload } = event
  if (edits.length + alone.length === 0 || payload === undefined) return event.bytes
  const parts: Uint8Array[] = []
  let at = 0
  for (const { start, end, text } of union(edits, alone)) {
    parts.push(payload.bytes.subarray(at, start), text)
    at = end
  }
  parts.push(payload.bytes.subarray(at))
  const changed = Buffer.concat(parts)
  return event.rewrite(payload.json ? withoutTokenLists(changed) : changed)
}
