import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { httpOutboundOf } from '../../../test/call-stages.ts'
import { httpConnectionOf, httpFunctionOf, rulebookOf } from '../../../test/rulebook-parts.ts'
import type { MaskedArguments } from '../../call/arguments.ts'
import type { HttpOutbound } from '../../call/stage.ts'
import { compileArgumentMasking } from '../../mask/compile.ts'
import type { ArgumentMask } from '../../model/function.ts'
import type { JsonObject } from '../../model/json.ts'
import { type Request, readArguments } from './arguments.ts'
import { headersForUpstream } from './header.ts'
import { outboundPath } from './outbound.ts'
import { rewriteArguments } from './rewrite.ts'
import { routeTable } from './route.ts'
import { readTarget } from './target.ts'

const list = { type: 'array', items: { type: 'string' } }
const argumentSchema = {
  properties: { tag: list, label: list, size: { type: 'array', items: { type: 'number' } } },
}

type Given = {
  readonly path?: string
  readonly query?: string
  readonly mode?: string
  readonly body?: string
  readonly kind?: 'json' | 'form' | 'text' | 'binary'
  readonly bodyArgument?: string
}

function requestOf(given: Given): { request: Request; outbound: HttpOutbound } {
  const { path = '/items/i-1/x-o.csv', query = '', mode = 'm', kind = 'json', bodyArgument } = given
  const url = `/crm${path}${query === '' ? '' : `?${query}`}`
  const target = readTarget(url, 'gw')
  const body = given.body === undefined ? undefined : Buffer.from(given.body)
  const fn = httpFunctionOf({
    id: 'crm.put',
    http: {
      method: 'POST',
      path: '/items/{id}/x-{owner}.csv',
      places: { id: 'path', owner: 'path', 'X-Mode': 'header', declared: 'query' },
      body: kind,
      ...(bodyArgument !== undefined && { bodyArgument }),
    },
    argumentSchema,
  })
  const connection = httpConnectionOf({ upstream: 'http://upstream.example/base' })
  const { segments } = target
  const routes = routeTable(rulebookOf({ connections: [connection], functions: [fn] }))
  const match = routes.find({ host: 'gw', method: 'POST', segments })
  assert.ok(match)
  const headers = [
    ['host', 'gw'],
    ['accept', 'a/b'],
    ['x-mode', mode],
    ['content-type', 'application/json'],
  ] as const
  const head = { method: 'POST', url, host: 'gw', headers }
  const outbound = httpOutboundOf({
    method: 'POST',
    path: outboundPath('http://upstream.example/base', target, 1),
    headers: headersForUpstream(headers, new Set(['x-mode'])),
    body,
  })
  return { request: { head, target, match, body }, outbound }
}

/** Masks these paths from the upstream, as `call/guard-arguments.ts` does, and shows what is sent then. */
function sent(given: Given, rules: readonly Pick<ArgumentMask, 'path' | 'strategy'>[]) {
  const { request, outbound } = requestOf(given)
  const read = readArguments(request)
  const masking = compileArgumentMasking(
    rules.map((rule, index) => ({ ...rule, id: `rule-${index}`, from: ['upstream'] })),
  )
  assert.ok(!('problems' in masking))
  const options = { from: 'upstream', key: new Uint8Array(32) } as const
  const inPlace = request.match.fn.http.body === 'json' && given.bodyArgument === undefined
  const masked: MaskedArguments = {
    values: masking.apply(read.args.values, options).values,
    body: inPlace && request.body ? masking.applyToBody(request.body, options) : undefined,
  }
  const rewritten = rewriteArguments(request, read, masked, outbound)
  const { path, headers, body } = rewritten.outbound
  assert.ok(body === undefined || body instanceof Uint8Array)
  return {
    path,
    headers: Object.fromEntries(headers),
    body: body && Buffer.from(body).toString(),
    bytes: Buffer.from(rewritten.bytes).toString(),
  }
}

const redact = (path: string) => ({ path, strategy: { kind: 'redact', label: 'X' } }) as const
const drop = (path: string) => ({ path, strategy: { kind: 'drop' } }) as const
const replace = (path: string, value: string) =>
  ({ path, strategy: { kind: 'replace', with: value } }) as const
type Rule = ReturnType<typeof redact | typeof drop | typeof replace>

const hidden = '%5BREDACTED%3AX%5D'
const rest = '/base/items/i-1/x-o.csv'

