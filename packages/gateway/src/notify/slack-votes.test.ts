import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { verifySlackRequest } from '@slack/bolt'
import {
  buttonPayload,
  type Click,
  type FakeSlack,
  slackChannel as room,
  signed,
  signingSecret,
  slackTeam,
  slackToken,
  startFakeSlack,
  viewPayload,
} from '../../test/fake-slack.ts'
import { limits } from '../config/limits.ts'
import type { SlackConfig } from '../config/notify.ts'
import { slackActions } from './slack-card.ts'
import { listenToSlack } from './slack-listen.ts'
import { isFromSlack, readClick } from './slack-request.ts'
import { openSlackVotes, type SlackVotesNeeds } from './slack-votes.ts'

const now = Date.UTC(2026, 0, 1)
const body = 'payload=%7B%22a%22%3A1%7D'
const good = signed(body, { now })
const stamp = 'x-slack-request-timestamp'
const sign = 'x-slack-signature'
const at = (ms: number) => signed(body, { now: now + ms })
const withHeader = (name: string, value: string): Click => ({
  body,
  headers: { ...good.headers, [name]: value },
})

/** What `@slack/bolt` says, and what we say. We are stricter where it says nothing. */
const requests: readonly (readonly [string, Click, theirs: boolean, ours: boolean])[] = [
  ['as Slack signs it', good, true, true],
  ['five minutes old', at(-300_000), true, true],
  ['older', at(-301_000), false, false],
  ['five minutes ahead', at(300_000), true, true],
  ['further ahead', at(301_000), true, false],
  ['another secret', signed(body, { now, secret: 'other' }), false, false],
  ['another body', { ...good, body: `${body} ` }, false, false],
  ['another time', withHeader(stamp, String(now / 1_000 - 1)), false, false],
  [
    'another version',
    withHeader(sign, good.headers[sign]?.replace('v0=', 'v1=') ?? ''),
    false,
    false,
  ],
  ['no signature in it', withHeader(sign, 'v0='), false, false],
  ['an empty signature', withHeader(sign, ''), false, false],
  ['a shorter signature', withHeader(sign, good.headers[sign]?.slice(0, -1) ?? ''), false, false],
  ['a time that is none', withHeader(stamp, 'now'), false, false],
]
for (const [name, { body: text, headers }, theirs, ours] of requests) {
  test(`a request: ${name}`, () => {
    const accepts = () => {
      try {
        verifySlackRequest({
          signingSecret,
          body: text,
          headers: {
            'x-slack-signature': headers[sign] ?? '',
            'x-slack-request-timestamp': Number(headers[stamp]),
          },
          nowMilliseconds: now,
        })
        return true
      } catch {
        return false
      }
    }
    assert.equal(accepts(), theirs)
    const request = { body: text, timestamp: headers[stamp], signature: headers[sign] }
    const by = { signingSecret, now, replayMs: limits.slackReplayMs }
    assert.equal(isFromSlack(request, by), ours)
    assert.equal(isFromSlack({ ...request, signature: undefined }, by), false)
    assert.equal(isFromSlack({ ...request, timestamp: undefined }, by), false)
    assert.equal(isFromSlack(request, { ...by, signingSecret: '' }), false)
  })
}

type Cast = Parameters<SlackVotesNeeds['vote']>[0]
type House = {
  readonly slack: FakeSlack
  readonly url: string
  readonly votes: Cast[]
  readonly faults: unknown[]
  readonly send: (click: Click) => Promise<{ readonly status: number; readonly text: string }>
}

/** Our endpoint on a port of its own, a Slack, and a desk that counts whoever is not `U0STRANGER`. */
async function house(t: TestContext, changes: Partial<SlackVotesNeeds> = {}): Promise<House> {
  const slack = await startFakeSlack()
  const votes: Cast[] = []
  const faults: unknown[] = []
  const config: SlackConfig = {
    kind: 'slack',
    token: { env: 'TOKEN' },
    channel: room,
    signingSecret: { env: 'SIGNING' },
    team: slackTeam,
    apiUrl: slack.apiUrl,
    insecureHttp: true,
  }
  const voting = openSlackVotes({
    channels: [config],
    resolve: async (reference) =>
      'env' in reference && reference.env === 'TOKEN' ? slackToken : signingSecret,
    vote: async (cast) => {
      if (cast.account === 'slack:U0STRANGER') return { counted: false, why: 'Nobody <we> know.' }
      if (cast.offer !== 'offer-2') return { counted: false, why: 'It was changed.' }
      votes.push(cast)
      return { counted: true }
    },
    now: () => now,
    limits,
    onFailure: (cause) => faults.push(cause),
    ...changes,
  })
  const listener = await listenToSlack({ host: '127.0.0.1', port: 0 }, voting, limits)
  t.after(async () => {
    await listener.close()
    await slack.close()
  })
  return {
    ...{ slack, votes, faults, url: listener.url },
    send: async (click) => {
      const answer = await fetch(listener.url, { method: 'POST', ...click })
      const text = await answer.text()
      // What goes on after an answer is waited for, so that a test sees all of it.
      await voting.close()
      return { status: answer.status, text }
    },
  }
}

