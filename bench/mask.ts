/**
 * `npm run bench:mask`: how long masking takes, beside other ways to do it, in one run: a JSON body of each size
 * with few values (one in about 250 bytes) and with many, then bytes per second of clean, dense and hostile
 * bodies. Times are of one body at a time, in milliseconds; every number is of this machine as busy as it is now.
 * `-- --row <text>`: only the bytes per second of the bodies whose name holds the text, which may be given again.
 * `-- --gigabyte`: instead, one body of a gigabyte in chunks of 64 KB, and the memory it takes; `-- --aside`: only how
 * long a large result keeps the thread that answers calls, masked in it and beside it.
 */
import { parseArgs } from 'node:util'
import { compileResultMasking } from '../packages/gateway/src/mask/compile.ts'
import type { DetectionPlan, ResultMasking } from '../packages/gateway/src/mask/plan.ts'
import { maskPeers } from '../packages/gateway/test/mask-peers.ts'
import { maskingDelays } from './masking-aside.ts'

const key = new Uint8Array(32).fill(7)
const core = maskingOf(
  [
    'EMAIL_ADDRESS',
    'CREDIT_CARD',
    'US_SSN',
    'US_ITIN',
    'IBAN_CODE',
    'PHONE_NUMBER',
    'IP_ADDRESS',
  ].concat([
    'MAC_ADDRESS',
    'BR_CPF',
    'UK_NHS',
    'CRYPTO',
    'SWIFT_BIC',
    'DATE_OF_BIRTH',
    'PERSON',
    'VIN',
  ]),
)
const all = maskingOf(['*'])
const json = 'application/json'

/** Bytes of a body that come at once. */
const chunk = 65_536
/** Of the bodies of the table, kilobytes. */
const sizes = [2, 10, 20, 100]

const { values: asked } = parseArgs({
  options: {
    aside: { type: 'boolean' },
    gigabyte: { type: 'boolean' },
    row: { type: 'string', multiple: true },
  },
})
if (asked.gigabyte === true) gigabyte()
else if (asked.row !== undefined) throughputs(asked.row)
else {
  if (asked.aside !== true) table()
  await maskingDelays(longBodies(), print)
}

function table(): void {
  print('One body, p50 / p99 in ms')
  print(`${''.padEnd(42)}${sizes.map((one) => `${one} KB`.padStart(18)).join('')}`)
  const groups = ['few values', 'many values'].map((name) => {
    const values = name === 'many values' ? 'many' : 'few'
    const rows = [
      row('  ours, without secrets', values, (text) => maskerOf(core, text)),
      row('  ours', values, (text) => maskerOf(all, text)),
      ...maskPeers().map((peer) => row(`  ${peer.name}`, values, (text) => () => peer.mask(text))),
    ]
    return { name, rows }
  })
  // All of them before any is timed: what is timed first would else be what is compiled first.
  const runs = groups.flatMap(({ rows }) => rows.flatMap((one) => one.runs))
  for (const until = performance.now() + 5_000; performance.now() < until; ) {
    for (const run of runs) run()
  }
  for (const { name, rows } of groups) {
    print(name)
    for (const one of rows) print(`${one.name.padEnd(42)}${one.runs.map(cell).join('')}`)
  }
  print('')
  throughputs([''])
}

/** Of the bodies whose name holds one of the texts. */
function throughputs(texts: readonly string[]): void {
  const isAsked = (name: string) => texts.some((text) => name.includes(text))
  print('Megabytes per second')
  for (const [name, values] of [
    ['clean JSON', 'clean'],
    ['few values', 'few'],
    ['many values', 'many'],
  ] as const) {
    if (isAsked(name)) throughput(name, jsonOf(1 << 20, values))
  }
  const inJson = Object.entries(hostile()).map(([name, piece]): [string, Hostile] => [
    name,
    { mediaType: json, body: (bytes) => `["${fill(piece, bytes)}"]` },
  ])
  for (const [name, { mediaType, body }] of [...inJson, ...Object.entries(hostileElsewhere())]) {
    if (!isAsked(name)) continue
    const [short, long] = [1 << 18, 1 << 22].map((bytes) =>
      speed(Buffer.from(body(bytes)), mediaType),
    )
    print(`  ${name.padEnd(40)}${fixed(short)} at 256 KB ${fixed(long)} at 4 MB`)
  }
}

