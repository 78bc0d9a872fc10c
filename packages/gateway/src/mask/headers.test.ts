import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from './compile.ts'
import type { DetectionPlan, Header } from './plan.ts'

type Rule = DetectionPlan['rules'][number]

const everything: Rule = {
  ...{ id: 'all', entities: ['*'], confidence: 50 },
  strategy: { kind: 'redact' },
}

function mask(headers: readonly Header[], rules: readonly Rule[] = [everything]) {
  const allowed = new Set<string>()
  const plan: DetectionPlan = { rules, custom: [], allowed, onError: 'block', digest: 'd' }
  const masking = compileResultMasking([], [], plan)
  assert.ok('masker' in masking)
  return masking.headers?.(headers, { key: Buffer.alloc(32) }) ?? assert.fail('nothing looks')
}

const mail = 'nora@example.org'
const hidden = '[REDACTED:EMAIL_ADDRESS]'
const token = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'

/** What frameworks send against forged requests. */
const forged = 'k9Xv4Kt8Nm3Bd6q7Zr2Lw9Yp5Hs1Jf0A=='

/** What is left of a header; undefined: it is left out. `at`: where the record says that it was. */
type Row = readonly [header: Header, left: string | undefined, at?: string]

const rows: readonly Row[] = [
  [['x-user', mail], hidden],
  [['x-user', `"Nora" <${mail}>, ${mail}`], `"Nora" <${hidden}>, ${hidden}`],
  [['x-note', `{"who":"${mail}"}`], `{"who":"${hidden}"}`],
  [['link', `<http://x/?e=${mail}>; rel="next"`], `<http://x/?e=${hidden}>; rel="next"`],
  [['location', `/users/${mail}`], `/users/${hidden}`],
  [['location', '/users/nora%40example.org'], '/users/%5BREDACTED%3AEMAIL_ADDRESS%5D'],
  [['x-ssn', '536904399'], '[REDACTED:US_SSN]', 'header:x-ssn'],
  [['warning', `199 - "${token}"`], '199 - "[REDACTED:SECRET]"'],
  // Bytes of UTF-8, as HTTP brings them, and of ISO 8859-1.
  [['x-note', latin(`für “${mail}” 😀`)], latin(`für “${hidden}” 😀`)],
  [['x-note', `f\xfcr ${mail}`], `f\xfcr ${hidden}`],
  // Without its parameters, or with others, the body would be read in another way.
  [['content-type', `text/plain; boundary=${mail}`], undefined],
  // Its name says that it is sent back; what it looks like says more.
  [['x-csrf-token', token], '[REDACTED:SECRET]', 'header:*'],
  [['x-api-token', forged], '[REDACTED:SECRET]'],
  [['x-csrf-token-secret', forged], '[REDACTED:SECRET]', 'header:*'],
  // A name that is a value.
  [['x-4539578763621486', 'yes'], undefined, 'header:*'],
  [['x-nqzist', mail], hidden, 'header:*'],
]
for (const [[name, value], left, at = `header:${name}`] of rows) {
  test(`${name}: ${value}`, () => {
    const beside: readonly Header[] = [
      ['x-empty', ''],
      ['etag', '"1"'],
    ]
    const { headers, findings } = mask([...beside, [name, value]])
    const expected = left === undefined ? [] : [[name, left]]
    assert.deepEqual(headers, [...beside, ...expected])
    assert.deepEqual([...new Set(findings.map(({ path }) => path))], [at])
    assert.ok(findings.every(({ rule, how }) => rule === 'all' && how === 'redact'))
  })
}

test('what several headers of one name hold is counted in one place', () => {
  const { headers, findings } = mask([
    ['x-user', mail],
    ['x-user', `${mail}, ${mail}`],
  ])
  assert.deepEqual(headers, [
    ['x-user', hidden],
    ['x-user', `${hidden}, ${hidden}`],
  ])
  assert.deepEqual(
    findings.map(({ path, count }) => [path, count]),
    [['header:x-user', 3]],
  )
})

test('headers that hold no value come back as the list they are', () => {
  const usual: readonly Header[] = [
    ['date', 'Sun, 22 Nov 2026 05:20:15 GMT'],
    ['expires', 'Thu, 01 Jan 1970 00:00:00 GMT'],
    ['etag', 'W/"33a64df551425fcc55e4d42a148795d9f25f89d4"'],
    ['cache-control', 'private, max-age=31536000'],
    ['x-request-id', '7b2d3c1e-9b1a-4c5d-8e9f-0a1b2c3d4e5f'],
    ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ['x-ratelimit-reset', '1732252815'],
    ['x-ratelimit-remaining', '4999'],
    ['via', '1.1 varnish, 1.1 edge'],
    ['age', '123456'],
    ['content-type', 'application/json; charset=utf-8'],
    ['content-disposition', 'attachment; filename="report-2026-11-22.csv"'],
    ['link', '<https://api.example.com/repositories/1300192/issues?page=2>; rel="next"'],
    ['content-security-policy', "default-src 'none'; script-src 'nonce-dGVzdC1ub25jZS0xMjM0'"],
    ['report-to', '{"group":"default","max_age":31536000}'],
    ['server-timing', 'db;dur=53.2, app;dur=47.1'],
    ['x-csrf-token', forged],
    ['csrf-token', '7b2d3c1e-9b1a-4c5d-8e9f-0a1b2c3d4e5f'],
    ['x-xsrf-token', forged],
    ['xsrf-token', forged],
    ['x-csrftoken', forged],
    ['requestverificationtoken', `CfDJ8${forged}`],
    ['x-csrf-token', 'Required'],
  ]
  const { headers, findings } = mask(usual)
  assert.equal(headers, usual)
  assert.deepEqual(findings, [])
})

test('paths mean nothing there: what hides at one covers all headers, what keeps at one none', () => {
  const at = (strategy: Rule['strategy']): Rule => ({
    ...{ id: 'there', entities: ['EMAIL_ADDRESS'], paths: ['$.user'], confidence: 50, strategy },
  })
  const held: readonly Header[] = [['x-user', mail]]
  assert.deepEqual(mask(held, [at({ kind: 'redact' })]).headers, [['x-user', hidden]])
  assert.deepEqual(mask(held, [at({ kind: 'keep' }), everything]).headers, [['x-user', hidden]])
  const partly: Rule = { ...everything, strategy: { kind: 'keep' } }
  assert.equal(mask(held, [partly]).headers[0]?.[1], mail)
})

test('without rules about values nothing is looked for', () => {
  const masking = compileResultMasking([], [])
  assert.ok('masker' in masking)
  assert.equal(masking.headers, undefined)
})

test('headers are masked where a recogniser is asked about the body', () => {
  const names: Rule = { ...everything, id: 'names', recognise: { language: 'en' } }
  assert.deepEqual(mask([['x-user', mail]], [names]).headers, [['x-user', hidden]])
})

function latin(text: string): string {
  return Buffer.from(text).toString('latin1')
}
