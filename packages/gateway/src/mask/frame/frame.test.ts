import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MaskRule, MaskStrategy, McpMethod } from '../../model/function.ts'
import type { Json } from '../../model/json.ts'
import { compileResultMasking } from '../compile.ts'
import { limits } from '../limits.ts'
import { type DetectionPlan, type Finding, MaskError } from '../plan.ts'
import { innerText } from './inner-text.ts'

const key = Buffer.alloc(32, 7)
const redact: MaskStrategy = { kind: 'redact', label: 'x' }
const ssn: MaskRule = { id: 'hide-ssn', path: '$.ssn', strategy: redact }
const plan = (
  rules: readonly (Partial<DetectionPlan['rules'][number]> & { readonly id: string })[],
): DetectionPlan => ({
  rules: rules.map((rule) => ({
    ...{ entities: ['EMAIL_ADDRESS'], confidence: 50, strategy: { kind: 'redact' } },
    ...rule,
  })),
  custom: [],
  allowed: new Set(),
  onError: 'block',
  digest: 'sha256:plan',
})

type Given = {
  readonly method?: McpMethod
  readonly rules?: readonly MaskRule[]
  readonly fields?: readonly (readonly string[])[]
  readonly plan?: DetectionPlan
  readonly mediaType?: string
}

function masked(
  given: Given,
  body: string,
  size = body.length + 1,
): { readonly text: string; readonly findings: readonly Finding[] } | undefined {
  const { method = 'tools/call', rules = [ssn], fields = [] } = given
  const masking = compileResultMasking(rules, fields, given.plan, method)
  assert.ok('masker' in masking)
  const { mediaType = 'application/json' } = given
  const masker = masking.masker({ mediaType, fragment: false, key, echoes: [] })
  if (masker === undefined) return undefined
  const bytes = Buffer.from(body)
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size)
    parts.push(masker.push(bytes.subarray(at, at + size)))
  parts.push(masker.end())
  return { text: Buffer.concat(parts).toString(), findings: masker.findings() }
}

/** Masks it whole and cut into small chunks; `rules` of the findings as `rule×count`. */
function check(given: Given, body: string, expected: string, found: readonly string[]): void {
  const whole = masked(given, body)
  assert.equal(whole?.text, expected)
  assert.deepEqual(
    whole.findings.map(({ rule, path, count }) => `${rule} ${path} ${count}`),
    found,
  )
  for (const size of [1, 3, 7]) assert.deepEqual(masked(given, body, size), whole)
}

const tool = (content: string, more = '') => `{"result":{"content":[${content}]${more}}}`
const text = (said: string) => `{"type":"text","text":${JSON.stringify(said)}}`
const gone = '"[REDACTED:unreadable]"'

