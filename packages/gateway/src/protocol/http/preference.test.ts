import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { deferralAsked, preferencesOf, termsAsked } from './preference.ts'

const preferences: readonly (readonly [readonly string[], number | undefined, boolean])[] = [
  [[], undefined, false],
  [['wait=10'], 10_000, false],
  [['wait=0'], 0, false],
  [['Wait = "10"'], 10_000, false],
  [['respond-async'], undefined, true],
  [['Respond-Async, wait=5'], 5_000, true],
  [['respond-async', 'wait=5'], 5_000, true],
  [['respond-async; x=1'], undefined, true],
  [['respond-async=""'], undefined, true],
  [['respond-async="yes"'], undefined, false],
  [['return=minimal; wait=5'], undefined, false],
  [['return="a, wait=5"'], undefined, false],
  [['return="a\\", wait=5", wait=7'], 7_000, false],
  [['wait=5, wait=9'], 5_000, false],
  [['wait=x, wait=9'], undefined, false],
  [['wait'], undefined, false],
  [['wait=-1'], undefined, false],
  [['wait=1e3'], undefined, false],
  [['await=5'], undefined, false],
  [[',, ,'], undefined, false],
]
for (const [prefer, waitMs, respondAsync] of preferences) {
  test(`Prefer: ${prefer.join(' / ')}`, () => {
    const headers = prefer.map((value) => ['prefer', value] as const)
    assert.deepEqual(preferencesOf(headers), { waitMs, respondAsync })
  })
}

const asked: readonly (readonly [string, object | 'refused'])[] = [
  ['call', { kind: 'call' }],
  ['window; uses=10; for=30m', { kind: 'window', uses: 10, forMs: 1_800_000, when: [] }],
  ['Session;uses=1;for=8h', { kind: 'session', uses: 1, forMs: 28_800_000, when: [] }],
  [
    'window; uses=2; for=9s; when="context.args.amount <= 100"; when="context.args.to == \\"a;b\\""',
    {
      ...{ kind: 'window', uses: 2, forMs: 9_000 },
      when: ['context.args.amount <= 100', 'context.args.to == "a;b"'],
    },
  ],
  ['', 'refused'],
  ['call; uses=1', 'refused'],
  ['forever', 'refused'],
  ['window', 'refused'],
  ['window; uses=0; for=1m', 'refused'],
  ['window; uses=1.5; for=1m', 'refused'],
  ['window; uses=1; for=1d', 'refused'],
  ['window; uses=1; for=0m', 'refused'],
  ['window; uses=1; uses=2; for=1m', 'refused'],
  ['window; uses=1; for=1m; to=x', 'refused'],
  ['window; uses=1; for=1m, session; uses=2; for=1m', 'refused'],
]
for (const [value, expected] of asked) {
  test(`Sallyport-Clearance: ${value}`, () => {
    const found = termsAsked([['sallyport-clearance', value]])
    if (expected === 'refused') assert.ok('problem' in found, JSON.stringify(found))
    else assert.deepEqual(found, { terms: expected })
  })
}

test('Sallyport-Defer', () => {
  const of = (value: string) => deferralAsked([['sallyport-defer', value]])
  assert.deepEqual(deferralAsked([]), { deferred: false })
  assert.deepEqual(of('true'), { deferred: true })
  assert.deepEqual(of(' FALSE '), { deferred: false })
  for (const value of ['', '1', 'yes', 'true, true']) assert.ok('problem' in of(value), value)
})

test('whatever is sent is read or refused, and nothing throws', () => {
  const text = fc.string({ unit: fc.constantFrom(...'wait=;,"\\ 9respond-async window use for') })
  fc.assert(
    fc.property(text, (value) => {
      const { waitMs } = preferencesOf([['prefer', value]])
      assert.ok(waitMs === undefined || Number.isSafeInteger(waitMs))
      const found = termsAsked([['sallyport-clearance', value]])
      assert.ok('problem' in found || found.terms !== undefined)
    }),
  )
})
