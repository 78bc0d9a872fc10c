import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Canonical, canonicalBytes } from './canonical.ts'
import { leafMembers, parseLeaf } from './parse-leaf.ts'
import { leafBytesMax, textMax } from './record.ts'

/** docs/reference/record.md says of every type which members it has, of what form, and which words they may be. */
const page = reference('record.md')
const refusals = [...reference('refusals.md').matchAll(/^\| `([\w-]+)` \| \d/gm)].map(
  ([, code = '']) => code,
)

function reference(name: string): string {
  return readFileSync(new URL(`../../../docs/reference/${name}`, import.meta.url), 'utf8')
}

type Row = { readonly name: string; readonly form: string; readonly optional: boolean }
type Sample = Record<string, Canonical>

const party = { iss: 'a', sub: 'b' }
const forms: Readonly<Record<string, Canonical>> = {
  text: 'a',
  integer: 1,
  'signed integer': -1,
  boolean: true,
  date: '2026-03-01T08:00:00.000Z',
  refusal: 'internal',
  ending: 'done',
  role: 'args',
  party,
  'evd/1': 'evd/1',
  emitter: { boot: 'a', instance: 'b', prev: 'c', seq: 0 },
  caller: { ...party, authn: 'oidc', cred: 'c' },
  function: { name: 'a', schema: 'b', server: 'c' },
  decision: { effect: 'hold', obligations: ['a'], policy: 'b', rules: ['c'], time: 'd' },
  source: { ip: 'a', protocol: 'b' },
  masking: {
    ...{ band: 'high', detector: 'f', entity: 'a', how: 'b', n: 1, path: 'c', rule: 'd' },
    ...{ validator: 'e', version: 'g' },
  },
  masker: { digest: 'a', micros: 1 },
  approval: { by: 'a', id: 'b' },
  terms: { kind: 'call', for: 1, uses: 2, when: ['b'] },
  step: { flow: 'a', groups: ['b'], quorum: 1 },
  'grant used': { party: 'a', grant: 'b', freshness: 'FRESH' },
  population: { count: 1, excluded: 2, hash: 'a' },
  'item count': { n: 1, what: 'keep' },
  'session party': { ...party, groups: ['a'], kind: 'user' },
  'boot end': { boot: 'a', hash: 'b', seq: 1 },
  commitment: { alg: 'HMAC-SHA-256', c: 'a', len: 1, mt: 'b' },
}

function rowsOf(section: string): readonly Row[] {
  const rows = section.matchAll(/^\| `(\w+)`(\??) \| ([^|]+) \|/gm)
  return [...rows].map(([, name = '', mark, form = '']) => ({
    name,
    form: form.replaceAll('`', ''),
    optional: mark === '?',
  }))
}

function sampleOf(form: string): Canonical {
  const [word] = wordsOf(form) ?? []
  if (word !== undefined) return word
  const [, entry] = /^list of (.+)$/.exec(form) ?? []
  const sample = forms[entry ?? form]
  assert.ok(sample !== undefined, `the form ${form} is not one of the page`)
  return entry === undefined ? sample : [sample]
}

/** The words of a form that is a closed list of them. */
function wordsOf(form: string): readonly string[] | undefined {
  if (form === 'refusal') return refusals
  if (form === 'ending') return ['done', 'aborted', ...refusals]
  const [, list] = /^one of (.+)$/.exec(form === 'role' ? roles : form) ?? []
  return list?.split(', ')
}

const formsText = /^## Forms\n([\s\S]*?)^## /m.exec(page)?.[1] ?? ''
const roles = /^\| role \| (.+) \|$/m.exec(formsText)?.[1]?.replaceAll('`', '') ?? ''
/** Members of forms that are words: by the form, the member and its words. */
const formWords = [...formsText.matchAll(/^\| (\w[\w ]+) \| (.+) \|$/gm)].flatMap(
  ([, form = '', text = '']) =>
    [...text.matchAll(/`(\w+)`\??: [^;`]*one of ((?:`[\w-]+`(?:, )?)+)/g)].map(
      ([, member = '', list = '']) => ({
        form,
        member,
        words: list.replaceAll(/[`,]/g, ' ').trim().split(/ +/),
      }),
    ),
)

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
  const whole = sampleOfType(type)
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

