import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { checkNames, findings } from './codes.ts'

const page = readFileSync(
  new URL('../../../../docs/reference/verification.md', import.meta.url),
  'utf8',
)

/** The page has a section for each check, in order, with exactly the rows of its findings. */
function check(name: string): void {
  const [, section = ''] = page.split(`\n### \`${name}\`\n`)
  const rows = (section.split('\n### ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  const expected = Object.entries(findings)
    .filter(([, [of]]) => of === name)
    .map(([code, [, level, meaning]]) => `| \`${code}\` | ${level} | ${meaning} |`)
  assert.deepEqual(rows, expected)
}

for (const name of checkNames)
  test(`docs/reference/verification.md tells ${name}`, () => check(name))

test('the page has a section for no other check', () => {
  const sections = [...page.matchAll(/^### `(.+)`$/gm)].map(([, name]) => name)
  assert.deepEqual(sections, [...checkNames])
})
