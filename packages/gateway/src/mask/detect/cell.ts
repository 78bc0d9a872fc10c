import type { Joints } from './joints.ts'

/**
 * Everything found is inside one cell: a JSON string, number or key, a CSV cell, a form value, a line
 * of text. A match never crosses its border, and neither does the context that supports it.
 */
export type Cell = {
  /**
   * UTF-8 text, already unescaped and folded: zero-width characters removed, full-width and
   * confusable letters, digits of other scripts and dashes as ASCII. Only `[from, to)` is read.
   */
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
  /** What the key, column or field name says, as `hintOf` read it; 0: nothing. */
  readonly hint: number
  readonly kind: 'string' | 'number' | 'key' | 'line'
  /** Signs in `bytes` that may part two values, where there are any. They are as they were after the cell was scanned. */
  readonly joints?: Joints | undefined
}

/** The name of an entity: one of `detect/registry.ts`, or the one a custom rule gives. */
export type EntityType = string

/** One value found in a cell. */
export type Span = {
  readonly type: EntityType
  /** Which rule found it, such as `card/luhn` or `secret/github-pat`. */
  readonly rule: string
  /** Byte offsets in `cell.bytes`; `end` is exclusive. */
  readonly start: number
  readonly end: number
  /** 0 to 100. From 90 on a checksum or an unmistakable format vouches for it. */
  readonly confidence: number
  /** What proved it, such as `luhn`; undefined: the pattern, context or field name alone. */
  readonly validator: string | undefined
}

/**
 * Which entities are looked for, and from which confidence on one counts. A `DetectionPlan.entities`
 * fits. An entity that is not wanted never wins over one that is.
 */
export type Wanted = ReadonlyMap<EntityType, { readonly confidence: number }>

/** Where scanners put what they found. */
export type Spans = Span[]
