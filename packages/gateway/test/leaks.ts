import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
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

/**
 * Nothing that was planted, and none of these secrets, stands in clear in what a gateway leaves behind: its
 * database and journals, its published log, what it told its operator.
 */
export function assertNothingLeaked(
  left: { readonly home: string; readonly logged: string },
  secrets: readonly string[],
): void {
  const spellings = [...new Set([...planted, ...secrets])].map((value) => ({
    value,
    spellings: spellingsOf(value),
  }))
  const look = (bytes: Buffer, where: string) => {
    for (const { value, spellings: forms } of spellings) {
      const isThere = forms.some((form) => bytes.includes(form))
      assert.ok(!isThere, `a planted value (${value.slice(0, 4)}…) stands in ${where}`)
    }
  }
  look(Buffer.from(left.logged), 'the operator’s log')
  for (const path of globSync('**/*', { cwd: left.home, withFileTypes: true })) {
    if (path.isFile()) look(readFileSync(join(path.parentPath, path.name)), path.name)
  }
}
