import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { WebClient } from '@slack/web-api'
import fc from 'fast-check'
import {
  type FakeSlack,
  slackChannel as room,
  slackTeam,
  slackToken,
  startFakeSlack,
} from '../../test/fake-slack.ts'
import { limits } from '../config/limits.ts'
import type { SlackConfig } from '../config/notify.ts'
import type { Message } from '../model/message.ts'
import { slackChannel } from './slack.ts'
import { slackActions, slackCard } from './slack-card.ts'

const now = Date.UTC(2026, 0, 1)
const message: Message = {
  event: 'approval.requested',
  about: 'apr_1',
  subject: 'A call to crm.delete needs approval',
  state: 'PENDING',
  open: true,
  path: '/approvals/apr_1',
  decideBy: now + 60_000,
  facts: [
    { name: 'function', text: 'crm.delete' },
    { name: 'arguments', text: '{\n "id": "c-1"\n}', untrusted: true },
  ],
  slackVote: { offer: 'offer-1', reasonChars: { approve: 0, deny: 1 } },
}
const link = 'https://gw.example/approvals/apr_1'
const card = (changes: Partial<Message> = {}, clickable = true) =>
  slackCard(
    { ...message, ...changes },
    { link, clickable, textChars: limits.noticeTextChars, cardChars: limits.slackCardChars },
  )
const buttonsOf = (blocks: readonly object[]) =>
  [...JSON.stringify(blocks).matchAll(/"action_id":"(\w+)"/g)].map(([, action]) => action)
const { approve, deny, open } = slackActions

const buttons: readonly (readonly [string, Partial<Message>, boolean, readonly string[]])[] = [
  ['a vote may be cast', {}, true, [approve, deny, open]],
  ['the flow does not let Slack decide', { slackVote: undefined }, true, [open]],
  ['clicks cannot come back', {}, false, [open]],
  ['it is decided', { open: false, state: 'DENIED' }, true, [open]],
  [
    'not all of it can be shown',
    { facts: [{ name: 'arguments', text: 'x'.repeat(2_501) }] },
    true,
    [open],
  ],
  [
    'all of it together is too much',
    { facts: Array.from({ length: 5 }, () => ({ name: 'a', text: 'x'.repeat(2_400) })) },
    true,
    [open],
  ],
  [
    'there are too many things',
    { facts: Array.from({ length: 21 }, () => ({ name: 'a', text: 'x' })) },
    true,
    [open],
  ],
] as readonly (readonly [string, Partial<Message>, boolean, readonly string[]])[]
for (const [name, changes, clickable, expected] of buttons) {
  test(`the buttons when ${name}`, () => {
    assert.deepEqual(buttonsOf(card(changes, clickable).blocks), expected)
  })
}

test('what others said is never formatted, mentioned or linked', () => {
  const hostile = '<!channel> *bold* <https://evil.example|Approve> & `x` <@U1>'
  const { blocks, text } = card({
    subject: hostile,
    facts: [{ name: hostile, text: hostile, untrusted: true }],
  })
  const shown = JSON.stringify(blocks)
  assert.ok(!/<(?!!date\^)/.test(shown.replaceAll(link, '')), shown)
  assert.ok(!text.includes('<'))
  const formatted = [...shown.matchAll(/"type":"mrkdwn","text":"([^"]*)"/g)].map(([, one]) => one)
  assert.ok(formatted.every((one) => !one?.includes('bold*')))
})

test('whatever is said fits into what Slack takes, and says when it is cut', async () => {
  const slack = await startFakeSlack()
  try {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc
        .constantFrom('<', '&', '\n', '😀')
        .chain((one) => fc.nat(4_000).map((times) => one.repeat(times))),
    )
    const facts = fc.array(fc.record({ name: text, text }), { maxLength: 25 })
    const client = new WebClient(slackToken, { slackApiUrl: slack.apiUrl })
    await fc.assert(
      fc.asyncProperty(text, facts, async (subject, given) => {
        const { blocks, text: said } = card({ subject: `x${subject}`, facts: given })
        assert.ok(JSON.stringify(blocks).isWellFormed())
        const body = { channel: room, text: said, blocks } as never
        const answer = await client.chat.postMessage(body)
        assert.ok(answer.ok)
        const whole = given.length <= 20 && given.every((one) => one.text.length < 200)
        if (whole && given.length < 5) assert.ok(buttonsOf(blocks).includes(approve))
      }),
      { numRuns: 60 },
    )
  } finally {
    await slack.close()
  }
})

test('the official client and ours say the same to the same server', async (t) => {
  const slack = await startFakeSlack()
  t.after(slack.close)
  const official = new WebClient(slackToken, { slackApiUrl: slack.apiUrl })
  const { blocks, text } = card()
  const posted = await official.chat.postMessage({ channel: room, text, blocks } as never)
  const ours = await channelOn(slack).send(asked({}))
  assert.equal(slack.messages.length, 2)
  const [theirs, own] = slack.messages
  assert.deepEqual(theirs?.blocks, own?.blocks)
  assert.equal(theirs?.text, own?.text)
  assert.deepEqual(ours, { kind: 'sent', reference: `${room}:${own?.ts}` })
  const update = { channel: room, ts: String(posted.ts), text: 'changed' }
  assert.ok((await official.chat.update(update)).ok)
  await assert.rejects(official.chat.update({ ...update, ts: '1.1' }), /message_not_found/)
  const stranger = new WebClient('xoxb-stranger-stranger', { slackApiUrl: slack.apiUrl })
  await assert.rejects(stranger.chat.postMessage({ channel: room, text }), /invalid_auth/)
})

