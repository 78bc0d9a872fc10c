/**
 * `npm run check:leaks [-- <test files>]`: runs the tests of whole gateways and of the command line, each of
 * which looks for every planted value in all that its gateway leaves behind (database, journals, published
 * log, operator's log, refusals), and then looks for them in everything the run printed: names, traces,
 * errors. Says how many values were looked for in how many places; exits 1 on a leak, and when a test fails
 * or nothing was looked at, because then nobody knows.
 */
import { spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  globSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Look, lookFor } from '../packages/gateway/test/leaks.ts'

const root = join(import.meta.dirname, '..')
const asked = process.argv.slice(2)
const usual = ['packages/gateway/test/*.test.ts', 'packages/gateway/src/cli/*.test.ts']
const files = globSync(asked.length > 0 ? asked : usual, { cwd: root })
const folder = mkdtempSync(join(tmpdir(), 'sallyport-leaks-'))
const printed = join(folder, 'printed')
const looks = join(folder, 'looks')

let isClean = false
try {
  process.stdout.write(
    `running ${files.length} test files; what they print is looked at afterwards\n`,
  )
  const code = await runTests()
  isClean = report(code)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = isClean ? 0 : 1

/** The exit code of the run; all it says goes to the file. */
async function runTests(): Promise<number | null> {
  const said = openSync(printed, 'w')
  const child = spawn(
    process.execPath,
    ['--test', '--test-reporter=tap', '--test-concurrency=2', ...files],
    { cwd: root, env: { ...process.env, SALLYPORT_LOOKS: looks }, stdio: ['ignore', said, said] },
  )
  try {
    return await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  } finally {
    closeSync(said)
  }
}

function report(code: number | null): boolean {
  const text = readFileSync(printed)
  const { values, look } = lookFor([])
  let leak: string | undefined
  try {
    look(text, 'what the tests printed')
  } catch (thrown) {
    leak = thrown instanceof Error ? thrown.message : String(thrown)
  }
  const lines = existsSync(looks) ? readFileSync(looks, 'utf8').trimEnd().split('\n') : []
  const all = lines.map((line): Look => JSON.parse(line))
  const sum = (of: (look: Look) => number) => all.reduce((total, one) => total + of(one), 0)
  process.stdout.write(
    `${values} planted values, and each gateway's own secrets, looked for in what ${all.length} gateways left: ` +
      `${sum((one) => one.files)} files, ${sum((one) => one.logs)} logs, ` +
      `${sum((one) => one.refusals)} refusals; and in ${text.length} bytes of what the tests printed\n`,
  )
  // Only the lines that say what failed: they were looked at, and hold no value when none was found.
  const failed = leak === undefined && code !== 0
  if (failed) process.stdout.write(failures(text.toString()))
  const wrong = leak ?? (failed ? `the tests ended with ${code}` : undefined)
  const blind = all.length === 0 ? 'no gateway was looked at' : undefined
  process.stdout.write(`${wrong ?? blind ?? 'no leak'}\n`)
  return wrong === undefined && blind === undefined
}

/** Of each test that failed its name, and what it says is wrong: one line, or the first ones of a block. */
function failures(tap: string): string {
  const lines = tap.split('\n')
  const said = lines.flatMap((line, at) => {
    if (/^\s*not ok |^\s+error: [^|]/.test(line)) return [line]
    return /^\s+error: \|/.test(line) ? lines.slice(at, at + 1 + errorLines) : []
  })
  return said.map((line) => `${line}\n`).join('')
}

const errorLines = 6