/** Whatever is a word anywhere on the page, and what is none. */
const anyWord = [
  ...new Set([...page.matchAll(/`([\w-]+)`/g)].map(([, word = '']) => word)),
  ...['', 'eaten', 'DONE ', 'Allow'],
]

/** Of a member that is one of a closed list, exactly those words are read; of others, what the limits allow. */
function checkMember(type: string, { name, form }: Row): void {
  const whole: Sample = sampleOfType(type)
  const takes = (value: Canonical) => accepts({ ...whole, [name]: value })
  const words = name === 'type' ? undefined : wordsOf(form)
  if (words) {
    assert.deepEqual(
      anyWord.filter((word) => takes(word)),
      anyWord.filter((word) => words.includes(word)),
    )
    assert.ok(words.every((word) => takes(word)))
  }
  if (form === 'integer') assert.deepEqual([0, -1, 0.5].map(takes), [true, false, false])
  if (form === 'signed integer') {
    assert.deepEqual([0, -1, 0.5, '1'].map(takes), [true, true, false, false])
  }
  if (form === 'text' && name !== 'type') {
    const long = [textMax, textMax + 1].flatMap((length) => [
      'x'.repeat(length),
      'é'.repeat(length),
    ])
    assert.deepEqual(long.map(takes), [true, true, false, false])
  }
  if (form === 'date') {
    const dates = ['never', '2026-03-01', '2026-02-30T08:00:00.000Z', '2026-03-01T08:00:00Z', '']
    assert.ok(!dates.some(takes))
  }
}

function sampleOfType(type: string): Sample {
  const rows = sections.get(type) ?? []
  return { ...Object.fromEntries(rows.map(({ name, form }) => [name, sampleOf(form)])), type }
}

for (const [type, rows] of sections) {
  test(`${type} has the words and limits of the page`, () => {
    for (const row of rows) checkMember(type, row)
  })
}

for (const { form, member, words } of formWords) {
  test(`${member} of a ${form} is one of the words of the page`, () => {
    const isOf = (row: Row) => row.form === form || row.form === `list of ${form}`
    const found = [...sections].find(([, rows]) => rows.some(isOf)) ?? assert.fail()
    const [type, rows] = found
    const row = rows.find(isOf) ?? assert.fail()
    const takes = (word: string) => {
      const value = { ...Object(forms[form]), [member]: word }
      return accepts({ ...sampleOfType(type), [row.name]: row.form === form ? value : [value] })
    }
    assert.deepEqual(
      anyWord.filter(takes),
      anyWord.filter((word) => words.includes(word)),
    )
    assert.ok(words.every(takes))
  })
}

test('a leaf is no longer than the page says', () => {
  const [bytes] = /at most ([\d,]+) bytes/.exec(page)?.slice(1) ?? []
  assert.equal(Number(bytes?.replace(',', '')), leafBytesMax)
  const [units] = /A string has at most\s+([\d,]+) UTF-16/.exec(page)?.slice(1) ?? []
  assert.equal(Number(units?.replace(',', '')), textMax)
})

test('every type is described, and no other', () => {
  const types = leafMembers().map(({ type }) => type)
  assert.deepEqual([...sections.keys()].sort(), types.toSorted())
})

for (const type of sections.keys()) test(`${type} is as described`, () => check(type))

test('every form of the page is shown', () => {
  const shown = [...formsText.matchAll(/^\| (\w[\w ]+) \|/gm)].map(([, form]) => form)
  const simple = ['text', 'integer', 'boolean', 'evd/1']
  const used = Object.keys(forms).filter((form) => !simple.includes(form))
  assert.deepEqual(shown.filter((form) => form !== 'form').sort(), used.toSorted())
})
