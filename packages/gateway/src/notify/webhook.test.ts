import assert from 'node:assert/strict'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { limits } from '../config/limits.ts'
import type { WebhookConfig } from '../config/notify.ts'
import type { Message } from '../model/message.ts'
import { webhookChannel, webhookKey } from './webhook.ts'

const secret = (seed: number) => `whsec_${Buffer.alloc(32, seed).toString('base64')}`
const secrets: Readonly<Record<string, string>> = {
  NOW: secret(1),
  NEXT: secret(2),
  SHORT: `whsec_${Buffer.alloc(23, 1).toString('base64')}`,
  PLAIN: 'hunter22hunter22hunter22hunter22',
}
const now = Date.now()

const message: Message = {
  event: 'approval.requested',
  about: 'apr_1',
  subject: 'A call to crm.delete needs approval',
  state: 'PENDING',
  open: true,
  decideBy: Date.UTC(2026, 0, 2),
  facts: [{ name: 'arguments', text: '{"id":"é"}', untrusted: true }],
}

type Received = { readonly headers: IncomingHttpHeaders; readonly body: string }
type Receiver = {
  readonly url: string
  readonly received: Received[]
  readonly close: () => Promise<void>
}

/** A receiver that answers each request with the next of these, the last one again and again. */
async function receiver(t: TestContext, ...answers: readonly Response[]): Promise<Receiver> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece))
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(pieces).toString('utf8') })
      const answer = answers[Math.min(received.length, answers.length) - 1]
      response.writeHead(answer?.status ?? 204, Object.fromEntries(answer?.headers ?? []))
      response.end(answer?.status === 299 ? 'x'.repeat(1_000_000) : '')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  t.after(close)
  return { url: `http://127.0.0.1:${port}/hook`, received, close }
}

function channelTo(url: string, changes: Partial<WebhookConfig> = {}) {
  const config: WebhookConfig = {
    kind: 'webhook',
    url,
    secret: { env: 'NOW' },
    insecureHttp: true,
    ...changes,
  }
  const resolve = async (reference: object) => {
    const found = secrets['env' in reference ? String(reference.env) : '']
    if (found === undefined) throw new Error('not set')
    return found
  }
  return webhookChannel(config, { resolve, now: () => now, limits })
}

const asked = (changes: object = {}) => ({
  id: 'apr_1:approval.requested:0:ops',
  at: Date.UTC(2026, 0, 1),
  message,
  link: 'https://gw.example/approvals/apr_1',
  reference: undefined,
  signal: AbortSignal.timeout(10_000),
  ...changes,
})

test('the reference library accepts what is sent', async (t) => {
  const { url, received } = await receiver(t)
  assert.deepEqual(await channelTo(url).send(asked()), { kind: 'sent' })
  const [first] = received
  assert.ok(first)
  const headers = first.headers as Record<string, string>
  assert.equal(headers['webhook-id'], 'apr_1:approval-requested:0:ops')
  const verified = new Webhook(secret(1)).verify(first.body, headers)
  assert.deepEqual(verified, {
    type: 'approval.requested',
    timestamp: '2026-01-01T00:00:00.000Z',
    data: {
      id: 'apr_1',
      subject: message.subject,
      state: 'PENDING',
      open: true,
      decide_by: '2026-01-02T00:00:00.000Z',
      link: 'https://gw.example/approvals/apr_1',
      facts: [{ name: 'arguments', text: '{"id":"é"}', untrusted: true }],
    },
  })
})

test('the reference library refuses it when anything of it is changed', async (t) => {
  const { url, received } = await receiver(t)
  await channelTo(url).send(asked())
  const [first] = received
  assert.ok(first)
  const { body } = first
  const headers = first.headers as Record<string, string>
  const late = String(Number(headers['webhook-timestamp']) + 1)
  const changed: readonly (readonly [string, string, Record<string, string>, string])[] = [
    ['the body', body.replace('PENDING', 'DENIED'), headers, secret(1)],
    ['the id', body, { ...headers, 'webhook-id': 'other' }, secret(1)],
    ['the time', body, { ...headers, 'webhook-timestamp': late }, secret(1)],
    ['the secret', body, headers, secret(3)],
  ]
  for (const [what, text, given, by] of changed) {
    assert.throws(() => new Webhook(by).verify(text, given), what)
  }
})

