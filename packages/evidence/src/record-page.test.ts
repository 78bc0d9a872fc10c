import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Canonical, canonicalBytes } from './canonical.ts'
import { leafMembers, parseLeaf } from './parse-leaf.ts'

/** docs/reference/record.md says of every type which members it has, and of what form. */
const page = readFileSync(new URL('../../../docs/reference/record.md', import.meta.url), 'utf8')

type Row = { readonly name: string; readonly form: string; readonly optional: boolean }
type Sample = Record<string, Canonical>

const party = { iss: 'a', sub: 'b' }
const forms: Readonly<Record<string, Canonical>> = {
  text: 'a',
  integer: 1,
  boolean: true,
  role: 'args',
  'outage reason': 'disk-full',
  party,
  'evd/1': 'evd/1',
  emitter: { boot: 'a', instance: 'b', prev: 'c', seq: 0 },
  caller: { ...party, authn: 'oidc', cred: 'c' },
  function: { name: 'a', schema: 'b', server: 'c' },
  decision: { effect: 'hold', obligations: ['a'], policy: 'b', rules: ['c'], time: 'd' },
  source: { ip: 'a', protocol: 'b' },
  masking: { band: 'high', entity: 'a', how: 'b', n: 1, path: 'c', rule: 'd', validator: 'e' },
  masker: { digest: 'a', micros: 1 },
  approval: { by: 'a', id: 'b' },
  terms: { kind: 'a', for: 1, uses: 2, when: ['b'] },
  step: { flow: 'a', groups: ['b'], quorum: 1 },
  'grant used': { party: 'a', grant: 'b', freshness: 'c' },
  population: { count: 1, excluded: 2, hash: 'a' },
  'item count': { n: 1, what: 'a' },
  'session party': { ...party, groups: ['a'], kind: 'user' },
  'boot end': { boot: 'a', hash: 'b', seq: 1 },
  commitment: { alg: 'HMAC-SHA-256', c: 'a', len: 1, mt: 'b' },
}

function rowsOf(section: string): readonly Row[] {
  const rows = section.matchAll(/^\| `(\w+)`(\??) \| `?([^|`]+)`? \|/gm)
  return [...rows].map(([, name = '', mark, form = '']) => ({
    name,
    form: form.trim(),
    optional: mark === '?',
  }))
}

function sampleOf(form: string): Canonical {
  const [, entry] = /^list of (.+)$/.exec(form) ?? []
  const sample = forms[entry ?? form]
  assert.ok(sample !== undefined, `the form ${form} is not one of the page`)
  return entry === undefined ? sample : [sample]
}

const always = rowsOf(/^## In every record\n([\s\S]*?)^## /m.exec(page)?.[1] ?? '')
const sections = new Map(
  [...page.matchAll(/^### `([\w.-]+)`\n([\s\S]*?)(?=^##|$(?![\s\S]))/gm)].map(
    ([, type = '', text = '']) => [type, [...always, ...rowsOf(text)]],
  ),
)

function accepts(leaf: Sample): boolean {
  try {
    parseLeaf(canonicalBytes(leaf))
    return true
  } catch {
    return false
  }
}

/** The page and the reader agree on the members, on which may be absent, and on their forms. */
function check(type: string): void {
  const rows = sections.get(type) ?? []
  const known = leafMembers().find((one) => one.type === type)
  const named = (optional: boolean) =>
    rows.filter((row) => row.optional === optional).map(({ name }) => name)
  assert.deepEqual(named(false).sort(), known?.required.toSorted())
  assert.deepEqual(named(true).sort(), known?.optional.toSorted())
  const whole: Sample = Object.fromEntries(rows.map(({ name, form }) => [name, sampleOf(form)]))
  whole.type = type
  parseLeaf(canonicalBytes(whole))
  for (const { name, optional } of rows) {
    const { [name]: _left, ...without } = whole
    assert.equal(accepts(without), optional, `${type} without ${name}`)
    assert.equal(
      accepts({ ...whole, [name]: { other: 1 } }),
      false,
      `${type}.${name} of another form`,
    )
  }
}

test('every type is described, and no other', () => {
  const types = leafMembers().map(({ type }) => type)
  assert.deepEqual([...sections.keys()].sort(), types.toSorted())
})

for (const type of sections.keys()) test(`${type} is as described`, () => check(type))

test('every form of the page is shown', () => {
  const text = /^## Forms\n([\s\S]*?)^## /m.exec(page)?.[1] ?? ''
  const shown = [...text.matchAll(/^\| (\w[\w ]+) \|/gm)].map(([, form]) => form)
  const simple = ['text', 'integer', 'boolean', 'role', 'outage reason', 'evd/1']
  const used = Object.keys(forms).filter((form) => !simple.includes(form))
  assert.deepEqual(shown.filter((form) => form !== 'form').sort(), used.toSorted())
})
