import { styleText } from 'node:util'
import type { CheckResult, Finding, Gone, Verdict } from '../verify/verdict.ts'

/** The verdict for people: a line for each check, what was found, and one line that says it all. */
export function reportLines(verdict: Verdict, colour: boolean): readonly string[] {
  const paint = (how: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(how, text, { validateStream: false }) : text
  const nameWidth = Math.max(...verdict.checks.map(({ check }) => check.length))
  const checks = verdict.checks.map((result) => {
    const { sign, how, words } = told[result.state]
    const because = result.because === undefined ? '' : `: ${result.because}`
    const what = `${words.padEnd(11)} ${counted(result)}${because}`
    return `${paint(how, sign)} ${result.check.padEnd(nameWidth)}  ${what}`
  })
  const findings = verdict.findings.map(
    (
      finding,
    ) => `${paint(finding.level === 'failure' ? 'red' : 'yellow', finding.code)}${place(finding)}
    ${visible(finding.message)}`,
  )
  const untold = verdict.findingCount - verdict.findings.length
  return [
    ...checks,
    '',
    ...findings,
    ...(untold > 0 ? [`… and ${untold} more`] : []),
    ...(findings.length > 0 ? [''] : []),
    ...goneLines(verdict.gone),
    ...ageLines(verdict),
    paint(['bold', verdict.ok ? 'green' : 'red'], conclusion(verdict)),
  ]
}

const told = {
  passed: { sign: '✓', how: 'green', words: 'passed' },
  failed: { sign: '✕', how: 'red', words: 'failed' },
  partly: { sign: '◐', how: 'yellow', words: 'partly' },
  'not-checked': { sign: '–', how: 'dim', words: 'not checked' },
} as const

function counted({ examined }: CheckResult): string {
  return `(${examined} examined)`
}

function place({ record, file }: Finding): string {
  const named = [
    ...(record === undefined ? [] : [`record ${record}`]),
    ...(file === undefined ? [] : [visible(file)]),
  ]
  return named.length === 0 ? '' : `  ${named.join(', ')}`
}

/** What is not there to be looked at, and why: nothing where nothing is gone. */
function goneLines(gone: Gone | undefined): readonly string[] {
  if (!gone) return []
  const { erased, erasedOf, expired, lost = 0, neverKept = 0 } = gone
  const more = erasedOf.length > erasedShown ? ' and others' : ''
  const records = `${erasedOf.slice(0, erasedShown).join(', ')}${more}`
  const of = erasedOf.length === 1 ? 'record' : 'records'
  return [
    ...(erased > 0 ? [`Erased by two people: ${payloads(erased)}, of ${of} ${records}.`] : []),
    ...(expired > 0 ? [`Expired: ${payloads(expired)}.`] : []),
    ...(lost > 0 ? [`Lost when the database was rebuilt: ${payloads(lost)}.`] : []),
    ...(neverKept > 0 ? [`Never kept, only committed to: ${payloads(neverKept)}.`] : []),
  ]
}

/** What is read at a glance; the rest is in the JSON. */
const erasedShown = 10

function payloads(count: number): string {
  return count === 1 ? '1 payload' : `${count} payloads`
}

/** A log that was cut off, or one of last year, verifies as well: its age is for people to judge. */
function ageLines({ origin, lastRecord, witnesses }: Verdict): readonly string[] {
  if (origin === '') return []
  const cosigned = witnesses.map(({ name, time }) => {
    return `Cosigned by ${visible(name)} at ${dateText(time)}.`
  })
  return [
    ...(lastRecord
      ? [`The last record shown, ${lastRecord.index}, is dated ${visible(lastRecord.time)}.`]
      : []),
    ...(cosigned.length > 0 ? cosigned : ['No witness says when it saw this log.']),
  ]
}

/** RFC 3339 of Unix seconds; the number itself where the calendar ends. */
export function dateText(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString()
}

function conclusion({ ok, origin, size, scope, part, checks, findings }: Verdict): string {
  const shown = part ? partText(part) : scope
  const what = origin === '' ? 'The bundle' : `${visible(origin)}, ${size} records (${shown})`
  if (!ok) {
    const failures = findings.filter(({ level }) => level === 'failure')
    const record = failures.find((one) => one.record !== undefined)?.record
    return `${what}: DOES NOT VERIFY${record === undefined ? '' : `, first at record ${record}`}.`
  }
  const unchecked = checks.filter(({ state }) => state !== 'passed').map(({ check }) => check)
  if (unchecked.length === 0) return `${what}: verified.`
  return `${what}: verified, but for what could not be checked: ${unchecked.join(', ')}.`
}

/** Which part, from its first record to its last. */
function partText({ from, to, session }: NonNullable<Verdict['part']>): string {
  const ends = from === to ? 'no record' : `from record ${from} to ${to - 1}`
  return session === undefined ? `range, ${ends}` : `session ${visible(session)}, ${ends}`
}

/** File names and origins were written by others: nothing of them moves a terminal's cursor. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
  })
}