const rows: readonly (readonly [string, Given, string, string, readonly string[]])[] = [
  [
    'structured content and the same as text',
    {},
    tool(text('{ "ssn": "1-2",\n "n": 1.50 }'), ', "structuredContent" : {"ssn":"1-2","n":1.50}'),
    tool(
      text('{ "ssn": "[REDACTED:x]",\n "n": 1.50 }'),
      ', "structuredContent" : {"ssn":"[REDACTED:x]","n":1.50}',
    ),
    ['hide-ssn $.ssn 2'],
  ],
  [
    'a text is written again only where it changes',
    {},
    tool(String.raw`{"type":"text","text":"\u007b\"\u0073sn\":\"1\",\"\u00e9\\u0041\":\"\\\\\"}"}`),
    tool(
      String.raw`{"type":"text","text":"\u007b\"\u0073sn\":\"[REDACTED:x]\",\"\u00e9\\u0041\":\"\\\\\"}"}`,
    ),
    ['hide-ssn $.ssn 1'],
  ],
  [
    'what replaces a value is escaped for the text it stands in',
    { rules: [{ ...ssn, strategy: { kind: 'replace', with: 'a"\\é' } }] },
    tool(`${text('[1]')},${text('{"ssn":1}')}`),
    tool(`${text('[1]')},${text('{"ssn":"a\\"\\\\é"}')}`),
    ['hide-ssn $.ssn 1'],
  ],
  [
    'nothing to hide stays byte for byte',
    {},
    ' {"result" : {"content":[ {"type":"text", "text":"{\\u0022a\\u0022: 1.0e+1}"} ] , "isError":false}} ',
    ' {"result" : {"content":[ {"type":"text", "text":"{\\u0022a\\u0022: 1.0e+1}"} ] , "isError":false}} ',
    [],
  ],
  [
    'a sentence',
    {},
    tool(text('It is 1-2.')),
    tool(`{"type":"text","text":${gone}}`),
    ['unreadable $ 1'],
  ],
  ['an empty text says nothing', {}, tool(text('')), tool(text('')), []],
  [
    'JSON that is cut off, a number, a string, two documents',
    {},
    tool(['{"ssn":"1', '123456789', '"1-2"', '{}{}', '\ufeff{}'].map(text).join()),
    tool(Array.from({ length: 5 }, () => `{"type":"text","text":${gone}}`).join()),
    ['unreadable $ 5'],
  ],
  [
    'embedded resources, links, images',
    {},
    tool(
      '{"type":"resource","resource":{"uri":"a://1","text":"{\\"ssn\\":1}","blob":"AAAA"}},' +
        '{"type":"resource_link","uri":"a://2","name":"Jane","size":3},' +
        '{"type":"image","data":"AAAA","mimeType":"image/png","annotations":{"priority":1}}',
    ),
    tool(
      '{"type":"resource","resource":{"uri":"a://1","text":"{\\"ssn\\":\\"[REDACTED:x]\\"}","blob":""}},' +
        `{"type":"resource_link","uri":"a://2","name":${gone},"size":3},` +
        '{"type":"image","data":"","mimeType":"image/png","annotations":{"priority":1}}',
    ),
    ['hide-ssn $.ssn 1', 'unreadable $ 3'],
  ],
  [
    'members nobody knows are emptied, known ones of another kind are read as what they are',
    {},
    '{"result":{"toolResult":{"ssn":1},"list":[1],"word":"w","number":5,"yes":true,"content":"{\\"ssn\\":2}",' +
      '"structuredContent":"plain","_meta":{"a":{"ssn":3}},"resultType":"complete"}}',
    `{"result":{"toolResult":{},"list":[],"word":${gone},"number":${gone},"yes":true,` +
      `"content":"{\\"ssn\\":\\"[REDACTED:x]\\"}","structuredContent":${gone},` +
      '"_meta":{"a":{"ssn":"[REDACTED:x]"}},"resultType":"complete"}}',
    ['hide-ssn $.ssn 2', 'unreadable $ 5'],
  ],
  [
    'a content that is one block, and structured content that is a list',
    { rules: [{ ...ssn, path: '$[*].ssn' }] },
    `{"result":{"content":{"ssn":1},"structuredContent":[{"ssn":1},{"a":2}]}}`,
    `{"result":{"content":{"ssn":1},"structuredContent":[{"ssn":"[REDACTED:x]"},{"a":2}]}}`,
    ['hide-ssn $[*].ssn 1'],
  ],
  [
    'keys in any spelling, and twice',
    {},
    '{"result":{"structured\\u0043ontent":{"ssn":1},"structuredContent":{"\\u0073sn":2,"ssn":3}}}',
    '{"result":{"structured\\u0043ontent":{"ssn":"[REDACTED:x]"},"structuredContent":{"\\u0073sn":"[REDACTED:x]","ssn":"[REDACTED:x]"}}}',
    ['hide-ssn $.ssn 3'],
  ],
  [
    'an allow-list holds inside of what the protocol asks for',
    { rules: [], fields: [['$.name']] },
    tool(
      text('{"name":"a","ssn":1}'),
      ',"structuredContent":{"ssn":1,"name":"a"},"isError":false,"_meta":{"k":1},"resultType":"complete"',
    ),
    tool(
      text('{"name":"a"}'),
      ',"structuredContent":{"name":"a"},"isError":false,"_meta":{"k":1},"resultType":"complete"',
    ),
    ['fields $ 2'],
  ],
  [
    'a list that lets all through changes nothing',
    { rules: [], fields: [['$']] },
    tool(text('a sentence')),
    tool(text('a sentence')),
    [],
  ],
  [
    'everything hidden',
    { rules: [{ ...ssn, path: '$' }] },
    tool(text('{"a":1}'), ',"structuredContent":{"a":1},"_meta":{"k":{"a":1}}'),
    tool(
      text('"[REDACTED:x]"'),
      ',"structuredContent":"[REDACTED:x]","_meta":{"k":"[REDACTED:x]"}',
    ),
    ['hide-ssn $ 3'],
  ],
  [
    'an error keeps its message and loses what is attached',
    {},
    '{"error":{"code":-32602,"message":"Unknown customer","data":{"ssn":1}}}',
    '{"error":{"code":-32602,"message":"Unknown customer","data":{}}}',
    ['unreadable $ 1'],
  ],
  [
    'lines of notifications, then the result',
    { mediaType: 'application/x-ndjson' },
    '{"method":"notifications/progress","params":{"progressToken":1,"progress":1,"message":"at 1-2"}}\n\n' +
      '{"method":"notifications/message","params":{"level":"info","logger":"l","data":{"ssn":1}}}\n' +
      '{"result":{"structuredContent":{"ssn":1}}}\n',
    `{"method":"notifications/progress","params":{"progressToken":1,"progress":1,"message":${gone}}}\n\n` +
      '{"method":"notifications/message","params":{"level":"info","logger":"l","data":{}}}\n' +
      '{"result":{"structuredContent":{"ssn":"[REDACTED:x]"}}}\n',
    ['hide-ssn $.ssn 1', 'unreadable $ 2'],
  ],
  [
    'what the protocol has there stays, and whatever else stands there does not',
    {},
    tool(
      '{"type":"text","text":"{}","uri":{"ssn":1},"size":"1-2","mimeType":["1-2"],' +
        '"annotations":{"audience":["user"],"priority":0.5,"lastModified":"2026-01-01","ssn":"1-2","note":["1-2"]}},' +
        '{"type":"text","text":"{}","annotations":{"audience":[{"ssn":2}],"priority":"1-2","lastModified":12}},' +
        '{"type":{"ssn":4},"annotations":"1-2","resource":{"uri":5,"mimeType":{"ssn":3}}}',
      ',"isError":{"ssn":1},"ttlMs":{"ssn":2},"cacheScope":7,"resultType":{"ssn":1},"requestState":{"ssn":1}',
    ),
    tool(
      `{"type":"text","text":"{}","uri":{"ssn":"[REDACTED:x]"},"size":${gone},"mimeType":["1-2"],` +
        `"annotations":{"audience":["user"],"priority":0.5,"lastModified":"2026-01-01","ssn":${gone},"note":[]}},` +
        `{"type":"text","text":"{}","annotations":{"audience":[{"ssn":"[REDACTED:x]"}],"priority":${gone},"lastModified":${gone}}},` +
        `{"type":{"ssn":"[REDACTED:x]"},"annotations":${gone},"resource":{"uri":${gone},"mimeType":{"ssn":"[REDACTED:x]"}}}`,
      `,"isError":{"ssn":"[REDACTED:x]"},"ttlMs":{"ssn":"[REDACTED:x]"},"cacheScope":${gone},"resultType":{"ssn":"[REDACTED:x]"},"requestState":{"ssn":"[REDACTED:x]"}`,
    ),
    ['hide-ssn $.ssn 8', 'unreadable $ 8'],
  ],
  [
    'a flag that is none',
    {},
    tool('', ',"isError":"1-2"'),
    tool('', `,"isError":${gone}`),
    ['unreadable $ 1'],
  ],
  [
    'resources',
    { method: 'resources/read' },
    '{"result":{"contents":[{"uri":"a://1","mimeType":"application/json","text":"{\\"ssn\\":1}"},{"uri":"a://2","blob":"AA=="}],"ttlMs":0}}',
    '{"result":{"contents":[{"uri":"a://1","mimeType":"application/json","text":"{\\"ssn\\":\\"[REDACTED:x]\\"}"},{"uri":"a://2","blob":""}],"ttlMs":0}}',
    ['hide-ssn $.ssn 1', 'unreadable $ 1'],
  ],
  [
    'prompts, with one block or several',
    { method: 'prompts/get' },
    `{"result":{"description":"d","messages":[{"role":"user","content":${text('{"ssn":1}')}},{"role":"user","content":[${text('hello')}]}]}}`,
    `{"result":{"description":${gone},"messages":[{"role":"user","content":${text('{"ssn":"[REDACTED:x]"}')}},{"role":"user","content":[{"type":"text","text":${gone}}]}]}}`,
    ['hide-ssn $.ssn 1', 'unreadable $ 2'],
  ],
  [
    'what a caller was asked for',
    { method: 'elicitation/create' },
    '{"result":{"action":"accept","content":{"ssn":1,"name":"a"}}}',
    '{"result":{"action":"accept","content":{"ssn":"[REDACTED:x]","name":"a"}}}',
    ['hide-ssn $.ssn 1'],
  ],
  [
    'what a model wrote',
    { method: 'sampling/createMessage', rules: [{ ...ssn, path: '$.content.text' }] },
    '{"result":{"role":"assistant","content":{"type":"text","text":"a"},"model":"m"}}',
    '{"result":{"role":"assistant","content":{"type":"text","text":"[REDACTED:x]"},"model":"m"}}',
    ['hide-ssn $.content.text 1'],
  ],
  [
    'values are found in all of it, after what is declared',
    { plan: plan([{ id: 'mail' }]) },
    tool(text('{"ssn":1,"to":"jo@example.org"}'), ',"structuredContent":{"to":"jo@example.org"}'),
    tool(
      text('{"ssn":"[REDACTED:x]","to":"[REDACTED:EMAIL_ADDRESS]"}'),
      ',"structuredContent":{"to":"[REDACTED:EMAIL_ADDRESS]"}',
    ),
    ['hide-ssn $.ssn 1', 'mail $.result.content[*].text 1', 'mail $.result.structuredContent.to 1'],
  ],
  [
    'a detection rule with a path covers it, and every text',
    { rules: [], plan: plan([{ id: 'mail', paths: ['$.to'] }]) },
    tool(
      text('Ask jo@example.org.'),
      ',"structuredContent":{"to":"jo@example.org","cc":"jo@example.org"}',
    ),
    tool(
      text('Ask [REDACTED:EMAIL_ADDRESS].'),
      ',"structuredContent":{"to":"[REDACTED:EMAIL_ADDRESS]","cc":"jo@example.org"}',
    ),
    ['mail $.result.content[*].text 1', 'mail $.result.structuredContent.to 1'],
  ],
  [
    'one that lets be covers no text',
    {
      rules: [],
      plan: plan([{ id: 'let', paths: ['$.to'], strategy: { kind: 'keep' } }, { id: 'mail' }]),
    },
    tool(text('Ask jo@example.org.'), ',"structuredContent":{"to":"jo@example.org"}'),
    tool(text('Ask [REDACTED:EMAIL_ADDRESS].'), ',"structuredContent":{"to":"jo@example.org"}'),
    ['mail $.result.content[*].text 1', 'let $.result.structuredContent.to 1'],
  ],
]

