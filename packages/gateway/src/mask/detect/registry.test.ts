import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Cell, Span } from './cell.ts'
import { hintOf } from './hints.ts'
import { entityRules } from './registry.ts'
import { scanCell } from './scan.ts'

const page = readFileSync(
  join(import.meta.dirname, '../../../../../docs/reference/entities.md'),
  'utf8',
)

/** Rows of the tables: entity, rule, source, check, confidence alone, what is found and what is not. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
  .map(([, type = '', rule = '', source = '', check = '', alone = '', yes = '', no = '']) => {
    return { type, rule, source, check, alone, yes, no }
  })

/** A text as it stands; of a rule that goes by the field, `field: value`. */
function scan(rule: string, text: string): readonly Span[] {
  const [field = '', ...rest] = rule.startsWith('field/') ? text.split(': ') : ['', text]
  const name = Buffer.from(field)
  const bytes = Buffer.from(rest.join(': '))
  const kind: Cell['kind'] = field === '' ? 'line' : 'string'
  const spans: Span[] = []
  const hint = hintOf(name, 0, name.length)
  scanCell({ bytes, from: 0, to: bytes.length, hint, kind }, spans)
  return spans
}

test('the page lists the rules of the registry, each once and as it is', () => {
  const line = (one: { type: string; rule: string; check: string; alone: string }) =>
    `${one.type} ${one.rule} ${one.check} ${one.alone}`
  const known = entityRules.map(({ type, rule, validator, confidence }) =>
    line({ type, rule, check: validator ?? 'form', alone: String(confidence) }),
  )
  assert.deepEqual(rows.map(line).sort(), known.sort())
  for (const { rule, source } of rows) assert.notEqual(source, '', `${rule} has no source`)
})

test('what the page says is found is found as that entity, and what it says is not is not', () => {
  for (const { type, rule, yes, no } of rows) {
    const found = scan(rule, yes).filter((span) => span.type === type)
    assert.equal(found.length, 1, `${rule} finds one ${type} in: ${yes}`)
    const wrong = scan(rule, no).filter((span) => span.type === type)
    assert.deepEqual(wrong, [], `${rule} finds no ${type} in: ${no}`)
  }
})

test('examples of one rule of an entity are found by that rule', () => {
  const shared = new Set(['PHONE_NUMBER', 'PASSPORT', 'VAT_ID'])
  for (const { type, rule, yes } of rows) {
    if (shared.has(type)) continue
    const rules = scan(rule, yes).map((span) => span.rule)
    assert.ok(rules.includes(rule), `${rule}, not ${rules}, finds: ${yes}`)
  }
})
