import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mcpConnectionOf, mcpFunctionOf } from '../../../../test/rulebook-parts.ts'
import { matchUri, readUriTemplate } from '../../../model/uri-template.ts'
import { readArguments } from './arguments.ts'

const template = 'mail://{user}@corp.example/{box}/{+rest}'
const uri = 'mail://ann@corp.example/in/a%20b'

/** What the upstream, or the record, is given of a resource's URI when rules hide this of its arguments. */
function check(masked: Readonly<Record<string, string>>, expected: string | RegExp): void {
  const fn = mcpFunctionOf({ mcp: { method: 'resources/read', name: template } })
  const read = readUriTemplate(template)
  const variables = ('segments' in read ? matchUri(read, uri) : undefined) ?? assert.fail()
  const { args, paramsWith } = readArguments(
    {
      ...{ kind: 'request', id: 1, method: 'resources/read', params: { uri } },
      ...{ members: new Map(), exactNumber: () => undefined },
    },
    'resources/read',
    { connection: mcpConnectionOf(), fn, variables },
    uri,
  )
  const values = { ...args.values, ...masked }
  const body = Buffer.from(JSON.stringify({ uri: values.uri }))
  const write = () => {
    const { params, bytes } = paramsWith({ values, body })
    return [params, bytes].map((one) => JSON.parse(Buffer.from(one).toString('utf8')).uri)
  }
  if (expected instanceof RegExp) assert.throws(write, expected)
  else assert.deepEqual(write(), [expected, expected])
}

const cases: readonly (readonly [string, ...Parameters<typeof check>])[] = [
  ['nothing', {}, uri],
  ['a part', { box: '***' }, 'mail://ann@corp.example/***/a%20b'],
  ['something in the URI', { uri: uri.replace('ann', '***') }, 'mail://***@corp.example/in/a%20b'],
  [
    'a part, and something in another one',
    { box: '***', uri: uri.replace('ann', '***') },
    'mail://***@corp.example/***/a%20b',
  ],
  [
    'the same of a part and of the URI',
    { user: '[REDACTED:x]', uri: uri.replace('ann', '[REDACTED:x]') },
    'mail://%5BREDACTED%3Ax%5D@corp.example/in/a%20b',
  ],
  [
    'two things in one part',
    { rest: '* b', uri: uri.replace('%20b', '%20*') },
    'mail://ann@corp.example/in/%5BREDACTED:URI%5D',
  ],
  [
    'a part, and something across what stands between parts',
    { box: '***', uri: uri.replace('ann@corp.example', '[REDACTED:EMAIL_ADDRESS]') },
    'mail://%5BREDACTED%3AURI%5D@corp.example/***/%5BREDACTED:URI%5D',
  ],
  ['a part of which nothing is left', { box: '' }, /was not rewritten/],
]
for (const [name, masked, expected] of cases) {
  test(`hidden of a URI: ${name}`, () => check(masked, expected))
}