/** As they come from an upstream. */
function longBodies(): Parameters<typeof maskingDelays>[0] {
  const text = jsonOf(1 << 20, 'few').replace(/^.*?\[|\]\}$/g, '')
  const objects = function* () {
    yield Buffer.from('[')
    for (let pieces = 0; pieces < 100; pieces += 1) yield* chunksOf(Buffer.from(`${text},`))
    yield Buffer.from('0]')
  }
  /** Each as long as one that is looked at whole. */
  const strings = (piece: string) => {
    const one = piece.repeat((1 << 18) / piece.length - 1)
    return chunksOf(Buffer.from(JSON.stringify(Array.from({ length: 16 }, () => one))))
  }
  return [
    ['100 MB, few values', objects],
    ['4 MB, mailboxes at addresses', () => strings('a@[1.1.1.')],
    ['4 MB, groups of digits', () => strings('4111-1111 ')],
  ]
}

function* chunksOf(body: Buffer): Iterable<Buffer> {
  for (let at = 0; at < body.length; at += chunk) yield body.subarray(at, at + chunk)
}

/** Objects of one list, which nobody holds whole: not the sender, not the masker, not the receiver. */
function gigabyte(): void {
  const objects = jsonOf(1 << 20, 'few').replace(/^.*?\[|\]\}$/g, '')
  const piece = Buffer.from(`${objects},`)
  const masker = all.masker({ mediaType: 'application/json', fragment: false, key, echoes: [] })
  if (masker === undefined) throw new Error('JSON cannot be masked')
  let [received, released] = [0, 0]
  const take = (bytes: Uint8Array) => {
    released += bytes.length
  }
  const push = (bytes: Buffer) => {
    received += bytes.length
    take(masker.push(bytes))
  }
  const megabytes = () => Math.round(process.memoryUsage.rss() / 1_000_000)
  const from = performance.now()
  push(Buffer.from('{"data":['))
  let [before, peak] = [0, 0]
  for (let pieces = 0; received < 1_000_000_000; pieces += 1) {
    for (const one of chunksOf(piece)) push(one)
    // What is compiled and pooled at first is not the body's.
    if (pieces === 32) before = megabytes()
    peak = Math.max(peak, megabytes())
  }
  push(Buffer.from(`${objects}]}`))
  take(masker.end())
  const seconds = (performance.now() - from) / 1_000
  const found = masker.findings().reduce((sum, { count }) => sum + count, 0)
  print(`received ${received} bytes, released ${released}, ${found} values hidden`)
  print(`${seconds.toFixed(1)} s, ${fixed(received / 1_000_000 / seconds).trim()} MB/s`)
  print(`resident: ${before} MB after 33 MB, ${peak} MB at most, ${megabytes()} MB at the end`)
}

function maskingOf(entities: readonly string[]): ResultMasking {
  const rule = { id: 'bench', confidence: 50, strategy: { kind: 'redact' } } as const
  const plan: DetectionPlan = {
    rules: [{ ...rule, entities }],
    custom: [],
    allowed: new Set(),
    onError: 'block',
    digest: 'bench',
  }
  const masking = compileResultMasking([], [], plan)
  if ('problems' in masking) throw new Error(masking.problems.join())
  return masking
}

function maskerOf(masking: ResultMasking, text: string): () => void {
  const body = Buffer.from(text)
  return () => mask(masking, body)
}

function mask(masking: ResultMasking, body: Uint8Array, mediaType = json): Uint8Array {
  const masker = masking.masker({ mediaType, fragment: false, key, echoes: [] })
  if (masker === undefined) throw new Error(`${mediaType} cannot be masked`)
  const masked = masker.push(body)
  masker.end()
  return masked
}