const offer = (changes: object = {}) =>
  JSON.stringify({
    approval: 'apr_1',
    offer: 'offer-2',
    reasonChars: { approve: 0, deny: 1 },
    ...changes,
  })
const button = (changes: Partial<Parameters<typeof buttonPayload>[0]> = {}) =>
  signed(
    buttonPayload({ action: slackActions.approve, value: offer(), user: 'U0DANA', ...changes }),
    { now },
  )

test('a click on Approve is a vote of whoever has the account', async (t) => {
  const { send, votes, slack } = await house(t)
  assert.deepEqual(await send(button()), { status: 200, text: '' })
  assert.deepEqual(votes, [
    {
      account: 'slack:U0DANA',
      approval: 'apr_1',
      verdict: 'approve',
      reason: '',
      offer: 'offer-2',
    },
  ])
  assert.deepEqual(slack.whispers, [{ user: 'U0DANA', text: 'Recorded: approve.' }])
})

test('a denial asks for its reason, and then counts', async (t) => {
  const { send, votes, slack } = await house(t)
  const { deny } = slackActions
  assert.deepEqual(await send(button({ action: deny })), { status: 200, text: '' })
  assert.equal(votes.length, 0)
  const [opened] = slack.views
  assert.ok(opened)
  const submitted = viewPayload({ view: opened.view, user: 'U0DANA', text: ' too large ' })
  assert.deepEqual(await send(signed(submitted, { now })), { status: 200, text: '' })
  assert.partialDeepStrictEqual(votes, [{ verdict: 'deny', reason: 'too large' }])
})

test('a yes that needs a reason asks for it, of the length it has to have', async (t) => {
  const { send, votes, slack } = await house(t)
  await send(button({ value: offer({ reasonChars: { approve: 10, deny: 1 } }) }))
  assert.equal(votes.length, 0)
  assert.partialDeepStrictEqual(slack.views[0]?.view.blocks, [
    { element: { min_length: 10, max_length: limits.reasonChars } },
  ])
})

test('who submits is told in the dialogue why it does not count', async (t) => {
  const { send, votes, slack } = await house(t)
  await send(button({ action: slackActions.deny }))
  const [opened] = slack.views
  assert.ok(opened)
  const submitted = viewPayload({ view: opened.view, user: 'U0STRANGER', text: 'no' })
  const answer = await send(signed(submitted, { now }))
  assert.deepEqual(JSON.parse(answer.text), {
    response_action: 'errors',
    errors: { sallyport_reason: 'Nobody <we> know.' },
  })
  assert.equal(votes.length, 0)
})

type Row = readonly [name: string, click: () => Click, status: number, whisper: string | undefined]
const rows: readonly Row[] = [
  [
    'somebody nobody knows',
    () => button({ user: 'U0STRANGER' }),
    200,
    'Not counted. Nobody &lt;we&gt; know.',
  ],
  [
    'an old card',
    () => button({ value: offer({ offer: 'offer-1' }) }),
    200,
    'Not counted. It was changed.',
  ],
  [
    'another workspace',
    () => button({ team: 'T0OTHER' }),
    200,
    'Not counted. You are of another workspace.',
  ],
  [
    'another workspace, to deny',
    () => button({ team: 'T0OTHER', action: slackActions.deny }),
    200,
    'Not counted. You are of another workspace.',
  ],
  ['another channel', () => button({ channel: 'C0ELSEWHERE' }), 200, undefined],
  ['a click on a link', () => button({ action: slackActions.open }), 200, undefined],
  ['a value that is none of ours', () => button({ value: '{}' }), 400, undefined],
  [
    'a body that is no form',
    () => signed('{}', { now, contentType: 'application/json' }),
    400,
    undefined,
  ],
  ['a payload that is no JSON', () => signed('payload=x', { now }), 400, undefined],
  [
    'something else of the app',
    () => signed('payload={"type":"shortcut"}', { now }),
    200,
    undefined,
  ],
  [
    'another secret',
    () => ({ ...button(), headers: signed('x', { now }).headers }),
    401,
    undefined,
  ],
  ['six minutes old', () => signed(button().body, { now: now - 360_000 }), 401, undefined],
  ['no signature', () => ({ body: button().body, headers: {} }), 401, undefined],
  ['too long', () => signed('x'.repeat(limits.slackRequestBytes + 1), { now }), 413, undefined],
]
for (const [name, click, status, whisper] of rows) {
  test(`no vote: ${name}`, async (t) => {
    const { send, votes, slack } = await house(t)
    assert.equal((await send(click())).status, status)
    assert.deepEqual(votes, [])
    assert.deepEqual(slack.views, [])
    assert.deepEqual(
      slack.whispers.map(({ text }) => text),
      whisper === undefined ? [] : [whisper],
    )
  })
}

