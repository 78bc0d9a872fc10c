/** Where the bytes of a JSON text go; positions are of the chunk that is being read. */
export type CellSink = {
  /** The chunk up to here goes out as it is. */
  readonly emit: (to: number) => void
  /** The chunk up to here is kept, to go out or be replaced later. */
  readonly hold: (to: number) => void
  /** Bytes that were kept go out as they are. */
  readonly kept: (bytes: Uint8Array) => void
  /** These go out instead of the next `count` bytes, which were kept or end before `to` in the chunk. */
  readonly put: (bytes: Uint8Array, count: number, to?: number) => void
}