/** A way to mask, on a body of each size. */
function row(name: string, values: 'few' | 'many', make: (text: string) => () => void) {
  return { name, runs: sizes.map((kilobytes) => make(jsonOf(kilobytes * 1024, values))) }
}

function cell(run: () => void): string {
  const { p50, p99 } = times(run)
  return `${p50.toFixed(3)} / ${p99.toFixed(3)}`.padStart(18)
}

/** In milliseconds, of what has run long enough to be compiled. */
function times(run: () => void): { p50: number; p99: number } {
  const all: number[] = []
  for (const until = performance.now() + 100; performance.now() < until; ) run()
  for (const until = performance.now() + 400; performance.now() < until || all.length < 20; ) {
    const from = performance.now()
    run()
    all.push(performance.now() - from)
  }
  all.sort((a, b) => a - b)
  const at = (part: number) => all[Math.floor(part * (all.length - 1))] ?? 0
  return { p50: at(0.5), p99: at(0.99) }
}

function throughput(name: string, text: string): void {
  print(`  ${name.padEnd(40)}${fixed(speed(Buffer.from(text)))}`)
}

/**
 * Megabytes (10^6 bytes) per second with everything on: the fastest round once the code is compiled, which takes
 * a second of this very text; on a busy machine the slower ones say how busy it is.
 */
function speed(body: Buffer, mediaType = json): number {
  let best = 0
  const from = performance.now()
  for (let round = 0; round < 8 || performance.now() - from < 1_500; round += 1) {
    const start = performance.now()
    mask(all, body, mediaType)
    best = Math.max(best, body.length / 1_000 / (performance.now() - start))
  }
  return best
}

function fixed(number = 0): string {
  return number.toFixed(0).padStart(6)
}

/** Customers, with values in the members that the peers know by path. */
function jsonOf(bytes: number, values: 'clean' | 'few' | 'many'): string {
  const next = numbers(bytes)
  const data: string[] = []
  for (let size = 0; size < bytes - 60; size += (data.at(-1)?.length ?? 0) + 1) {
    const filled = values === 'many' || (values === 'few' && data.length % 2 === 0)
    data.push(JSON.stringify({ ...plain(next), ...(filled ? personal(next, values) : {}) }))
  }
  return `{"object":"list","has_more":false,"data":[${data.join()}]}`
}

function plain(next: () => number) {
  const words = 'order shipped pending review north south basic premium weekly parcel'.split(' ')
  const word = () => words[next() % words.length] ?? ''
  return {
    id: `ord_${next().toString(36)}${next().toString(36)}`,
    status: word(),
    plan: word(),
    active: next() % 2 === 0,
    items: next() % 100,
    total: (next() % 100_000) / 100,
    updated: '2026-03-04T09:30:00Z',
    note: `${word()} ${word()} and ${word()} until the ${word()} is ${word()}`,
  }
}

function personal(next: () => number, values: 'few' | 'many') {
  const digits = (count: number) => Array.from({ length: count }, () => next() % 10).join('')
  const email = `person.${digits(3)}@mail.example.org`
  const phone = `+1 212 555 0${digits(3)}`
  if (values === 'few') return next() % 2 === 0 ? { email } : { phone }
  return {
    email,
    phone,
    billing: { pan: withLuhn(`4${digits(14)}`) },
    ip: `203.0.113.${next() % 255}`,
    ssn: `5${digits(2)}-${10 + (next() % 80)}-${1000 + (next() % 9000)}`,
    bank: { iban: 'DE89370400440532013000' },
    key: `ghp_${digits(18)}${'aB3dE5fG7hJ9kL1mN3'}`,
  }
}

