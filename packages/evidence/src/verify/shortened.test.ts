import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { leafText } from '../leaf.ts'
import { parseLeaf } from '../parse-leaf.ts'
import { chainStart, type RecordDraft } from '../record.ts'
import { isShortened, watchShortened } from './shortened.ts'
import { openReport } from './verdict.ts'

const time = '2026-01-02T03:04:05.678Z'
const emitter = { seq: 7, prev: chainStart, instance: 'gw-1', boot: 'b1' }
const digest = `sha256:${'0'.repeat(64)}`

/** How many entries of the lists of a call, and how long the names in each are. */
type Lists = Readonly<Record<'rules' | 'obligations' | 'masked' | 'labels', readonly number[]>>

/** What a gateway had to shorten is told as that, and every list that lost its end is excused. */
function check({ rules, obligations, masked, labels }: Lists): void {
  const names = (lengths: readonly number[]) => lengths.map((length) => 'n'.repeat(length))
  const draft: RecordDraft = {
    ...{ type: 'call.authorized', time, call: 'c', session: 's', approvals: [], obo: [] },
    caller: { iss: 'corp', sub: 'bot', cred: digest, authn: 'oidc' },
    fn: { name: 'crm.get', server: 'crm', schema: digest },
    source: { ip: '10.0.0.1', protocol: 'http' },
    decision: {
      ...{ effect: 'allow', policy: digest, time },
      ...{ rules: names(rules), obligations: names(obligations) },
    },
    masked: names(masked).map((path) => ({ rule: 'r', path, n: 1, how: 'redact' })),
    labels: names(labels),
  }
  const record = parseLeaf(Buffer.from(leafText(draft, emitter, {})))
  assert.ok(record.type === 'call.authorized')
  const report = openReport()
  void watchShortened({ report }).see({ index: 0, record, hash: new Uint8Array(32) })
  const { findings } = report.close({ origin: '', size: 0n, scope: 'whole', witnesses: [] })
  const isCut = record.truncated !== undefined
  assert.deepEqual(
    findings.map(({ code }) => code),
    isCut ? ['record-shortened'] : [],
  )
  const left = [record.decision?.rules, record.decision?.obligations, record.masked, record.labels]
  for (const [at, { length }] of [rules, obligations, masked, labels].entries()) {
    if ((left[at] ?? []).length < length) assert.ok(isShortened(record, left[at]))
  }
}

const many = (length: number, count: number) => Array.from({ length: count }, () => length)
const none: Lists = { rules: [], obligations: [], masked: [], labels: [] }
const cases: readonly (readonly [string, Lists])[] = [
  ['nothing', none],
  ['many short names', { ...none, masked: many(3, 500), rules: many(3, 65) }],
  ['long names in every list', { ...none, rules: many(900, 9), labels: many(900, 9) }],
  ['short names, then long ones', { ...none, rules: [...many(3, 16), ...many(256, 60)] }],
]
for (const [name, lists] of cases) test(`a long record is no lie: ${name}`, () => check(lists))

test('a long record is no lie, whatever its lists hold', () => {
  const list = fc.array(fc.integer({ min: 1, max: 256 }), { maxLength: 200, size: 'max' })
  const lists = fc.record({ rules: list, obligations: list, masked: list, labels: list })
  fc.assert(fc.property(lists, check), { numRuns: 200 })
})
