import type { Escapes } from './fold.ts'

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
  /** It is a whole JSON string, and its quotes stand around it. */
  quoted?: boolean
  place: Place
}
