import { classes } from '../detect/classes.ts'
import { JsonHints } from './json-hints.ts'
import { walkJson } from './json-walk.ts'
import type { RawCell } from './raw-cell.ts'

/** What is known of a text within a cell before it is read. */
export type TextKind = Pick<RawCell, 'kind' | 'hint' | 'traits' | 'digits'>

/**
 * Calls `cell` for each key, string and number of the JSON value that the text begins with, and says where
 * that ends; -1 where it is none. `hint`: what the name of the field says that the text is the value of.
 */
export function eachCellOfJson(
  bytes: Uint8Array,
  length: number,
  hint: number,
  cell: (from: number, to: number, how: TextKind) => void,
): number {
  const hints = new JsonHints()
  hints.reset(hint)
  return walkJson(bytes, 0, length, {
    open: (array) => hints.open(array),
    close: () => hints.close(),
    element: () => hints.element(),
    key: (from, to, traits, digits) => {
      hints.key(bytes, from, to)
      cell(from, to, { kind: 'key', hint: 0, traits, digits })
    },
    string: (from, to, traits, digits) => {
      const hint = hints.next
      hints.string(bytes, from, to)
      cell(from, to, { kind: 'string', hint, traits, digits })
    },
    number: (from, to) => {
      const { next: hint } = hints
      cell(from, to, { kind: 'number', hint, traits: classes.digit, digits: to - from })
    },
  })
}
