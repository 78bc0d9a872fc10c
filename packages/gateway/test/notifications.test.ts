import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { types } from '@slack/bolt'
import { ask } from './caller.ts'
import {
  buttonPayload,
  type FakeSlack,
  signed,
  signingSecret,
  slackChannel,
  slackTeam,
  slackToken,
  startFakeSlack,
  viewPayload,
} from './fake-slack.ts'
import { assertSoundLog, dana, type House, openHouse, since, until } from './house.ts'
import { freshBody, held, transfer, withApproval } from './transfer.ts'
import { answer } from './upstream.ts'
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.ts'

type Town = {
  readonly house: House
  readonly slack: FakeSlack
  readonly hook: WebhookReceiver
  /** Somebody clicks on this card. */
  readonly click: (user: string, action: 'approve' | 'deny', changes?: object) => Promise<number>
  /** The card about this approval, as it is now. */
  readonly card: (id: string) => FakeSlack['messages'][number] | undefined
  /** Posts what Slack would, signed. */
  readonly bring: (body: string) => Promise<Response>
}

const approvals = `flows:
  approvers:
    steps: [{ name: team, groups: [approvers] }]
    notify: [hook, chat]
    message: masked
    slackDecides: true
groups: { approvers: [corp:dana, corp:tess] }
people:
  - { id: corp:dana, accounts: [slack:U0DANA] }
  - { id: corp:tess, accounts: [slack:U0TESS] }
  - { id: corp:eve, accounts: [slack:U0EVE] }
`

/** A gateway, a Slack and somebody's webhook receiver around it. */
async function openTown(t: TestContext, rules = approvals): Promise<Town> {
  const [slack, hook] = await Promise.all([startFakeSlack(), startWebhookReceiver()])
  const secrets = mkdtempSync(join(tmpdir(), 'sallyport-secrets-'))
  const secret = (name: string, value: string) => {
    writeFileSync(join(secrets, name), `${value}\n`)
    return { file: join(secrets, name) }
  }
  const house = await openHouse(t, {
    admin: { host: '127.0.0.1', port: 0, publicUrl: 'https://gw.example' },
    notify: {
      slackListen: { host: '127.0.0.1', port: 0 },
      channels: {
        hook: {
          webhook: { url: hook.url, secret: secret('hook', hook.secret), insecureHttp: true },
        },
        chat: {
          slack: {
            token: secret('token', slackToken),
            channel: slackChannel,
            signingSecret: secret('signing', signingSecret),
            team: slackTeam,
            apiUrl: slack.apiUrl,
            insecureHttp: true,
          },
        },
      },
    },
  })
  t.after(async () => {
    await Promise.all([slack.close(), hook.close()])
    rmSync(secrets, { recursive: true, force: true })
  })
  writeFileSync(join(house.rulebook, 'approvals.yaml'), rules)
  await house.restart()
  house.upstream.script = answer({ body: '{"ok":true}' })
  const url = () => /.*"url":"(http[^"]*\/\.sallyport\/slack)"/s.exec(house.logged())?.[1] ?? ''
  const bring = (body: string) => {
    return fetch(url(), { method: 'POST', ...signed(body, { now: Date.now() }) })
  }
  const card = (id: string) => slack.messages.find((one) => JSON.stringify(one).includes(id))
  return {
    ...{ house, slack, hook, card, bring },
    click: async (user, action, changes = {}) => {
      const [button] = buttonsOf(slack.messages.at(-1)).filter((one) =>
        one.action_id?.endsWith(action),
      )
      assert.ok(button?.action_id && button.value, 'the card has no such button')
      const value = JSON.stringify({ ...JSON.parse(button.value), ...changes })
      const { status } = await bring(buttonPayload({ action: button.action_id, value, user }))
      return status
    },
  }
}

function buttonsOf(message: FakeSlack['messages'][number] | undefined): readonly types.Button[] {
  return (message?.blocks ?? [])
    .filter((block): block is types.ActionsBlock => block.type === 'actions')
    .flatMap(({ elements }) => elements.filter((one) => one.type === 'button'))
}

const typesOf = ({ hook }: Town, id: string) =>
  hook
    .taken()
    .filter(({ data }) => data.id === id)
    .map(({ type }) => type)