test('declared rules begin at what a caller means by the result', async (t) => {
  for (const [name, given, body, expected, found] of rows) {
    await t.test(name, () => check(given, body, expected, found))
  }
})

test('a frame that cannot be read is withheld', () => {
  for (const body of ['{"result":{"content":[}', '{"result":{}', '[1', '{"result":{}} x']) {
    assert.throws(() => masked({}, body), MaskError)
  }
  assert.equal(masked({ mediaType: 'text/plain' }, 'x'), undefined)
  assert.equal(masked({ mediaType: 'text/event-stream' }, 'x'), undefined)
  const long = tool(text(' '.repeat(limits.frameBytes)))
  assert.throws(() => masked({}, long, 1_000_000), MaskError)
})

/** The same JSON in another spelling: any character of a string may be escaped. */
function spelled(value: Json, escapes: () => boolean): string {
  const word = (said: string) => {
    const units = Array.from({ length: said.length }, (_, at) => {
      const unit = said.charAt(at)
      if (escapes()) return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
      return said.isWellFormed() ? unit : ''
    })
    // A pair is escaped as a whole, or not at all.
    const plain = said.isWellFormed() && /[\ud800-\udfff]/.test(said) ? undefined : units
    if (plain === undefined) return JSON.stringify(said)
    return `"${plain.map((one) => (one.length === 1 ? JSON.stringify(one).slice(1, -1) : one)).join('')}"`
  }
  if (typeof value === 'string') return word(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((one: Json) => spelled(one, escapes)).join()}]`
  const members = Object.entries(value).map(([k, v]) => `${word(k)}:${spelled(v, escapes)}`)
  return `{${members.join()}}`
}

const secret = 'sEcReT'
const leaf = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 6 }),
  fc.constantFrom('"', '\\', '\n', '\u2028', '😀', 'é"\\'),
  fc.integer(),
  fc.constant(null),
  fc.boolean(),
)
const { tree } = fc.letrec<{ tree: Json; list: Json; object: Json }>((tie) => ({
  tree: fc.oneof({ maxDepth: 3 }, leaf, tie('list'), tie('object')),
  list: fc.array(tie('tree'), { maxLength: 3 }),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'ssn', 'é"', '\\n'), tie('tree'), { maxKeys: 4 }),
}))

/** The tree with a secret at every member the rule names. */
function planted(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one: Json) => planted(one))
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [k, k === 'ssn' ? secret : planted(v)]),
  )
}

/** Every text of the frame, and every text of the JSON in its texts. */
function saying(value: Json): string[] {
  if (typeof value === 'string') {
    try {
      const inner: Json = JSON.parse(value)
      return [value, ...(typeof inner === 'object' ? saying(inner) : [])]
    } catch {
      return [value]
    }
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([k, v]) => [k, ...saying(v)])
}

test('whatever the spelling and the cuts, no declared value goes out, and nothing else changes', () => {
  const everywhere: MaskRule = { ...ssn, path: '$..ssn' }
  const blocks = fc.array(fc.record({ document: tree, cut: fc.boolean(), blob: fc.boolean() }), {
    maxLength: 3,
  })
  const property = fc.property(
    blocks,
    tree,
    fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
    fc.integer({ min: 1, max: 50 }),
    (given, structured, coins, size) => {
      let next = 0
      const escapes = () => coins[next++ % coins.length] === true
      const content = given.map(({ document, cut, blob }) => {
        const whole = spelled(planted(document), escapes)
        const said = cut ? whole.slice(0, -1) : whole
        return blob
          ? { type: 'resource', resource: { uri: 'a://b', text: said } }
          : { type: 'text', text: said }
      })
      const result = { content, structuredContent: planted(structured), isError: false }
      const frame = spelled({ result }, escapes)
      const out = masked({ rules: [everywhere] }, frame, size)
      assert.ok(out)
      const parsed: Json = JSON.parse(out.text)
      assert.ok(!saying(parsed).some((one) => one.includes(secret)), out.text)
      assert.equal(masked({ rules: [everywhere] }, frame)?.text, out.text)
      // What was masked has nothing more to hide, so it passes byte for byte.
      assert.equal(masked({ rules: [everywhere] }, out.text, size)?.text, out.text)
    },
  )
  fc.assert(property, { numRuns: 400 })
})

test('changes in a text land where they were meant', () => {
  const property = fc.property(
    fc.array(fc.tuple(fc.string({ unit: 'binary', maxLength: 4 }), fc.boolean(), fc.boolean())),
    (pieces) => {
      const all = pieces.map(([said]) => said).join('')
      fc.pre(all.isWellFormed())
      const raw = pieces
        .map(([said, escaped]) => (escaped ? spelled(said, () => true) : JSON.stringify(said)))
        .map((quoted) => quoted.slice(1, -1))
        .join('')
      let at = 0
      const changes = pieces.flatMap(([said, , changed]) => {
        const start = at
        at += Buffer.byteLength(said)
        return changed ? [{ start, end: at, text: Buffer.from('"*\\') }] : []
      })
      const text = innerText(Buffer.from(raw))
      assert.equal(text.bytes.toString(), all)
      const expected = pieces.map(([said, , changed]) => (changed ? '"*\\' : said)).join('')
      assert.equal(JSON.parse(`"${text.written(changes).toString()}"`), expected)
      assert.equal(text.written([]).toString(), raw)
    },
  )
  fc.assert(property, { numRuns: 500 })
})

test('half a pair is a character that nobody knows, and stays as it was written', () => {
  const raw = Buffer.from(String.raw`\ud800x\udc00\ud83d\ude00\ud83d`)
  const { bytes, written } = innerText(raw)
  assert.equal(bytes.toString(), '\ufffdx\ufffd😀\ufffd')
  const change = { start: 3, end: 4, text: Buffer.from('y') }
  assert.equal(written([change]).toString(), String.raw`\ud800y\udc00\ud83d\ude00\ud83d`)
})