test('Slack asks whether we are there, and is believed when it signs', async (t) => {
  const { send } = await house(t)
  const asking = JSON.stringify({ type: 'url_verification', challenge: 'abc123', token: 'x' })
  const contentType = 'application/json'
  const answer = await send(signed(asking, { now, contentType }))
  assert.deepEqual(answer, { status: 200, text: 'abc123' })
  const stranger = await send(signed(asking, { now, contentType, secret: 'other' }))
  assert.deepEqual(stranger, { status: 401, text: '' })
})

test('the same click is one vote, however often it comes', async (t) => {
  const { send, votes } = await house(t)
  const click = button()
  // As it was, and as Slack brings it again: signed anew.
  const retried = signed(click.body, { now: now + 10_000 })
  const headers = { ...retried.headers, 'x-slack-retry-num': '1' }
  const answers = await Promise.all([send(click), send(click), send({ ...retried, headers })])
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  )
  assert.equal(votes.length, 1)
})

test('Slack is answered in time, and the person when it is known', async (t) => {
  const settled = Promise.withResolvers<void>()
  const given = { ...limits, slackAnswerMs: 20 }
  const { url, slack } = await house(t, {
    limits: given,
    vote: async () => {
      await settled.promise
      return { counted: true }
    },
  })
  const answer = await fetch(url, { method: 'POST', ...button() })
  assert.equal(answer.status, 200)
  assert.deepEqual(slack.whispers, [])
  settled.resolve()
  while (slack.whispers.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual(slack.whispers, [{ user: 'U0DANA', text: 'Recorded: approve.' }])
})

test('a vote that could not be recorded is said not to count, and can be cast again', async (t) => {
  let broken = true
  const { send, slack, faults } = await house(t, {
    vote: async () => {
      if (broken) throw new Error('the store is away')
      return { counted: true }
    },
  })
  await send(button())
  assert.deepEqual(
    slack.whispers.map(({ text }) => text),
    ['Not counted. It could not be recorded. Try again.'],
  )
  assert.equal(faults.length, 1)
  broken = false
  await send(button())
  assert.equal(slack.whispers.at(-1)?.text, 'Recorded: approve.')
})

test('nothing but one POST is answered', async (t) => {
  const { url } = await house(t)
  assert.equal((await fetch(url)).status, 405)
  assert.equal((await fetch(url, { method: 'PUT', body: 'x' })).status, 405)
  assert.equal((await fetch(new URL('/api/v1/approvals', url))).status, 404)
  assert.equal((await fetch(`${url}?x=1`, { method: 'POST', ...button() })).status, 404)
})

test('forms that Slack does not send are read as nothing', () => {
  const read = (payload: unknown) =>
    readClick({
      body: new URLSearchParams({ payload: JSON.stringify(payload) }).toString(),
      contentType: 'application/x-www-form-urlencoded',
      timestamp: undefined,
      signature: undefined,
    })
  const { approve } = slackActions
  const strange = [
    null,
    [],
    'x',
    { type: 'block_actions' },
    { type: 'block_actions', actions: [{ action_id: approve }] },
    { type: 'block_actions', actions: [{ action_id: approve, value: offer() }] },
    { type: 'view_submission' },
    { type: 'view_submission', view: { callback_id: approve } },
    { type: 'view_submission', view: { callback_id: approve, private_metadata: '{"offer":1}' } },
  ]
  for (const payload of strange) {
    assert.equal(read(payload), undefined, JSON.stringify(payload))
  }
})
