import type { Span } from '../detect/cell.ts'
import type { FindingCount } from '../finding-count.ts'
import type { SpanFound } from '../plan.ts'
import type { Edit } from './merged-edits.ts'

/** A value that a rule covers, as it stands in a cell, before it is counted; an edit where the rule hides it. */
export type Told = Edit & {
  readonly span: Span
  readonly rule: string
  readonly how: string
  readonly path: string
  /** What the value says, for whoever hears it. */
  readonly says: string
}

/** Told of every value that was found; offsets are what `Telling.locate` makes of those of the cell. */
export type SpanSeen = (span: SpanFound) => void

/** Counts what was found in one body, and says where, to whoever asked for that. */
export class Telling {
  readonly #found: FindingCount
  readonly #seen: SpanSeen | undefined
  /** Where in the body the bytes begin in which cells are read now, and where in it one of them stands. */
  begin = 0
  locate: (at: number) => number = sameOffset
  readonly #eachLook: boolean

  constructor(options: {
    readonly found: FindingCount
    readonly seen?: SpanSeen | undefined
    readonly eachLook?: boolean | undefined
  }) {
    this.#found = options.found
    this.#seen = options.seen
    this.#eachLook = options.eachLook === true
  }

  /** Whether anybody is told what a value says. */
  get hears(): boolean {
    return this.#seen !== undefined
  }

  tell(one: Told): void {
    this.#found.span(one)
    if (!this.#eachLook) this.#show(one)
  }

  /** Text was hidden of which nobody knows yet what it is. */
  unsettled(): void {
    this.#found.unsettled()
  }

  /** A cell was looked at, perhaps not for the last time. */
  looked(all: readonly Told[]): void {
    if (this.#eachLook) for (const one of all) this.#show(one)
  }

  #show({ span: { type, rule, confidence }, says, start, end }: Told): void {
    if (this.#seen === undefined) return
    const from = this.begin + this.locate(start)
    const to = this.begin + this.locate(end - 1) + 1
    this.#seen({ type, rule, confidence, text: says, start: from, end: to })
  }
}

export const sameOffset = (at: number): number => at