test('people hear of a question, answer it on Slack, and hear of the answer', async (t) => {
  const town = await openTown(t)
  const { house, slack, click, card } = town
  const body = freshBody()
  const waiting = house.call('/up/transfers', transfer(body, { headers: { prefer: 'wait=60' } }))
  // A question that is settled before it was told is not asked for any more.
  const told = () => slack.messages.length === 1 && town.hook.taken().length === 1
  await until(told, 'both were told')
  const [message] = slack.messages
  const shown = JSON.stringify(message)
  for (const word of ['up.transfer', 'corp:tess', 'Move money', 'high risk', '2000']) {
    assert.ok(shown.includes(word), `${word} is not in ${shown}`)
  }
  const now = since(house)
  assert.equal(await click('U0DANA', 'approve'), 200)
  const seen = await waiting
  assert.equal(seen.status, 200, seen.text())
  const decided = now.leaves().find(({ type }) => type === 'approval.decided')
  assert.partialDeepStrictEqual(decided, { by: 'corp:dana', channel: 'slack', verdict: 'approve' })
  const id = String(decided?.approval)
  await until(() => card(id)?.updates === 1, 'the card was changed')
  assert.deepEqual(
    buttonsOf(card(id)).map(({ text }) => text.text),
    ['Open'],
  )
  assert.equal(slack.messages.length, 1)
  await until(() => typesOf(town, id).length === 2, 'the receiver was told')
  assert.deepEqual(typesOf(town, id), ['approval.requested', 'approval.settled'])
  assert.equal(town.hook.taken()[0]?.data.link, `https://gw.example/approvals/${id}`)
  assert.deepEqual(town.hook.forged, [])
  assertSoundLog(house, [slackToken, signingSecret, town.hook.secret])
})

test('a card is changed when it is decided elsewhere, and clicks on what was count no more', async (t) => {
  const town = await openTown(t)
  const { house, slack, click, card } = town
  const id = await held(house, freshBody())
  await until(() => slack.messages.length === 1, 'Slack was told')
  const [approve] = buttonsOf(card(id))
  assert.equal((await house.approve(id)).status, 200)
  await until(() => card(id)?.updates === 1, 'the card was changed')
  assert.match(JSON.stringify(card(id)), /APPROVED/)
  const body = buttonPayload({
    action: String(approve?.action_id),
    value: String(approve?.value),
    user: 'U0DANA',
  })
  assert.equal((await town.bring(body)).status, 200)
  await until(() => slack.whispers.length === 1, 'the person was told')
  assert.match(slack.whispers[0]?.text ?? '', /^Not counted\. /)
  await assert.rejects(click('U0DANA', 'approve'), /no such button/)
})

type Refused = readonly [name: string, user: string, changes: object, told: RegExp]
const refusedVotes: readonly Refused[] = [
  [
    'the person the call is made for',
    'U0TESS',
    {},
    /This call is yours: .* Somebody else decides\./,
  ],
  ['somebody of no approver group', 'U0EVE', {}, /none of the groups/],
  ['somebody nobody linked', 'U0NOBODY', {}, /links nobody to your Slack account/],
  ['what was shown is not on offer', 'U0DANA', { offer: 'another' }, /not what is on offer/],
  ['no such approval', 'U0DANA', { approval: 'apr_none' }, /no such approval/],
]
test('on Slack nobody votes who may not, and each is told why', async (t) => {
  const { house, slack, click } = await openTown(t)
  const body = freshBody()
  const id = await held(house, body)
  await until(() => slack.messages.length === 1, 'Slack was told')
  for (const [name, user, changes, told] of refusedVotes) {
    const now = since(house)
    const before = slack.whispers.length
    assert.equal(await click(user, 'approve', changes), 200, name)
    await until(() => slack.whispers.length > before, `${name} was told`)
    assert.match(slack.whispers.at(-1)?.text ?? '', told)
    assert.deepEqual(now.leaves(), [], `${name} left a record`)
  }
  const seen = await house.call('/up/transfers', withApproval(body, id))
  assert.equal(seen.code, 'approval-required')
})

test('a denial on Slack says why, and is final', async (t) => {
  const { house, slack, click, bring } = await openTown(t)
  const body = freshBody()
  await held(house, body)
  await until(() => slack.messages.length === 1, 'Slack was told')
  assert.equal(await click('U0DANA', 'deny'), 200)
  const [opened] = slack.views
  assert.ok(opened)
  const now = since(house)
  const submitted = viewPayload({ view: opened.view, user: 'U0DANA', text: 'too much' })
  assert.equal((await bring(submitted)).status, 200)
  const decided = now.leaves().find(({ type }) => type === 'approval.decided')
  assert.partialDeepStrictEqual(decided, { verdict: 'deny', channel: 'slack' })
  assert.equal((await house.call('/up/transfers', transfer(body))).code, 'approval-denied')
})

