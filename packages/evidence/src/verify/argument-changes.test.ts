import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareArguments } from './argument-changes.ts'
import { readJsonObject } from './http-arguments.ts'

type Found = ReturnType<typeof compareArguments>['found']

/** Arguments before and after what a rule that looks everywhere, with these kinds, may have done. */
function check(kinds: string, before: string, after: string, expected: Found): void {
  const read = (text: string) => readJsonObject(Buffer.from(text)) ?? assert.fail(text)
  const detect = kinds.split(' ').map((kind) => ({ id: kind, paths: undefined, kind }))
  const { found } = compareArguments(read(before), read(after), { masks: [], detect })
  assert.equal(found, expected)
}

const psn = `psn_0123abcd_${'x'.repeat(22)}`
const rows: readonly (readonly [string, string, string, Found])[] = [
  ['pseudonym', '{"a":"to jo ok"}', `{"a":"to ${psn} ok"}`, 'same'],
  ['pseudonym', '{"a":"to jo ok"}', `{"a":"to hash:${'x'.repeat(22)} ok"}`, 'same'],
  ['pseudonym', '{"a":"to jo ok"}', `{"a":"at ${psn} ok"}`, 'changed'],
  ['pseudonym', '{"a":"to jo ok"}', '{"a":"to psn_0123abcd_x ok"}', 'changed'],
  ['redact', '{"a":"to jo ok"}', `{"a":"to ${psn} ok"}`, 'changed'],
  ...['null', 'drop'].flatMap((kind) =>
    ['null', '0', '""', '"[REDACTED:X]"'].flatMap((left) => [
      [kind, '{"a":411}', `{"a":${left}}`, 'same'] as const,
      [kind, '{"a":"jo"}', `{"a":${left}}`, 'same'] as const,
      [kind, '{"a":true}', `{"a":${left}}`, 'changed'] as const,
    ]),
  ),
  ['redact', '{"a":"jo"}', '{"a":null}', 'changed'],
  ['null', '{"a":411}', '{"a":1}', 'changed'],
  ['null', '{"a":"to jo ok"}', '{"a":"to  ok"}', 'changed'],
  ['drop', '{"a":"to jo ok"}', '{"a":"to  ok"}', 'same'],
  ['drop', '{"a":"to jo ok"}', '{"a":"ok  to"}', 'changed'],
  ['drop', '{"a":"to jo ok"}', '{"a":"to jo ok."}', 'changed'],
  ['drop redact', '{"a":"to jo or 411"}', '{"a":"to  or [REDACTED:X]"}', 'same'],
  ['redact', '{"jo":1,"al":2}', '{"[REDACTED:X]":2}', 'unclear'],
  ['redact', '{"jo":1,"[REDACTED:X]":2}', '{"[REDACTED:X]":2}', 'unclear'],
  ['redact', '{"jo":1,"al":2}', '{"al":2}', 'changed'],
  ['redact', '{"jo":1,"al":2}', '{"jo":1,"al":2,"[REDACTED:X]":3}', 'changed'],
]
for (const [kinds, before, after, expected] of rows) {
  test(`${kinds}: ${before} and ${after}: ${expected}`, () => {
    check(kinds, before, after, expected)
  })
}
