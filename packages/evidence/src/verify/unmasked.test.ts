import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MaskFacts } from './content.ts'
import { isLeftUnmasked, isShownUnmasked } from './unmasked.ts'

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

const hash: MaskFacts = { id: 'h', path: '$.ssn', strategy: { kind: 'hash' } }
const partial: MaskFacts = { id: 'p', path: '$.ssn', strategy: { kind: 'partial', last: 2 } }
const aside: MaskFacts = { id: 'w', path: '$.b', strategy: { kind: 'replace', with: { ssn: 1 } } }
const untold = 'without the result as it came, what the mask'

/** What went back alone: the masks of which the first is asked about, and what is told of it. */
const alone: Readonly<Record<string, readonly [Case['masks'], unknown, boolean | string]>> = {
  'a value as it was': [[redact('$.ssn')], ada, true],
  'a stand-in': [[redact('$.ssn')], { ssn: gone }, false],
  'nothing at its place': [[drop('$.ssn')], {}, false],
  'what was to be dropped': [[drop('$.ssn')], ada, true],
  'a value that was to be hashed': [[hash], ada, true],
  'a pseudonym': [[hash], { ssn: `hash:${'a'.repeat(22)}` }, false],
  'the stand-in of what is too long to hash': [[hash], { ssn: '[REDACTED:HASH]' }, false],
  'a pseudonym of another mask': [[partial, hash], { ssn: `hash:${'a'.repeat(22)}` }, false],
  'a value of which all is shown': [[partial], ada, true],
  'a value of which a part is shown': [[partial], { ssn: '**2' }, false],
  'the stand-in of an object of which a part was to be shown': [
    [partial],
    { ssn: '[REDACTED:PARTIAL]' },
    false,
  ],
  'a number in the path': [[redact('$.a[0].ssn')], { a: [ada] }, `${untold} $.a[0].ssn`],
  'a mask that puts an object': [[redact('$..ssn'), aside], { b: { ssn: 1 } }, `${untold} $..ssn`],
}
for (const [name, [masks, after, expected]] of Object.entries(alone)) {
  test(`what went back alone: ${name}`, () => {
    const told = isShownUnmasked([{ kind: 'document', before: after, after }], masks[0], masks)
    if (typeof expected === 'string') assert.ok(String(told).startsWith(expected), String(told))
    else assert.equal(told, expected)
  })
}