test('where the rulebook does not say so, nobody votes on Slack', async (t) => {
  const { house, slack, bring } = await openTown(t, approvals.replace('slackDecides: true', ''))
  const id = await held(house, freshBody())
  await until(() => slack.messages.length === 1, 'Slack was told')
  const buttons = buttonsOf(slack.messages[0])
  assert.deepEqual(
    buttons.map(({ text }) => text.text),
    ['Open'],
  )
  // Who knows what a button would say: the desk refuses it all the same.
  const shown = await house.admin(dana, 'GET', `/approvals/${id}`)
  const { offer = shown.json().digest } = shown.json()
  const value = JSON.stringify({ approval: id, offer, reasonChars: { approve: 0, deny: 1 } })
  await bring(buttonPayload({ action: 'sallyport_approve', value, user: 'U0DANA' }))
  await until(() => slack.whispers.length === 1, 'the person was told')
  assert.match(slack.whispers[0]?.text ?? '', /needs a sign-in/)
})

test('with `minimal` a message says which function and nothing else', async (t) => {
  const rules = approvals
    .replace('message: masked', 'message: minimal')
    .replace('slackDecides: true', '')
  const { house, slack, hook } = await openTown(t, rules)
  // An amount that no time and no random id spells by chance.
  const body = freshBody().replace('2000', '271828182')
  const account = JSON.parse(body).to
  await held(house, body)
  await until(() => slack.messages.length === 1 && hook.taken().length === 1, 'both were told')
  for (const said of [JSON.stringify(slack.messages), JSON.stringify(hook.taken())]) {
    assert.ok(said.includes('up.transfer'))
    for (const word of [account, '271828182', 'corp:tess', 'Move money'])
      assert.ok(!said.includes(word))
  }
})

const broken: Readonly<Record<string, (hook: WebhookReceiver) => void>> = {
  'answers 500': (hook) => {
    hook.answer = (response) => response.writeHead(500).end()
  },
  'hangs up': (hook) => {
    hook.answer = (response) => response.destroy()
  },
  'never answers': (hook) => {
    hook.answer = () => {}
  },
}
for (const [name, breakIt] of Object.entries(broken)) {
  test(`a receiver that ${name} delays no call and no vote, and is told all of it later, once`, async (t) => {
    const town = await openTown(t)
    const { house, slack, hook } = town
    breakIt(hook)
    const ids: string[] = []
    for (let n = 0; n < 3; n++) {
      const body = freshBody()
      const { approval: id } = await house.call('/up/transfers', transfer(body))
      ids.push(id)
      // The other channel hears of it meanwhile; once it is decided, that it was asked is no news.
      await until(() => slack.messages.length === n + 1, 'Slack was told')
      assert.equal((await house.approve(id)).status, 200)
      assert.equal((await house.call('/up/transfers', withApproval(body, id))).status, 200)
    }
    assert.deepEqual(hook.taken(), [])
    hook.answer = (response) => response.writeHead(204).end()
    // What hangs is cut off by the stop, and told by the next start.
    await house.restart()
    await until(
      () => ids.every((id) => typesOf(town, id).includes('approval.settled')),
      'all was told',
    )
    // That it was asked is no news any more.
    for (const id of ids) assert.deepEqual(typesOf(town, id), ['approval.settled'])
    assertSoundLog(house, [hook.secret])
  })
}

test('a GET decides nothing', async (t) => {
  const { house } = await openTown(t)
  const body = freshBody()
  const id = await held(house, body)
  const now = since(house)
  for (const verb of ['approve', 'deny', 'counter', 'withdraw']) {
    for (const method of ['GET', 'HEAD']) {
      const seen = await house.admin(dana, method, `/approvals/${id}/${verb}`)
      assert.ok([404, 405].includes(seen.status), `${method} ${verb}: ${seen.status}`)
    }
  }
  // The link of a mail, as a scanner follows it.
  const followed = await ask(house.adminUrl(), `/approvals/${id}`)
  assert.equal(followed.status, 404)
  assert.deepEqual(
    now.leaves().filter(({ type }) => type.startsWith('approval.')),
    [],
  )
  assert.equal(
    (await house.call('/up/transfers', withApproval(body, id))).code,
    'approval-required',
  )
})

test('a channel is tested through the admin API', async (t) => {
  const { house, hook } = await openTown(t)
  const admin = { sub: 'root', groups: ['admin'] }
  const tested = await house.admin(admin, 'POST', '/notify/channels/hook/test')
  assert.deepEqual(tested.json(), { sent: true, why: null })
  assert.equal(hook.taken()[0]?.type, 'test')
  const listed = await house.admin(admin, 'GET', '/notify/channels')
  assert.deepEqual(
    listed.json().data.map(({ name }: { name: string }) => name),
    ['hook', 'chat'],
  )
  const metrics = await ask(house.adminUrl(), '/metrics')
  assert.match(metrics.text(), /^sallyport_notices_waiting 0$/m)
})