function channelOn({ apiUrl }: FakeSlack, token = slackToken) {
  const config: SlackConfig = {
    kind: 'slack',
    token: { env: 'TOKEN' },
    channel: room,
    signingSecret: { env: 'SIGNING' },
    team: slackTeam,
    apiUrl,
    insecureHttp: true,
  }
  return slackChannel(config, { resolve: async () => token, now: () => now, limits })
}

const asked = (changes: object) => ({
  id: 'apr_1:approval.requested:0:ops',
  at: now,
  message,
  link,
  reference: undefined,
  signal: AbortSignal.timeout(10_000),
  ...changes,
})
const as = (event: Message['event']) => ({ message: { ...message, event } })

test('one card for one approval, changed when something changes', async (t) => {
  const slack = await startFakeSlack()
  t.after(slack.close)
  const channel = channelOn(slack)
  const sent = await channel.send(asked({}))
  assert.ok(sent.kind === 'sent' && sent.reference)
  const { reference } = sent
  const decided = { ...message, event: 'approval.settled', open: false, state: 'APPROVED' }
  const settled = await channel.send(asked({ reference, message: decided }))
  assert.deepEqual(settled, { kind: 'sent', reference })
  assert.equal(slack.messages.length, 1)
  assert.equal(slack.messages[0]?.updates, 1)
  assert.deepEqual(buttonsOf(slack.messages[0]?.blocks ?? []), [open])
})

test('whoever is asked only now hears of it', async (t) => {
  const slack = await startFakeSlack()
  t.after(slack.close)
  const channel = channelOn(slack)
  const sent = await channel.send(asked({}))
  const reference = sent.kind === 'sent' ? sent.reference : undefined
  for (const event of ['approval.escalated', 'break-glass.overdue'] as const) {
    const told = await channel.send(asked({ reference, ...as(event) }))
    assert.deepEqual(told, { kind: 'sent', reference })
  }
  assert.equal(slack.messages.length, 3)
  assert.equal(slack.messages[1]?.threadTs, slack.messages[0]?.ts)
  assert.equal(slack.messages[2]?.threadTs, slack.messages[0]?.ts)
})

type Told = readonly [name: string, changes: object, expected: object, messages: number]
const told: readonly Told[] = [
  ['a change waits for its card', as('approval.changed'), { kind: 'early' }, 0],
  [
    'but not for ever',
    { ...as('approval.settled'), at: now - limits.noticeFollowMs },
    { kind: 'sent', reference: 'ANY' },
    1,
  ],
  [
    'an emergency waits for nothing',
    as('break-glass.overdue'),
    { kind: 'sent', reference: 'ANY' },
    1,
  ],
  [
    'a card that was deleted is posted again',
    { ...as('approval.changed'), reference: `${room}:1.1` },
    { kind: 'sent', reference: 'ANY' },
    1,
  ],
]
for (const [name, changes, expected, messages] of told) {
  test(name, async (t) => {
    const slack = await startFakeSlack()
    t.after(slack.close)
    const sent = await channelOn(slack).send(asked(changes))
    const any = 'reference' in sent ? { ...sent, reference: 'ANY' } : sent
    assert.deepEqual(any, expected)
    assert.equal(slack.messages.length, messages)
  })
}

test('what Slack refuses is tried again, later when it says so, unless it never can be', async (t) => {
  const rows: readonly (readonly [FakeSlack['refuse'][number], object])[] = [
    [
      { status: 429, error: 'ratelimited', retryAfter: 30 },
      { kind: 'failed', why: 'status 429', retryAfterMs: 30_000 },
    ],
    [{ status: 503 }, { kind: 'failed', why: 'status 503' }],
    [
      { status: 200, error: 'channel_not_found' },
      { kind: 'failed', why: 'channel_not_found' },
    ],
    [
      { status: 200, error: 'invalid_blocks' },
      { kind: 'refused', why: 'invalid_blocks' },
    ],
    [
      { status: 200, error: 'Token xoxb-… !' },
      { kind: 'failed', why: 'refused' },
    ],
  ]
  const slack = await startFakeSlack()
  t.after(slack.close)
  for (const [refusal, expected] of rows) {
    slack.refuse.push(refusal)
    assert.deepEqual(await channelOn(slack).send(asked({})), expected)
  }
  const wrong = await channelOn(slack, 'xoxb-somebody-elses').send(asked({}))
  assert.deepEqual(wrong, { kind: 'failed', why: 'invalid_auth' })
  const broken = await channelOn(slack, 'xoxb\r\nx-evil: 1').send(asked({}))
  assert.deepEqual(broken, { kind: 'failed', why: 'the token is no token' })
})

test('a Slack that is away is tried again', async (t: TestContext) => {
  const slack = await startFakeSlack()
  await slack.close()
  const sent = await channelOn(slack).send(asked({}))
  t.diagnostic(JSON.stringify(sent))
  assert.deepEqual(sent, { kind: 'failed', why: 'ECONNREFUSED' })
})
