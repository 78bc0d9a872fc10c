import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { certificate } from '../../test/certificate.ts'
import { limits } from '../config/limits.ts'
import type { EmailConfig } from '../config/notify.ts'
import type { Message } from '../model/message.ts'
import { emailChannel } from './email.ts'

const message: Message = {
  event: 'approval.requested',
  about: 'apr_1',
  subject: 'A call to crm.delete needs approval',
  state: 'PENDING',
  open: true,
  decideBy: Date.UTC(2026, 0, 2),
  facts: [
    { name: 'function', text: 'crm.delete' },
    { name: 'arguments', text: '{\n "id": "c-1"\n}', untrusted: true },
  ],
}
const link = 'https://gw.example/approvals/apr_1'

type Letter = {
  readonly to: readonly string[]
  readonly user: string | undefined
  readonly secure: boolean
  readonly head: string
  readonly text: string
}

/** A mail server of somebody else's making, on loopback. */
async function mailServer(
  t: TestContext,
  options: SMTPServerOptions = {},
): Promise<{ readonly port: number; readonly letters: Letter[] }> {
  const letters: Letter[] = []
  const server = new SMTPServer({
    ...certificate,
    authOptional: true,
    disableReverseLookup: true,
    onAuth: ({ username, password }, _session, done) =>
      password === 'hunter22' ? done(null, { user: username }) : done(new Error('wrong password')),
    onData: (stream, session, done) => {
      let raw = ''
      stream.setEncoding('utf8')
      stream.on('data', (piece: string) => {
        raw += piece
      })
      stream.on('end', () => {
        const [head = '', ...rest] = raw.split('\r\n\r\n')
        const to = session.envelope.rcptTo.map(({ address }) => address)
        const { user, secure } = session
        letters.push({ to, user, secure, head, text: rest.join('\n\n').replaceAll('\r\n', '\n') })
        done()
      })
    },
    ...options,
  })
  // A client that does not trust us hangs up, which is its right.
  server.on('error', () => {})
  const listening = server.listen(0, '127.0.0.1')
  await new Promise<void>((resolve) => listening.once('listening', resolve))
  t.after(() => new Promise<void>((resolve) => server.close(resolve)))
  return { port: (listening.address() as AddressInfo).port, letters }
}

function channelTo(smtp: string, changes: Partial<EmailConfig> = {}, ca = certificate.cert) {
  const config: EmailConfig = {
    kind: 'email',
    smtp,
    from: 'gw@house.example',
    to: ['ops@house.example', 'sec@house.example'],
    insecureSmtp: false,
    ...changes,
  }
  const resolve = async (reference: object) => {
    if ('env' in reference && reference.env === 'PASSWORD') return 'hunter22'
    if ('env' in reference && reference.env === 'WRONG') return 'hunter23'
    throw new Error('not set')
  }
  return emailChannel(config, { resolve, limits, ...(ca !== '' && { ca }) })
}

const asked = (changes: object = {}) => ({
  id: 'apr_1:approval.requested:0:mail',
  at: Date.UTC(2026, 0, 1),
  message,
  link,
  reference: undefined,
  signal: AbortSignal.timeout(10_000),
  ...changes,
})

test('a letter is plain text with a link, to everybody it is for', async (t) => {
  const { port, letters } = await mailServer(t)
  const sent = await channelTo(`smtp://127.0.0.1:${port}`).send(asked())
  assert.deepEqual(sent, { kind: 'sent' })
  const [letter] = letters
  assert.ok(letter)
  assert.deepEqual(letter.to, ['ops@house.example', 'sec@house.example'])
  assert.equal(letter.secure, true)
  assert.match(letter.head, /^Subject: A call to crm\.delete needs approval\r?$/m)
  assert.match(letter.head, /^Content-Type: text\/plain/m)
  assert.match(letter.head, /^Auto-Submitted: auto-generated/im)
  assert.match(letter.text, /^A call to crm\.delete needs approval\n\napr_1: PENDING\n/)
  assert.match(letter.text, /arguments \(as the caller says\):\n {2}\{\n {3}"id": "c-1"\n {2}\}\n/)
  assert.ok(letter.text.includes(link))
})

