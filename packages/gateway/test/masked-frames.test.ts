import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { comparedInFrame } from '../../evidence/src/verify/frames.ts'
import { isLeftUnmasked, isLeftUnreachable } from '../../evidence/src/verify/unmasked.ts'
import { compileResultMasking } from '../src/mask/compile.ts'
import type { MaskRule, MaskStrategy } from '../src/model/function.ts'
import { mcpMethods } from '../src/model/function.ts'

/**
 * Masking and the verifier each have the rules about frames written down: the gateway to hide what is declared, the
 * verifier to look for what was not hidden. Here they judge the same frames.
 */
const key = Buffer.alloc(32, 7)

function masked(frame: unknown, method: (typeof mcpMethods)[number], rules: readonly MaskRule[]) {
  const masking = compileResultMasking(rules, [], undefined, method)
  assert.ok('masker' in masking)
  const options = { mediaType: 'application/json', fragment: false, key, echoes: [] }
  const masker = masking.masker(options) ?? assert.fail()
  const first = masker.push(Buffer.from(JSON.stringify(frame)))
  const bytes = Buffer.concat([first, masker.end()])
  return { after: JSON.parse(bytes.toString()) as unknown, isChanged: masker.findings().length > 0 }
}

/** What the verifier finds where `before` came, and `after` went back. */
function left(before: unknown, after: unknown, method: string, rules: readonly MaskRule[]) {
  const masks = rules.map(({ id, path, strategy }) => ({ id, path, strategy: { ...strategy } }))
  const places = comparedInFrame(before, after, method)
  const unreachable = places.filter((one) => one.kind === 'unreachable' && isLeftUnreachable(one))
  const named = masks.filter((mask) => isLeftUnmasked(places, mask, masks) !== false)
  const unread = places.filter(({ kind }) => kind === 'unread')
  return [...unreachable, ...named, ...unread]
}

const scalars = fc.constantFrom<unknown>(1, 2.5, true, null, 'x', '078-05', '{"ssn":1')
const names = 'ssn a items result structuredContent content type text data resource uri blob _meta'
const more = 'name title isError annotations priority contents messages role error code message'
const rest = 'params progress progressToken action resultType inputRequests requestId mimeType'
const members = [names, more, rest].join(' ').split(' ')

/** JSON of such members; `text`: some of its strings are JSON themselves. */
function json(keys: readonly string[], text?: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, depthSize: 'medium' },
      ...[scalars, ...(text ? [text] : [])],
      fc.dictionary(fc.constantFrom(...keys), tie('value'), { maxKeys: 5 }),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  }))
  return value
}

const inner = json(['ssn', 'a', 'items'])
const inText = inner.map((value) => ` ${JSON.stringify(value)}\n`)
const anyFrame = json(members, inText)
const texts = fc.array(fc.record({ type: fc.constant('text'), text: inText }), { maxLength: 3 })
const toolFrame = fc.record({ structuredContent: inner, content: texts, _meta: inner })
const frames = fc.oneof(
  anyFrame.map((result) => ({ result })),
  toolFrame.map((result) => ({ result })),
  anyFrame,
)

const paths = ['$.ssn', '$..ssn', '$.a.ssn', '$[*].ssn', '$', '$.items[1:]', "$['ssn','a']", '$..*']
const redact: MaskStrategy = { kind: 'redact', label: 'x' }
const strategies: readonly MaskStrategy[] = [
  redact,
  { kind: 'drop' },
  { kind: 'hash' },
  { kind: 'replace', with: 'z' },
  { kind: 'replace', with: 1 },
  { kind: 'partial', first: 1, last: 0 },
]
const rulesOf = (all: readonly MaskStrategy[]) =>
  fc
    .array(fc.record({ path: fc.constantFrom(...paths), strategy: fc.constantFrom(...all) }), {
      minLength: 1,
      maxLength: 3,
    })
    .map((rules) => rules.map((rule, at): MaskRule => ({ id: `rule-${at}`, ...rule })))

test('nothing is left of what masking hid in a frame', () => {
  const given = fc.tuple(frames, fc.constantFrom(...mcpMethods), rulesOf(strategies))
  const property = fc.property(given, ([frame, method, rules]) => {
    const { after } = masked(frame, method, rules)
    assert.deepEqual(left(frame, after, method, rules), [])
  })
  fc.assert(property, { numRuns: 1000 })
})

test('a frame that masking would change is found where it went back as it came', () => {
  const given = fc.tuple(frames, fc.constantFrom(...mcpMethods), rulesOf([redact]))
  const property = fc.property(given, ([frame, method, rules]) => {
    const { isChanged } = masked(frame, method, rules)
    assert.equal(left(frame, frame, method, rules).length > 0, isChanged)
  })
  fc.assert(property, { numRuns: 1000 })
})