type Expected = Partial<Record<'path' | 'mode' | 'body' | 'bytes', string | undefined>> | 'fault'

function check(given: Given, rules: readonly Rule[], expected: Expected): void {
  if (expected === 'fault') {
    assert.throws(
      () => sent(given, rules),
      (thrown) => thrown instanceof Error && thrown.name === 'Error',
    )
    return
  }
  const { headers, ...seen } = sent(given, rules)
  const all = { ...seen, mode: headers['x-mode'] }
  for (const [key, value] of Object.entries(expected)) {
    assert.equal(all[key as keyof typeof all], value, key)
  }
}

const cases: Readonly<Record<string, readonly [Given, readonly Rule[], Expected]>> = {
  'an undeclared name from the query': [
    { query: 'a=1&note=s3cret+x&b=%41' },
    [redact('$.note')],
    {
      path: `${rest}?a=1&note=${hidden}&b=%41`,
      bytes: `POST /crm/items/i-1/x-o.csv?a=1&note=${hidden}&b=%41\nx-mode: m\ncontent-type: application/json\n\n`,
    },
  ],
  'an undeclared name from the query beside a body': [
    { query: 'note=s3cret', body: '{ "a":1.50 }' },
    [redact('$.note')],
    { path: `${rest}?note=${hidden}`, body: '{ "a":1.50 }' },
  ],
  'one element of a list in the query': [
    { query: 'tag=s3cret&z=1&tag=b+%62' },
    [redact('$.tag[0]')],
    { path: `${rest}?tag=${hidden}&z=1&tag=b+%62` },
  ],
  'the second element of a list in the query': [
    { query: 'tag=a&tag=s3cret' },
    [redact('$.tag[1]')],
    { path: `${rest}?tag=a&tag=${hidden}` },
  ],
  'a dropped element of a list in the query': [
    { query: 'tag=s3cret&tag=b&z=1' },
    [drop('$.tag[0]')],
    { path: `${rest}?tag=b&z=1` },
  ],
  'a number beside a hidden one, as it was written': [
    { query: 'size=1.50&size=2.50' },
    [redact('$.size[1]')],
    { path: `${rest}?size=1.50&size=${hidden}` },
  ],
  'a whole list in the query': [
    { query: 'tag=s3cret&tag=s4cret' },
    [redact('$.tag')],
    { path: `${rest}?tag=${hidden}` },
  ],
  'a dropped name in the query': [{ query: 'n=s3cret' }, [drop('$.n')], { path: rest }],
  'a name that every object inherits': [
    { query: 'constructor=s3cret&__proto__=s4cret&toString=t' },
    [drop('$.constructor'), redact('$.__proto__')],
    { path: `${rest}?__proto__=${hidden}&toString=t` },
  ],
  'a segment of the path': [
    { path: '/items/s3cret/x-%6f.csv' },
    [redact('$.id')],
    { path: `/base/items/${hidden}/x-%6f.csv` },
  ],
  'a part of a segment': [
    { path: '/items/%69-1/x-s3cret.csv' },
    [redact('$.owner')],
    { path: `/base/items/%69-1/x-${hidden}.csv` },
  ],
  'a header': [
    { mode: 's3cret' },
    [redact('$.X-Mode'.replace('.X-Mode', "['X-Mode']"))],
    {
      mode: '[REDACTED:X]',
      bytes:
        'POST /crm/items/i-1/x-o.csv\nx-mode: [REDACTED:X]\ncontent-type: application/json\n\n',
    },
  ],
  'a dropped header': [{ mode: 's3cret' }, [drop("$['X-Mode']")], { mode: undefined }],
  'a body in place': [
    { body: '{ "pin" : "s3cret", "n":12345678901234567890 }' },
    [redact('$.pin')],
    { body: '{ "pin" : "[REDACTED:X]", "n":12345678901234567890 }' },
  ],
  'a form': [
    { kind: 'form', body: 'a=1&pin=s3cret&b=%41' },
    [redact('$.pin')],
    { body: `a=1&pin=${hidden}&b=%41` },
  ],
  'a text body': [
    { kind: 'text', bodyArgument: 'text', body: 's3cret' },
    [redact('$.text')],
    { body: '[REDACTED:X]' },
  ],
  'a dropped text body': [
    { kind: 'text', bodyArgument: 'text', body: 's3cret' },
    [drop('$.text')],
    { body: undefined },
  ],
  // Nothing is sent where the rules write what cannot be sent, or would be read as something else.
  'a dropped segment': [{ path: '/items/s3cret/x-o.csv' }, [drop('$.id')], 'fault'],
  'a way out of the path': [{ path: '/items/s3cret/x-o.csv' }, [replace('$.id', '..')], 'fault'],
  'a slash in the path': [{ path: '/items/s3cret/x-o.csv' }, [replace('$.id', 'a/b')], 'fault'],
  'a line break in a header': [{ mode: 's' }, [replace("$['X-Mode']", 'a\r\nb: c')], 'fault'],
  'a part of a binary body': [
    { kind: 'binary', bodyArgument: 'file', body: 's3cret' },
    [redact('$.file.sha256')],
    'fault',
  ],
}
for (const [name, row] of Object.entries(cases)) test(name, () => check(...row))

