import { join } from 'node:path'
import type { Problem } from '../model/rulebook.ts'
import { err, say } from './output.ts'
import { visible } from './visible.ts'

/** Problems of a configuration or rulebook, `file:line:column message → hint`, on stderr. */
export function sayProblems(problems: readonly Problem[]): void {
  for (const problem of problems) say(problemLine(problem))
}

/** Problems of the files of a folder, named from where the reader stands. */
export function problemsBelow(folder: string, problems: readonly Problem[]): readonly Problem[] {
  return problems.map((problem) => ({ ...problem, file: join(folder, problem.file) }))
}

export function problemLine(problem: Problem): string {
  return `${err.red('✕')} ${placed(problem)}`
}

/** What is worth a look and stops nobody. */
export function sayWarnings(warnings: readonly Problem[]): void {
  for (const warning of warnings) say(`${err.yellow('!')} ${placed(warning)}`)
}

function placed({ file, line, column, message, hint }: Problem): string {
  const place = line > 0 ? `${file}:${line}:${column}` : file
  const cure = hint === undefined ? '' : ` ${err.dim('→')} ${visible(hint)}`
  return `${err.bold(visible(place))} ${visible(message)}${cure}`
}

/** Whether this is a list of problems: what a room throws is not known by its type. */
export function isProblemList(value: unknown): value is readonly Problem[] {
  return (
    Array.isArray(value) &&
    value.every((one) => typeof one?.file === 'string' && typeof one?.message === 'string')
  )
}
