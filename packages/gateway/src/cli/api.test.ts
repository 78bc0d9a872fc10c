import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import { test } from 'node:test'
import fc from 'fast-check'
import { refusals } from '../call/refusal.ts'
import { readAddress } from './address.ts'
import { openApi, readEvents } from './api.ts'
import { type Exit, exitOfRefusal, Failure } from './exit.ts'

/** A real server for one request; what the client makes of its answer. */
async function check(
  answer: RequestListener,
  expected: { readonly exit: Exit; readonly message: RegExp; readonly detail?: RegExp },
): Promise<void> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  try {
    const api = openApi({ url: `http://127.0.0.1:${address.port}`, token: 'spa_x' })
    await assert.rejects(api.get('/whoami'), (thrown) => {
      assert.ok(thrown instanceof Failure)
      assert.equal(thrown.exit, expected.exit)
      assert.match(thrown.message, expected.message)
      if (expected.detail) assert.match(thrown.detail ?? '', expected.detail)
      return true
    })
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

const answering =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body)

const problem = (code: string) =>
  JSON.stringify({ title: 'No.', code, errors: [{ pointer: '/a', detail: 'is wrong' }] })

const cases: readonly (readonly [
  name: string,
  answer: RequestListener,
  expected: Parameters<typeof check>[1],
])[] = [
  [
    'a problem is told with its errors',
    answering(400, problem('request-invalid')),
    { exit: 'failed', message: /^No\.$/, detail: /\/a is wrong/ },
  ],
  [
    '401 asks to sign in',
    answering(401, problem('unauthenticated')),
    { exit: 'sign-in', message: /./ },
  ],
  ['403 is a denial', answering(403, problem('forbidden')), { exit: 'denied', message: /./ }],
  ['503 is unreachable', answering(503, ''), { exit: 'unreachable', message: /503/ }],
  [
    'another server’s page is said to be one',
    answering(200, '<html>'),
    { exit: 'failed', message: /not one of the admin API/ },
  ],
  [
    'a redirect is not followed: the token would go with it',
    answering(302, '', { location: 'http://127.0.0.1:1/' }),
    { exit: 'unreachable', message: /cannot be reached/ },
  ],
  [
    'a connection that breaks off',
    (request) => request.socket.destroy(),
    { exit: 'unreachable', message: /cannot be reached/ },
  ],
]
for (const [name, answer, expected] of cases) test(name, () => check(answer, expected))

test('every refusal of the gateway has an exit of its own choosing', () => {
  const plain = Object.keys(refusals).filter((code) => exitOfRefusal(code) === 'failed')
  assert.deepEqual(plain, [
    'request-malformed',
    'request-too-large',
    'function-unknown',
    'arguments-invalid',
    'internal',
  ])
  assert.equal(exitOfRefusal('toString'), 'failed')
})

const addresses: readonly (readonly [text: string, read: string | undefined])[] = [
  ['http://127.0.0.1:7434/', 'http://127.0.0.1:7434'],
  ['http://localhost:1', 'http://localhost:1'],
  ['http://[::1]:7434', 'http://[::1]:7434'],
  ['https://gateway.example/admin/', 'https://gateway.example/admin'],
  ['http://gateway.example', undefined],
  ['http://127.0.0.1.evil.example', undefined],
  ['http://127.0.0.1@evil.example', undefined],
  ['https://user:secret@gateway.example', undefined],
  ['file:///etc/passwd', undefined],
  ['gateway.example', undefined],
]
for (const [text, read] of addresses) {
  test(`a credential ${read ? 'may' : 'must not'} be sent to ${text}`, () => {
    if (read === undefined) assert.throws(() => readAddress(text), Failure)
    else assert.equal(readAddress(text), read)
  })
}

test('events are read whatever the chunks are', async () => {
  const stream = Buffer.from(
    ': hello\n\nid: 1\nevent: opened\ndata: {"a":\ndata: "ü"}\n\nretry: 5\n\nid: 2\r\ndata: x\r\n\r\n',
  )
  const expected = [
    { id: '1', event: 'opened', text: '{"a":\n"ü"}' },
    { id: '2', event: 'message', text: 'x' },
  ]
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(stream.length), { maxLength: 12 }), async (cuts) => {
      const at = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
      async function* chunks() {
        for (const [index, start] of at.entries())
          yield stream.subarray(start, at[index + 1] ?? start)
      }
      const events: unknown[] = []
      for await (const event of readEvents(chunks())) events.push(event)
      assert.deepEqual(events, expected)
    }),
  )
})
