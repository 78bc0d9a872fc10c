import assert from 'node:assert/strict'
import { appendFileSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Every value that the tests of this folder plant where it must not be seen again: whatever looks like a canary, a
 * payment card or a social security number in their sources.
 */
const planted: readonly string[] = [
  ...new Set(
    globSync('*.ts', { cwd: import.meta.dirname }).flatMap((file) => {
      const text = readFileSync(join(import.meta.dirname, file), 'utf8')
      return text.match(/\bcanary-[\w-]{6,}|\b\d{3}-\d{2}-\d{4}\b|\b[3-6]\d{14,15}\b/g) ?? []
    }),
  ),
]

/** The spellings in which a value could stand in a file: as it is, percent-encoded, in hexadecimal, in base64. */
function spellingsOf(value: string): readonly Buffer[] {
  const bytes = Buffer.from(value)
  // In base64 a value has three spellings, by where it begins; what is certain of each is looked for.
  const inBase64 = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    return text.slice(before === 0 ? 0 : before + 1, -2)
  })
  const texts = [value, encodeURIComponent(value), bytes.toString('hex'), ...inBase64]
  return [...new Set(texts)].filter((text) => text.length >= 9).map((text) => Buffer.from(text))
}

/** Looks for what was planted and for these secrets, in every spelling; fails where one stands. */
export function lookFor(secrets: readonly string[]): {
  readonly values: number
  readonly look: (bytes: Uint8Array, where: string) => void
} {
  const values = [...new Set([...planted, ...secrets])]
  const forms = values.map((value) => ({ value, spellings: spellingsOf(value) }))
  return {
    values: values.length,
    look: (bytes, where) => {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      for (const { value, spellings } of forms) {
        const isThere = spellings.some((spelling) => text.includes(spelling))
        assert.ok(!isThere, `a planted value (${value.slice(0, 4)}…) stands in ${where}`)
      }
    },
  }
}

/**
 * Nothing that was planted, and none of these secrets, stands in clear in what a gateway leaves behind: its
 * database and journals, its published log, what it told its operator and with what it refused its callers.
 */
export function assertNothingLeaked(
  left: { readonly home: string; readonly logged: string; readonly refused?: readonly Buffer[] },
  secrets: readonly string[],
): void {
  const { look, values } = lookFor(secrets)
  const refused = left.refused ?? []
  look(Buffer.from(left.logged), 'the operator’s log')
  for (const refusal of refused) look(refusal, 'a refusal')
  const files = globSync('**/*', { cwd: left.home, withFileTypes: true }).filter((path) =>
    path.isFile(),
  )
  for (const { parentPath, name } of files) look(readFileSync(join(parentPath, name)), name)
  noteLook({ values, logs: 1, refusals: refused.length, files: files.length })
}

/** What one look went through; `npm run check:leaks` adds them up, from the file it names. */
export type Look = {
  readonly values: number
  readonly logs: number
  readonly refusals: number
  readonly files: number
}

function noteLook(look: Look): void {
  const file = process.env.SALLYPORT_LOOKS
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(look)}\n`)
}
