import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MaskFacts } from './content.ts'
import { isLeftUnmasked } from './unmasked.ts'

const redact = (path: string): MaskFacts => ({
  id: path,
  path,
  strategy: { kind: 'redact', label: 'X' },
})
const drop = (path: string): MaskFacts => ({ id: path, path, strategy: { kind: 'drop' } })
const gone = '[REDACTED:X]'
const ada = { ssn: '1-2' }

type Case = {
  /** The first is asked about. */
  readonly masks: readonly [MaskFacts, ...MaskFacts[]]
  readonly before: unknown
  readonly after: unknown
}

const left: Readonly<Record<string, Case>> = {
  'a value as it was': { masks: [redact('$.ssn')], before: ada, after: ada },
  'an element that was to be dropped': {
    masks: [drop('$.a[0]')],
    before: { a: [1, 2] },
    after: { a: [1, 2] },
  },
  'a value in a list of which nothing was dropped': {
    masks: [redact('$.a[0].ssn'), drop('$.b')],
    before: { a: [ada, ada], b: 1 },
    after: { a: [ada, ada] },
  },
  'a value in a list that is shorter, and no mask drops anything': {
    masks: [redact('$.a[*].ssn')],
    before: { a: [ada, ada] },
    after: { a: [ada] },
  },
}

const hidden: Readonly<Record<string, Case>> = {
  'a value that was hidden': { masks: [redact('$.ssn')], before: ada, after: { ssn: gone } },
  'an element that was dropped before an equal one': {
    masks: [drop('$.a[0]')],
    before: { a: [1, 1] },
    after: { a: [1] },
  },
  'a value that another mask dropped with its element, before an equal one': {
    masks: [redact('$.a[0].ssn'), drop('$.a[0]')],
    before: { a: [ada, ada] },
    after: { a: [ada] },
  },
  'a value deep in an element that moved up': {
    masks: [redact('$.a[1].b[0].ssn'), drop('$.a[0]')],
    before: { a: [0, { b: [ada] }, { b: [ada] }] },
    after: { a: [{ b: [{ ssn: gone }] }, { b: [ada] }] },
  },
}

for (const [expected, cases] of [
  [true, left],
  [false, hidden],
] as const) {
  for (const [name, { masks, before, after }] of Object.entries(cases)) {
    test(`${name}: ${expected ? 'is a finding' : 'is none'}`, () => {
      const places = [{ kind: 'document', before, after }] as const
      assert.equal(isLeftUnmasked(places, masks[0], masks), expected)
    })
  }
}
