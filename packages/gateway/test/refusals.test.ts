import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { refusals } from '../src/call/refusal.ts'
import { statusOf } from '../src/protocol/http/refusal.ts'
import { answersOf } from '../src/protocol/mcp/refusal.ts'

const page = readFileSync(join(import.meta.dirname, '../../../docs/reference/refusals.md'), 'utf8')

for (const [code, title] of Object.entries(refusals)) {
  test(`docs/reference/refusals.md tells of ${code}`, () => {
    const status = statusOf[code as keyof typeof refusals]
    assert.ok(page.includes(`| \`${code}\` | ${status} | ${title} |`), `no row for ${code}`)
  })
}

test('docs/reference/refusals.md tells of no other', () => {
  const told = [...page.matchAll(/^\| `([\w-]+)` \| \d/gm)].map(([, code]) => code)
  assert.deepEqual(told, Object.keys(refusals))
})

test('docs/reference/mcp.md tells how each is said there', () => {
  const path = join(import.meta.dirname, '../../../docs/reference/mcp.md')
  const told = [...readFileSync(path, 'utf8').matchAll(/^\| `([\w-]+)` \| (result|error) \| .*$/gm)]
  const rows = Object.entries(answersOf).map(([name, { code, status, as }]) => {
    return `| \`${name}\` | ${as} | ${code} | ${status} |`
  })
  assert.deepEqual(
    told.map(([row]) => row),
    rows,
  )
})