test('while a secret changes both of them verify, and no other', async (t) => {
  const { url, received } = await receiver(t)
  await channelTo(url, { otherSecret: { env: 'NEXT' } }).send(asked())
  const [first] = received
  assert.ok(first)
  const headers = first.headers as Record<string, string>
  assert.ok(new Webhook(secret(1)).verify(first.body, headers))
  assert.ok(new Webhook(secret(2)).verify(first.body, headers))
  assert.throws(() => new Webhook(secret(3)).verify(first.body, headers))
})

const answers: readonly (readonly [string, Response, object])[] = [
  ['202 is sent', new Response(null, { status: 202 }), { kind: 'sent' }],
  ['a long answer is not read', new Response(null, { status: 299 }), { kind: 'sent' }],
  ['410 is given up', new Response(null, { status: 410 }), { kind: 'refused', why: 'status 410' }],
  [
    '500 is tried again',
    new Response(null, { status: 500 }),
    { kind: 'failed', why: 'status 500' },
  ],
  [
    'Retry-After in seconds',
    new Response(null, { status: 429, headers: { 'retry-after': '7' } }),
    { kind: 'failed', why: 'status 429', retryAfterMs: 7_000 },
  ],
  [
    'Retry-After as a date',
    new Response(null, {
      status: 503,
      headers: { 'retry-after': new Date(Math.ceil(now / 1_000) * 1_000 + 5_000).toUTCString() },
    }),
    {
      kind: 'failed',
      why: 'status 503',
      retryAfterMs: Math.ceil(now / 1_000) * 1_000 + 5_000 - now,
    },
  ],
  [
    'nobody makes us wait for ever',
    new Response(null, { status: 503, headers: { 'retry-after': '999999999' } }),
    { kind: 'failed', why: 'status 503', retryAfterMs: limits.noticeRetryAfterMsMax },
  ],
]
for (const [name, answer, expected] of answers) {
  test(name, async (t) => {
    const { url } = await receiver(t, answer)
    assert.deepEqual(await channelTo(url).send(asked()), expected)
  })
}

test('no redirect is followed', async (t) => {
  const elsewhere = await receiver(t)
  const headers = { location: elsewhere.url }
  const { url } = await receiver(t, new Response(null, { status: 307, headers }))
  assert.deepEqual(await channelTo(url).send(asked()), { kind: 'failed', why: 'status 307' })
  assert.equal(elsewhere.received.length, 0)
})

test('who is not there, or does not answer, is tried again', async (t) => {
  const { url } = await receiver(t)
  const closed = await receiver(t)
  await closed.close()
  const gone = await channelTo(closed.url).send(asked())
  assert.deepEqual(gone, { kind: 'failed', why: 'ECONNREFUSED' })
  const stopped = await channelTo(url).send(asked({ signal: AbortSignal.abort() }))
  assert.deepEqual(stopped, { kind: 'failed', why: 'the gateway stops' })
})

test('without a secret nothing is sent', async (t) => {
  const { url, received } = await receiver(t)
  for (const env of ['UNSET', 'SHORT', 'PLAIN']) {
    const sent = await channelTo(url, { secret: { env } }).send(asked())
    assert.deepEqual(sent, { kind: 'failed', why: 'a secret is missing, or no whsec_…' }, env)
  }
  const half = await channelTo(url, { otherSecret: { env: 'UNSET' } }).send(asked())
  assert.equal(half.kind, 'failed')
  assert.equal(received.length, 0)
})

const keys: readonly (readonly [string, string, number | undefined])[] = [
  ['24 bytes', `whsec_${Buffer.alloc(24, 9).toString('base64')}`, 24],
  ['64 bytes', `whsec_${Buffer.alloc(64, 9).toString('base64')}`, 64],
  ['without padding', `whsec_${Buffer.alloc(32, 9).toString('base64').replace('=', '')}`, 32],
  ['too short', `whsec_${Buffer.alloc(23, 9).toString('base64')}`, undefined],
  ['too long', `whsec_${Buffer.alloc(65, 9).toString('base64')}`, undefined],
  ['no prefix', Buffer.alloc(32, 9).toString('base64'), undefined],
  ['a private key of another scheme', `whsk_${Buffer.alloc(64, 9).toString('base64')}`, undefined],
  ['not base64', `whsec_${'é'.repeat(40)}`, undefined],
]
for (const [name, text, expected] of keys) {
  test(`a secret: ${name}`, () => assert.equal(webhookKey(text)?.length, expected))
}