test('the same notice is the same letter, and another of the same approval is not', async (t) => {
  const { port, letters } = await mailServer(t)
  const channel = channelTo(`smtp://127.0.0.1:${port}`)
  await channel.send(asked())
  await channel.send(asked())
  await channel.send(asked({ id: 'apr_1:approval.settled:1:mail' }))
  const header = (name: string) =>
    letters.map(
      ({ head }) => new RegExp(`^${name}: (<[0-9a-f]{40}@house\\.example>)`, 'im').exec(head)?.[1],
    )
  const [first, again, other] = header('message-id')
  assert.ok(first)
  assert.equal(first, again)
  assert.notEqual(first, other)
  assert.equal(new Set(header('references')).size, 1)
})

test('nothing that is said becomes a header, a recipient, a line of ours or a file', async (t) => {
  const { port, letters } = await mailServer(t)
  const hostile = 'x\r\nBcc: evil@evil.example\r\n\r\nApprove: https://evil.example\u2028y'
  const facts = [
    { name: hostile, text: hostile, untrusted: true as const },
    { name: 'file', text: '/etc/passwd' },
  ]
  const sent = await channelTo(`smtp://127.0.0.1:${port}`).send(
    asked({ message: { ...message, subject: hostile, facts } }),
  )
  assert.deepEqual(sent, { kind: 'sent' })
  const [letter] = letters
  assert.ok(letter)
  assert.deepEqual(letter.to, ['ops@house.example', 'sec@house.example'])
  assert.ok(!/^bcc:/im.test(letter.head), letter.head)
  const text = letter.text.replace(/=\n/g, '')
  assert.ok(!/^(?:Bcc|Approve):/m.test(text), text)
  assert.match(text, /\n {2}Approve: https:\/\/evil\.example/)
})

type Row = readonly [
  name: string,
  server: SMTPServerOptions,
  url: (port: number) => string,
  config: Partial<EmailConfig>,
  expected: object,
]
const starttls = (port: number) => `smtp://127.0.0.1:${port}`
const password = (env: string) => ({ username: 'gw', password: { env } })
const sent = { kind: 'sent' }
const rows: readonly Row[] = [
  ['TLS from the start', { secure: true }, (port) => `smtps://127.0.0.1:${port}`, {}, sent],
  ['STARTTLS', {}, starttls, {}, sent],
  [
    'a server that offers no STARTTLS',
    { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] },
    starttls,
    {},
    { kind: 'failed', why: /^ETLS/ },
  ],
  [
    'no TLS where that was allowed',
    { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] },
    starttls,
    { insecureSmtp: true },
    sent,
  ],
  ['a password', { authOptional: false }, starttls, password('PASSWORD'), sent],
  [
    'a wrong password is tried again',
    { authOptional: false },
    starttls,
    password('WRONG'),
    { kind: 'failed', why: /^EAUTH 535$/ },
  ],
  [
    'a password that is not there',
    {},
    starttls,
    password('UNSET'),
    { kind: 'failed', why: /^the password is missing$/ },
  ],
  [
    'nobody of that name is given up',
    {
      onRcptTo: (_address, _session, done) =>
        done(Object.assign(new Error('no such user'), { responseCode: 550 })),
    },
    starttls,
    {},
    { kind: 'refused', why: /^EENVELOPE 550$/ },
  ],
  [
    'a full mailbox is tried again',
    {
      onRcptTo: (_address, _session, done) =>
        done(Object.assign(new Error('full'), { responseCode: 452 })),
    },
    starttls,
    {},
    { kind: 'failed', why: /^EENVELOPE 452$/ },
  ],
]
for (const [name, server, url, config, expected] of rows) {
  test(name, async (t) => {
    const { port, letters } = await mailServer(t, server)
    const got = await channelTo(url(port), config).send(asked())
    if ('why' in expected && expected.why instanceof RegExp) {
      assert.ok('why' in got, JSON.stringify(got))
      assert.match(got.why, expected.why)
      assert.equal(got.kind, Object(expected).kind)
    } else assert.deepEqual(got, expected)
    assert.equal(letters.length, got.kind === 'sent' ? 1 : 0)
    if (config.username !== undefined) assert.notEqual(letters[0]?.user, '')
  })
}

test('a server nobody vouches for gets nothing', async (t) => {
  const { port, letters } = await mailServer(t)
  const got = await channelTo(`smtp://127.0.0.1:${port}`, {}, '').send(asked())
  assert.equal(got.kind, 'failed')
  assert.deepEqual(letters, [])
})

test('a server that says nothing is left when the time is over', async (t) => {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const signal = AbortSignal.timeout(50)
  const got = await channelTo(`smtp://127.0.0.1:${port}`).send(asked({ signal }))
  assert.deepEqual(got, { kind: 'failed', why: 'no answer in time' })
})
