import type { Problem } from '../model/rulebook.ts'
import { err, say } from './output.ts'
import { visible } from './visible.ts'

/** Problems of a configuration or rulebook, `file:line:column message → hint`, on stderr. */
export function sayProblems(problems: readonly Problem[]): void {
  for (const problem of problems) say(problemLine(problem))
}

export function problemLine({ file, line, column, message, hint }: Problem): string {
  const place = line > 0 ? `${file}:${line}:${column}` : file
  const cure = hint === undefined ? '' : ` ${err.dim('→')} ${visible(hint)}`
  return `${err.red('✕')} ${err.bold(visible(place))} ${visible(message)}${cure}`
}

/** Whether this is a list of problems: what a room throws is not known by its type. */
export function isProblemList(value: unknown): value is readonly Problem[] {
  return (
    Array.isArray(value) &&
    value.every((one) => typeof one?.file === 'string' && typeof one?.message === 'string')
  )
}
