import { redacted } from '../span-strategy.ts'
import type { Escapes } from './fold.ts'
import { escapeText } from './write-text.ts'

/** How a cell is written, from the outside inwards: its own escapes, and those of the levels within. */
export type Written = {
  readonly escapes: Escapes
  /** A JSON number, which becomes a string. */
  readonly number: boolean
  readonly levels: readonly Escapes[]
  /** How many of the levels count. */
  readonly depth: number
}

/** What stands in for a value, as the cell has to hold it so that its reader reads `stand`. */
export function writtenText(
  stand: string,
  { escapes, number, levels, depth }: Written,
): Uint8Array {
  let text = number ? JSON.stringify(stand) : stand
  for (let level = depth - 1; level >= 0; level -= 1) {
    text = escapeText(text, levels[level] ?? 'none')
  }
  if (depth === 0 && !number) text = escapeText(text, escapes)
  return Buffer.from(text)
}

/** The same for the mark of redaction, which is one for each entity and way of writing. */
export function writtenMark(type: string, written: Written): Uint8Array {
  if (written.depth > 0) return writtenText(redacted(type), written)
  const how = written.number ? 'number' : written.escapes
  // Values of one entity often come together.
  if (type === last.type && how === last.how) return last.text
  const ofKind = marks[how]
  const known = ofKind.get(type)
  const text = known ?? writtenText(redacted(type), written)
  if (known === undefined && ofKind.size < marksMax) ofKind.set(type, text)
  last.type = type
  last.how = how
  last.text = text
  return text
}

/** The mark that was asked for last. */
const last: { type: string; how: Escapes | 'number' | ''; text: Uint8Array } = {
  type: '',
  how: '',
  text: new Uint8Array(0),
}

/** The entities there are, and those that a rulebook's own patterns name. */
const marksMax = 1_024
const none = (): Map<string, Uint8Array> => new Map()
const marks: Readonly<Record<Escapes | 'number', Map<string, Uint8Array>>> = {
  none: none(),
  json: none(),
  url: none(),
  form: none(),
  markup: none(),
  table: none(),
  number: none(),
}
