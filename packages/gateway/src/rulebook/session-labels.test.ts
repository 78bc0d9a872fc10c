import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readRulebook } from './load.ts'
import { runPolicyTests } from './run-tests.ts'

type Given = { readonly taints?: string; readonly policy?: string; readonly tests?: string }

const permit =
  '@id("all") @owner("o") @reason("r") @review("90d") permit (principal, action, resource);'
const noMail = `@id("no-mail") @reason("It may have been told to")
forbid (principal, action == Action::"desk.mail", resource)
when { context.session.labels.contains("untrusted") };`

const connection = `id: desk
protocol: http
upstream: https://desk.example
prefix: /desk
credential: none
`

/** A desk that reads tickets, which anybody may have written, and sends mail. */
function load({ taints = '', policy = '', tests = '' }: Given) {
  const described = 'purpose: p, owner: o, risk: low'
  const functions = `connection: desk
functions:
  - { name: ticket, ${described}, sensitivity: confidential, mask: none, http: GET /ticket${taints} }
  - { name: mail, ${described}, sensitivity: internal, http: POST /mail }
`
  const text = (file: string, content: string) => (content === '' ? [] : [{ file, text: content }])
  return readRulebook({
    connections: text('connections/desk.yaml', connection),
    functions: text('functions/desk.yaml', functions),
    policies: text('policies/desk.cedar', `${permit}\n${policy}`),
    tests: text('tests/desk.yaml', tests),
    ...{ masking: [], approvals: [], reviews: [], gitleaks: [] },
  })
}

/** What a call of `desk.ticket` brings; undefined: sessions have no labels. */
function brought(given: Given): readonly string[] | undefined {
  const loaded = load(given)
  assert.ok('inForce' in loaded, JSON.stringify(loaded))
  const ticket = loaded.inForce.rulebook.functions.find(({ id }) => id === 'desk.ticket')
  assert.ok(ticket)
  return loaded.inForce.labelsBrought?.(ticket)
}

test('sessions are labelled where a function or a policy asks for it, and nowhere else', () => {
  assert.equal(brought({}), undefined)
  assert.deepEqual(brought({ taints: ', taints: [untrusted]' }), ['untrusted', 'confidential'])
  assert.deepEqual(brought({ policy: noMail }), ['confidential'])
  const whole = noMail.replace(
    'context.session.labels.contains("untrusted")',
    'context.session has id',
  )
  assert.equal(brought({ policy: whole }), undefined)
})

test('taints are words of a list, and part of what a function is', () => {
  const told = JSON.stringify(load({ taints: ', taints: [unstrusted]' }))
  assert.match(told, /functions\/desk\.yaml/)
  const digestOf = (taints: string) => {
    const loaded = load({ taints })
    assert.ok('inForce' in loaded)
    return loaded.inForce.rulebook.functions.find(({ id }) => id === 'desk.ticket')?.digest
  }
  assert.notEqual(digestOf(', taints: [untrusted]'), digestOf(''))
  const both = digestOf(', taints: [private, untrusted]')
  assert.equal(both, digestOf(', taints: [untrusted, private]'))
})

test('a policy is tried out in a labelled session', () => {
  const tests = `- { name: plain, as: { user: 'corp:sam' }, call: desk.mail, expect: allow }
- { name: tainted, as: { user: 'corp:sam' }, call: desk.mail, labels: [untrusted], expect: deny, by: [no-mail] }
`
  const loaded = load({ policy: noMail, tests })
  assert.ok('inForce' in loaded, JSON.stringify(loaded))
  const results = runPolicyTests(loaded.inForce, loaded.tests)
  assert.deepEqual(
    results.map(({ name, passed, got }) => `${name} ${passed} ${got}`),
    ['plain true allow; by all', 'tainted true deny; by no-mail'],
  )
})

test('the rulebook in the guide is one, and its tests pass', () => {
  const page = join(import.meta.dirname, '../../../../docs/guides/session-labels.md')
  const blocks = readFileSync(page, 'utf8').matchAll(
    /```(?:yaml|cedar)\n(?:#|\/\/) (\S+)\n([\s\S]*?)```/g,
  )
  const all = [...blocks].map(([, file = '', text = '']) => ({ file, text }))
  const under = (folder: string) => all.filter(({ file }) => file.startsWith(folder))
  const loaded = readRulebook({
    connections: [{ file: 'connections/desk.yaml', text: connection }],
    functions: under('functions/'),
    policies: under('policies/'),
    tests: under('tests/'),
    ...{ masking: [], approvals: [], reviews: [], gitleaks: [] },
  })
  assert.ok('inForce' in loaded, JSON.stringify(loaded))
  const results = runPolicyTests(loaded.inForce, loaded.tests)
  assert.deepEqual(
    results.map(({ passed }) => passed),
    [true, true],
  )
})
