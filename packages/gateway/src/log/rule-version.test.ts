import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DetectRule } from '../model/detection.ts'
import type { MaskRule } from '../model/function.ts'
import { ruleVersionOf } from './rule-version.ts'

const declared: MaskRule = { id: 'ssn', path: '$.ssn', strategy: { kind: 'redact', label: 'SSN' } }
const found: DetectRule = {
  ...{ id: 'mail', entities: ['EMAIL_ADDRESS'], direction: ['result'], from: ['record'] },
  ...{ confidence: 50, strategy: { kind: 'redact' }, reveal: [] },
}

const version = (id: string, { mask = declared, rule = found } = {}) =>
  ruleVersionOf({ resultMasks: [mask], argumentMasks: [], detect: [rule] }, id)

test('a rule has the version of its wording, whatever the order of its members', () => {
  for (const id of ['ssn', 'mail']) assert.match(version(id) ?? '', /^[\da-f]{16}$/)
  const { id, strategy, ...rest } = found
  assert.equal(version('mail', { rule: { strategy, ...rest, id } }), version('mail'))
  assert.notEqual(version('mail', { rule: { ...found, confidence: 51 } }), version('mail'))
  assert.notEqual(version('ssn', { mask: { ...declared, path: '$.other' } }), version('ssn'))
  // Another rule's change is not this one's.
  assert.equal(version('ssn', { rule: { ...found, confidence: 51 } }), version('ssn'))
})

test('what no rule names has none', () => assert.equal(version('credential'), undefined))
