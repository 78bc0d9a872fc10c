import { stripVTControlCharacters } from 'node:util'
import { columnsOf } from './visible.ts'

/** The part of a terminal that a live list needs. */
export type Terminal = {
  readonly columns: number
  readonly rows: number
  readonly write: (text: string) => unknown
}

/** A live list at the end of what was printed: it is drawn again in place; what is said stays above it. */
export type Screen = {
  /** One line that stays. */
  readonly say: (line: string) => void
  /** The lines of the list from now on. More than fit the height are cut. */
  readonly draw: (lines: readonly string[]) => void
}

/** Moves within the rows it wrote itself, never over others: no alternate screen, nothing to restore. */
export function openScreen(terminal: Terminal): Screen {
  let shown: readonly string[] = []
  // A line wider than the terminal, also one that a smaller window broke, takes several rows.
  const rowsOf = (line: string) => {
    const columns = columnsOf(stripVTControlCharacters(line))
    return Math.max(1, Math.ceil(columns / Math.max(1, terminal.columns)))
  }
  const erase = () => {
    const rows = shown.reduce((sum, line) => sum + rowsOf(line), 0)
    return rows === 0 ? '' : `\u001b[${rows}A\u001b[0J`
  }
  return {
    say: (line) => {
      terminal.write(`${erase()}${text([line, ...shown])}`)
    },
    draw: (lines) => {
      const next = fitting(lines, Math.max(1, terminal.rows - 2), rowsOf)
      terminal.write(`${erase()}${text(next)}`)
      shown = next
    },
  }
}

/** A list taller than the screen would scroll, and could not be gone back over. */
function fitting(
  lines: readonly string[],
  rowsMax: number,
  rowsOf: (line: string) => number,
): readonly string[] {
  let rows = 0
  const fit = lines.findIndex((line) => {
    rows += rowsOf(line)
    return rows > rowsMax
  })
  if (fit < 0) return lines
  const kept = lines.slice(0, Math.max(0, fit - 1))
  return [...kept, `… and ${lines.length - kept.length} more lines`]
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