function withLuhn(digits: string): string {
  const sum = [...digits].reduce((all, digit, at) => {
    const twice = at % 2 === 0 ? 2 * Number(digit) : Number(digit)
    return all + (twice > 9 ? twice - 9 : twice)
  }, 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}

/** Pieces that are almost something, again and again. */
function hostile(): Readonly<Record<string, string>> {
  return {
    'an IBAN without end': 'AB12 ',
    'country and check digits of IBANs': 'DE89 3704 ',
    'one long run of digits': '4111111111111111',
    'digits and spaces': '4111 1111 1111 1112 ',
    'digits and dashes': '5-',
    'letters only': 'aaaaaaaa',
    'words of a mailbox': 'a.',
    'mailboxes without host': 'a@',
    'hosts without end': '@a.',
    'dotted numbers': '1.2.3.',
    colons: 'ab:cd:',
    'hexadecimal digits': 'deadbeef',
    'prefixes of keys': 'ghp_ sk- xoxb- AKIA ',
    'names of keys': 'api_key=',
    'a JWT without end': 'eyJhbGciOiJ',
    'begins of private keys': '-----BEGIN ',
    'plus signs and digits': '+1 ',
    parentheses: '(555) ',
    'percent signs': '%41%',
    backslashes: '\\\\\\\\',
    'escaped letters': '\\u0061\\u0040',
    'begins of JSON': '{\\"a\\":',
    brackets: '[[[[',
    'full-width digits': '\uff14\uff11',
    'Cyrillic letters among Latin ones': 'a\u043ea\u0435 ',
    'zero-width characters': '4\u200b1\u200b',
    slashes: 'https://a:b@',
    'pairs of groups of a card': '4111-1111 ',
    'groups with two blanks': '4111  ',
    'mailboxes in brackets': 'a@[1.1.1.',
    'signs that escape nothing': '12%z\\\\p ',
    'escapes of two kinds': '\\\\\\\\n%41 4111 ',
    'base64 that says text': 'QUJDREVGR0hJSktMTU5PUFFS ',
  }
}

type Hostile = { readonly mediaType: string; readonly body: (bytes: number) => string }

/** The same where most is spent on what stands around the values. */
function hostileElsewhere(): Readonly<Record<string, Hostile>> {
  const repeated = (mediaType: string, piece: string, end = ''): Hostile => ({
    mediaType,
    body: (bytes) => `${fill(piece, bytes)}${end}`,
  })
  const stream = 'text/event-stream'
  const delta = (text: string) =>
    `data: {"id":"c-1","choices":[{"index":0,"delta":{"content":"${text}"}}]}\n\n`
  const part = '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\nx\r\n'
  return {
    'lines of one letter': repeated('text/plain', 'a\n'),
    'cells of one digit': repeated('text/csv', '1,2\n'),
    'strings of one digit': { mediaType: json, body: (bytes) => `[${fill('"1",', bytes)}1]` },
    'escaped fields of a form': repeated('application/x-www-form-urlencoded', 'a=%41&'),
    'references in markup': repeated('application/xml', '<a b="&#x34;">&#x34;</a>'),
    'parts of one letter': repeated('multipart/form-data; boundary=b', part, '--b--\r\n'),
    'letters of a chat': repeated(stream, delta('a')),
    'groups of digits of a chat': repeated(stream, delta('4111 ')),
    'events of one letter': repeated(stream, 'data: {"a":"x"}\n\n'),
    'text of one letter an event': repeated(stream, 'data: x\n\n'),
    'lines of JSON of one digit': repeated('application/x-ndjson', '{"a":"1"}\n'),
    'broken JSON within itself': {
      mediaType: json,
      body: (bytes) => `[${fill(`${JSON.stringify(brokenJson(4))},`, bytes)}1]`,
    },
  }
}

/** A list whose one string is such a list, and so on, and none of which has an end. */
function brokenJson(levels: number): string {
  let text = fill('4111 words ', 1 << 14)
  for (let level = 0; level < levels; level += 1) text = `[${JSON.stringify(text)} and more`
  return text
}

/** So many bytes of a piece again and again, or a few more. */
function fill(piece: string, bytes: number): string {
  return piece.repeat(Math.ceil(bytes / Buffer.byteLength(piece)))
}

function numbers(seed: number): () => number {
  let state = seed + 12_345
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state >>> 8
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
