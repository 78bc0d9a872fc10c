import { type Style, styleOf } from './style.ts'
import { columnsOf, fitTo, visible, visibleJson } from './visible.ts'

/** Results go to stdout, talk goes to stderr: a pipe carries only what was asked for. */
export const out: Style = styleOf(process.stdout, process.env)
export const err: Style = styleOf(process.stderr, process.env)

/** One line of a result. */
export function tell(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** One line of talk. */
export function say(line = ''): void {
  process.stderr.write(`${line}\n`)
}

export type Format = 'table' | 'json' | 'jsonl'
export const formats: readonly Format[] = ['table', 'json', 'jsonl']

export type Column<Row> = {
  readonly title: string
  readonly value: (row: Row) => string
  /** Ids are never shortened: a shortened id cannot be pasted. */
  readonly whole?: boolean
  readonly paint?: (text: string, row: Row) => string
}

/** A list as a table for people, as one JSON array, or as a line of JSON each. */
export function tellRows<Row>(
  rows: readonly Row[],
  as: { readonly format: Format; readonly columns: readonly Column<Row>[]; readonly none: string },
): void {
  if (as.format === 'json') tell(visibleJson(rows, 2))
  else if (as.format === 'jsonl') for (const row of rows) tell(visibleJson(row, 0))
  else if (rows.length === 0) say(as.none)
  else tellTable(rows, as.columns)
}

function tellTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void {
  // A terminal that does not know its width has none.
  const columnsMax = (process.stdout.isTTY && process.stdout.columns) || Number.POSITIVE_INFINITY
  for (const line of tableLines(rows, { columns, columnsMax, style: out })) tell(line)
}

/** One thing in full: `text` for people, or its JSON. */
export function tellOne(value: unknown, format: Format, text: () => readonly string[]): void {
  if (format === 'json') tell(visibleJson(value, 2))
  else if (format === 'jsonl') tell(visibleJson(value, 0))
  else for (const line of text()) tell(line)
}

const gap = '  '
const narrowest = 8

/**
 * Lines of a table that fits `columnsMax` where it can: the widest column that may be shortened gives
 * way first, none below eight. Every value is made visible, so a row is one line whatever it holds.
 */
export function tableLines<Row>(
  rows: readonly Row[],
  as: {
    readonly columns: readonly Column<Row>[]
    readonly columnsMax: number
    readonly style: Style
  },
): string[] {
  const cells = rows.map((row) => as.columns.map((column) => visible(column.value(row))))
  const widths = as.columns.map((column, at) =>
    Math.max(columnsOf(column.title), ...cells.map((row) => columnsOf(row[at] ?? ''))),
  )
  shrink(widths, as.columns, as.columnsMax)
  const pad = (text: string, at: number) => {
    const last = at === as.columns.length - 1
    const width = widths[at] ?? 0
    const fitted = as.columns[at]?.whole ? text : fitTo(text, width)
    return { fitted, space: last ? '' : ' '.repeat(Math.max(0, width - columnsOf(fitted))) }
  }
  const head = as.columns.map(({ title }, at) => {
    const { fitted, space } = pad(title, at)
    return as.style.dim(fitted) + space
  })
  const body = cells.map((row, index) =>
    row
      .map((text, at) => {
        const { fitted, space } = pad(text, at)
        const whole = rows[index]
        const paint = as.columns[at]?.paint
        return (paint && whole !== undefined ? paint(fitted, whole) : fitted) + space
      })
      .join(gap),
  )
  return [head.join(gap), ...body]
}

function shrink<Row>(widths: number[], columns: readonly Column<Row>[], columnsMax: number): void {
  const total = () => widths.reduce((sum, one) => sum + one, gap.length * (widths.length - 1))
  while (total() > columnsMax) {
    const candidates = widths.map((width, at) => (columns[at]?.whole ? 0 : width))
    const widest = Math.max(...candidates)
    if (widest <= narrowest) return
    const at = candidates.indexOf(widest)
    widths[at] = Math.max(narrowest, Math.min(widest - 1, widest - (total() - columnsMax)))
  }
}

/** Says on stderr that a list goes on, and how to see more. Never silent. */
export function sayMore(shown: number, more: boolean): void {
  if (more) say(err.dim(`Showing ${shown}; there are more. Use --limit <n> or --all.`))
}

/** `label  value` lines, the labels in one column. */
export function facts(
  pairs: readonly (readonly [label: string, value: string | undefined])[],
): string[] {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined)
  const width = Math.max(0, ...shown.map(([label]) => label.length))
  return shown.map(([label, value]) => `${out.dim(label.padEnd(width))}  ${visible(value)}`)
}