test('masked values that do not say what is sent are a fault', () => {
  const { request, outbound } = requestOf({ query: 'a=1' })
  const read = readArguments(request)
  const invented: JsonObject = { ...read.args.values, other: 'x' }
  const masked = { values: invented, body: undefined }
  assert.throws(() => rewriteArguments(request, read, masked, outbound), /was not rewritten/)
})

/** Text as callers may write it: escaped more than needed, or as it is. */
const secret = fc
  .string({ unit: fc.constantFrom(...'abzAZ09-._~!*éß水'), maxLength: 6 })
  .map((text) => `s3cret${text}`)
const encoded = (text: string, all: boolean) =>
  all
    ? Buffer.from(text).reduce((so, byte) => `${so}%${byte.toString(16).padStart(2, '0')}`, '')
    : encodeURIComponent(text)
const name = fc.constantFrom('a', 'b', 'declared', 'constructor', '__proto__', 'n m', 'x')
const field = fc.record({ name, value: secret, all: fc.boolean(), masked: fc.boolean() })
const fields = fc.uniqueArray(field, { selector: (one) => one.name, maxLength: 5 })
const one = fc.record({ value: secret, all: fc.boolean(), masked: fc.boolean() })

const quoted = (key: string) => redact(`$[${JSON.stringify(key)}]`)

test('whatever is masked is not sent, and every other byte is as it came', () => {
  fc.assert(
    fc.property(
      fields,
      fc.array(one, { maxLength: 4 }),
      fc.record({ id: one, owner: one, mode: one }),
      fc.uniqueArray(fc.record({ name: secret, value: secret, masked: fc.boolean() }), {
        selector: (member) => member.name,
        maxLength: 4,
      }),
      (query, tags, { id, owner, mode }, members) => {
        const asciiMode = mode.value.replace(/[^\x20-\x7e]/g, '-')
        const write = (withMasks: boolean) => {
          const text = (of: { value: string; all: boolean; masked: boolean }) =>
            withMasks && of.masked ? hidden : encoded(of.value, of.all)
          const pairs = [
            ...query.map((of) => `${encoded(of.name, of.all)}=${text(of)}`),
            ...tags.map((of) => `tag=${text(of)}`),
          ]
          const body = members.map(({ name: key, value, masked }) => {
            const shown = withMasks && masked ? '"[REDACTED:X]"' : ` ${JSON.stringify(value)}`
            return `\n${JSON.stringify(key)}:${withMasks && masked ? ' ' : ''}${shown}`
          })
          return {
            path: `/items/${text(id)}/x-${text(owner)}.csv`,
            query: pairs.join('&'),
            mode: withMasks && mode.masked ? '[REDACTED:X]' : asciiMode,
            body: `{${body.join(',')}}`,
          }
        }
        const masks = [
          ...query.filter(({ masked }) => masked).map((of) => quoted(of.name)),
          ...tags.flatMap(({ masked }, at) => (masked ? [redact(`$.tag[${at}]`)] : [])),
          ...(id.masked ? [redact('$.id')] : []),
          ...(owner.masked ? [redact('$.owner')] : []),
          ...(mode.masked ? [quoted('X-Mode')] : []),
          ...members.filter(({ masked }) => masked).map((of) => quoted(of.name)),
        ]
        const seen = sent(write(false), masks)
        const expected = write(true)
        const tail = expected.query === '' ? '' : `?${expected.query}`
        assert.equal(seen.path, `/base${expected.path}${tail}`)
        assert.equal(seen.headers['x-mode'], expected.mode)
        assert.equal(seen.headers.accept, 'a/b')
        assert.equal(seen.body, expected.body)
      },
    ),
    { numRuns: 300 },
  )
})
