import { type AddHelpTextContext, type Command, InvalidArgumentError, Option } from 'commander'
import { formats } from './output.ts'

/**
 * Examples as help shows them: before everything else, because that is what people look for. The help of a
 * command below this one shows those that use it, where they are added as `beforeAll`.
 */
export function examples(...lines: readonly string[]): (help: AddHelpTextContext) => string {
  return ({ command }) => {
    const shown = lines.filter((line) => line.includes(pathOf(command)))
    return shown.length > 0 ? `Examples\n${shown.map((line) => `  $ ${line}`).join('\n')}\n` : ''
  }
}

/** `sallyport keys create`. */
function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** `-o`, the same for every command that prints a result. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print').choices(formats).default('table')
}

/** `--admin-url`, the same for every command that speaks to a running gateway. */
export function adminUrlOption(): Option {
  return new Option('--admin-url <url>', 'the admin API (default: where you are signed in)').env(
    'SALLYPORT_ADMIN_URL',
  )
}

/** Lists are read page by page; nobody meant to print a million rows. */
export function withPaging(command: Command): Command {
  return command
    .option('--limit <n>', 'at most so many', rows, 50)
    .option('--all', 'as many as there are')
}

const rowsMax = 100_000

function rows(text: string): number {
  const count = Number(text)
  if (!/^\d+$/.test(text) || count < 1 || count > rowsMax) {
    throw new InvalidArgumentError(`Write a number from 1 to ${rowsMax}.`)
  }
  return count
}

/** `30s`, `15m`, `8h`, `30d` in milliseconds. */
export function durationMs(text: string): number {
  const [, count = '', unit = ''] = /^(\d{1,6})(ms|s|m|h|d)$/.exec(text) ?? []
  const ms = Number(count) * (unitMs[unit] ?? 0)
  if (ms <= 0) throw new InvalidArgumentError('Write a time such as 30s, 15m, 8h or 30d.')
  return ms
}

/** The same, and `0s`: not at all. */
export function durationOrNoneMs(text: string): number {
  return /^0(?:ms|s|m|h|d)?$/.test(text) ? 0 : durationMs(text)
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** An option that may be given several times. */
export function collected(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text]
}
