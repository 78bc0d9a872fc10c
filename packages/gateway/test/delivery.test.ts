import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Asked, Seen } from './caller.ts'
import { assertSoundLog, dana, type House, openHouse, root, since, until, vote } from './house.ts'
import { integrated, takeAway, told, verified } from './take-away.ts'
import { freshBody, held, transfer, withApproval } from './transfer.ts'
import { answer } from './upstream.ts'

type Check = (house: House) => Promise<void>

const statusOf = (id: string) => `/.sallyport/approvals/${id}`
const resultOf = (call: string) => `/.sallyport/calls/${call}/result`
const withPrefer = (prefer: string, headers: Asked['headers'] = {}) => ({
  headers: { prefer, ...headers },
})

const asking: Readonly<Record<string, Check>> = {
  'respond-async is told where to ask': async (house) => {
    const seen = await house.call(
      '/up/transfers',
      transfer(freshBody(), withPrefer('respond-async')),
    )
    assert.equal(seen.status, 202, seen.text())
    const { approval, digest, status_url: url, state, record } = seen.json()
    assert.deepEqual([approval, state], [seen.approval, 'pending'])
    assert.equal(url, statusOf(approval))
    assert.equal(seen.headers.location, url)
    assert.equal(seen.headers['preference-applied'], 'respond-async')
    assert.equal(seen.headers['sallyport-record'], record)
    assert.match(String(seen.headers['retry-after']), /^\d+$/)
    const status = await house.call(url)
    assert.equal(status.status, 200, status.text())
    const { steps, over, delivery } = status.json()
    assert.deepEqual([status.json().digest, over, delivery], [digest, false, 'ticket'])
    assert.deepEqual(
      steps.map(({ have, need, groups }: never) => [have, need, groups]),
      [[0, 1, ['approvers']]],
    )
    assert.equal(status.headers['cache-control'], 'no-store')
  },
  'nobody else is told 202, but where to ask': async (house) => {
    const seen = await house.call('/up/transfers', transfer(freshBody()))
    assert.equal(seen.status, 403)
    assert.equal(seen.json().status_url, statusOf(seen.approval))
  },
  'respond-async, then repeated with its ticket once approved': async (house) => {
    const body = freshBody()
    const seen = await house.call('/up/transfers', transfer(body, withPrefer('respond-async')))
    const before = (await house.call(statusOf(seen.approval))).json()
    const waiting = house.call(`${statusOf(seen.approval)}?wait=30&revision=${before.revision}`)
    assert.equal((await house.approve(seen.approval)).status, 200)
    const after = (await waiting).json()
    assert.deepEqual([after.state, after.over, after.clearance.state], ['approved', true, 'active'])
    assert.ok(after.revision > before.revision)
    const again = await house.call('/up/transfers', withApproval(body, seen.approval))
    assert.equal(again.status, 200, again.text())
    const used = (await house.call(statusOf(seen.approval))).json()
    assert.deepEqual([used.clearance.uses, used.clearance.uses_max], [1, 1])
  },
  'the caller and nobody else sees it': async (house) => {
    const id = await held(house, freshBody())
    const missing = await house.call(statusOf('apr_00000000-0000-7000-8000-000000000000'))
    const eve = await house.idp.token({ sub: 'eve', groups: ['callers', 'approvers'] })
    const agent = await house.idp.token({
      sub: 'tess',
      groups: ['callers'],
      act: { sub: 'bot' },
    })
    for (const token of [eve, agent]) {
      for (const method of ['GET', 'DELETE']) {
        const seen = await house.call(statusOf(id), { token, method })
        assert.deepEqual([seen.status, seen.text()], [404, missing.text()], method)
      }
      const events = { headers: { accept: 'text/event-stream' }, token }
      assert.equal((await house.call(statusOf(id), events)).text(), missing.text())
    }
    for (const token of [null, 'nonsense']) {
      assert.equal((await house.call(statusOf(id), { token })).code, 'unauthenticated')
    }
    assert.equal((await house.call(statusOf(id))).status, 200)
  },
  'a look waits for a change, and no longer than asked': async (house) => {
    const id = await held(house, freshBody())
    const seen = await house.call(`${statusOf(id)}?wait=1`)
    assert.deepEqual([seen.status, seen.json().state], [200, 'pending'])
    const old = await house.call(`${statusOf(id)}?wait=30&revision=99`)
    assert.equal(old.json().state, 'pending', 'what it has is not what is there')
    for (const query of ['?wait=x', '?wait=-1', '?revision=x', '?wait=9999999']) {
      assert.equal((await house.call(`${statusOf(id)}${query}`)).code, 'malformed', query)
    }
  },
  'an event stream tells of every change, and ends with the question': async (house) => {
    const id = await held(house, freshBody())
    let heard = ''
    const stream = house.call(statusOf(id), {
      headers: { accept: 'text/event-stream' },
      onData: (piece) => {
        heard += piece.toString()
      },
    })
    await until(() => heard.includes('"state":"pending"'), 'the first event')
    await vote(house.admin, { id, person: dana, verdict: 'deny' })
    const seen = await stream
    assert.match(String(seen.headers['content-type']), /^text\/event-stream/)
    const events = seen.text().trim().split('\n\n')
    assert.equal(events.length, 2, seen.text())
    assert.match(events[1] ?? '', /^id: \d+\nevent: approval\ndata: \{.*"state":"denied".*\}$/)
    assert.equal(seen.complete, true)
  },
  'an event stream ends with the proof it was opened with': async (house) => {
    const id = await held(house, freshBody())
    const gus = await house.idp.token({ sub: 'gus', groups: ['callers'] })
    const theirs = await house.call('/up/transfers', transfer(freshBody(), { token: gus }))
    let heard = ''
    const stream = house.call(statusOf(theirs.approval), {
      token: gus,
      headers: { accept: 'text/event-stream' },
      onData: (piece) => {
        heard += piece.toString()
      },
    })
    await until(() => heard !== '', 'the first event')
    const lock = { principal: 'corp:gus', reason: 'has left' }
    assert.equal((await house.admin(root, 'POST', '/principals/locks', lock)).status, 201)
    assert.equal((await stream).complete, true)
    assert.equal((await house.call(statusOf(theirs.approval), { token: gus })).status, 401)
    assert.equal((await house.call(statusOf(id))).status, 200)
  },
  'withdrawn by its caller': async (house) => {
    const body = freshBody()
    const id = await held(house, body)
    const now = since(house)
    const seen = await house.call(statusOf(id), { method: 'DELETE' })
    assert.deepEqual([seen.status, seen.json().state], [200, 'withdrawn'], seen.text())
    const [closed] = now.leaves()
    assert.deepEqual([closed?.type, closed?.by], ['approval.closed', 'corp:tess'])
    assert.equal((await house.call(statusOf(id), { method: 'DELETE' })).status, 200, 'again')
    assert.equal((await house.approve(id)).status, 409)
    const repeated = await house.call('/up/transfers', withApproval(body, id))
    assert.equal(repeated.code, 'approval-unusable')
  },
  'what is settled is not taken back': async (house) => {
    const id = await held(house, freshBody())
    await house.approve(id)
    const seen = await house.call(statusOf(id), { method: 'DELETE' })
    assert.deepEqual([seen.status, seen.code], [409, 'not-pending'])
  },
  'a held call ends when its question is withdrawn': async (house) => {
    const now = since(house)
    const body = freshBody()
    const waiting = house.call('/up/transfers', transfer(body, withPrefer('wait=30')))
    await until(() => now.leaves().length > 0, 'it is held')
    const id = now.leaves()[0]?.approval
    await house.call(statusOf(id), { method: 'DELETE' })
    assert.equal((await waiting).code, 'approval-unusable')
  },
  'addresses that are the gateway’s own': async (house) => {
    const rows: readonly (readonly [string, string, number])[] = [
      ['GET', '/.sallyport', 404],
      ['GET', '/.sallyport/', 404],
      ['GET', '/.sallyport/approvals', 404],
      ['GET', '/.sallyport/approvals/', 404],
      ['GET', `/.sallyport/approvals/${'a'.repeat(500)}`, 404],
      ['GET', '/.sallyport/approvals/a/b', 404],
      ['GET', '/.sallyport/approvals/a%2fb', 400],
      ['POST', '/.sallyport/approvals/a', 405],
      ['DELETE', '/.sallyport/calls/a/result', 405],
      ['GET', '/.sallyport/calls/a/result', 404],
      ['GET', '/.sallyport/calls/a', 404],
    ]
    const now = since(house)
    for (const [method, path, status] of rows) {
      const seen = await house.call(path, { method })
      assert.equal(seen.status, status, `${method} ${path}: ${seen.text()}`)
    }
    assert.deepEqual(now.leaves(), [], 'none of it is a call')
    assert.equal((await house.call('/.sallyportx/approvals/a')).code, 'function-unknown')
    assert.equal((await house.call('/%2esallyport/approvals/a')).code, 'function-unknown')
  },
}

let orders = 0
const order = (more: Asked = {}, amount = 2000): [string, Asked] => [
  `/up/orders/o-${orders++}`,
  {
    method: 'POST',
    body: JSON.stringify({ amount }),
    ...more,
    headers: {
      'content-type': 'application/json',
      prefer: 'respond-async',
      'sallyport-defer': 'true',
      ...more.headers,
    },
  },
]

async function deferred(house: House, more: Asked = {}): Promise<Seen> {
  const now = since(house)
  const seen = await house.call(...order(more))
  assert.equal(seen.status, 202, seen.text())
  assert.equal(now.reached(), 0)
  return seen
}

const callOf = (seen: Seen): string => String(seen.headers['sallyport-call'])

const deferring: Readonly<Record<string, Check>> = {
  'deferred, made once approved, and its result fetched': async (house) => {
    house.upstream.script = answer({ status: 201, body: '{"ok":1,"card":"4111"}' })
    const seen = await deferred(house)
    const status = (await house.call(statusOf(seen.approval))).json()
    assert.equal(status.delivery, 'deferred')
    assert.equal(status.deferred.state, 'waiting')
    assert.equal(status.deferred.result_url, resultOf(callOf(seen)))
    const early = await house.call(status.deferred.result_url)
    assert.deepEqual([early.status, early.json().deferred.state], [202, 'waiting'])
    const now = since(house)
    const waiting = house.call(`${status.deferred.result_url}?wait=40`)
    assert.equal((await house.approve(seen.approval)).status, 200)
    const result = await waiting
    assert.deepEqual([result.status, result.text()], [201, '{"ok":1,"card":"[REDACTED:CARD]"}'])
    assert.equal(now.reached(), 1)
    const leaves = now.leaves()
    const intent = leaves.find(({ type }) => type === 'call.authorized')
    const outcome = leaves.find(({ type }) => type === 'call.outcome')
    assert.deepEqual(intent?.approvals, [{ by: 'corp:dana', id: seen.approval }])
    assert.equal(result.headers['sallyport-call'], intent?.call)
    assert.match(String(result.headers['sallyport-record']), new RegExp(`#${outcome?.index}$`))
    const changes = leaves.filter(({ type }) => type === 'deferral.changed')
    assert.deepEqual(
      changes.map(({ call, state, ran }) => [call, state, ran]),
      [
        [callOf(seen), 'RUNNING', undefined],
        [callOf(seen), 'DONE', intent?.call],
      ],
    )
    const after = (await house.call(statusOf(seen.approval))).json()
    assert.deepEqual([after.over, after.deferred.state], [true, 'done'])
    await house.restart()
    assert.equal((await house.call(resultOf(callOf(seen)))).text(), result.text(), 'still there')
  },
  'it stays what it was: bytes, headers and caller': async (house) => {
    house.upstream.script = answer({ body: '{}' })
    const body = '{ "amount": 2000.0e0 }'
    const headers = { 'x-tenant': 'blue', 'idempotency-key': 'k-1', cookie: 'c=1' }
    const seen = await deferred(house, { body, headers })
    await house.approve(seen.approval)
    const result = await house.call(`${resultOf(callOf(seen))}?wait=40`)
    assert.equal(result.status, 200, result.text())
    const reached = house.upstream.reached.at(-1)
    assert.equal(String(reached?.body), body)
    assert.equal(reached?.headers['x-tenant'], 'blue')
    assert.equal(reached?.headers['idempotency-key'], 'k-1')
    assert.equal(reached?.headers.cookie, undefined)
    assert.equal(reached?.headers.prefer, undefined)
    assert.match(reached?.headers.authorization ?? '', new RegExp(house.secret))
  },
  'nobody else fetches the result': async (house) => {
    const seen = await deferred(house)
    await house.approve(seen.approval)
    await house.call(`${resultOf(callOf(seen))}?wait=40`)
    const eve = await house.idp.token({ sub: 'eve', groups: ['callers'] })
    const theirs = await house.call(resultOf(callOf(seen)), { token: eve })
    assert.equal(theirs.status, 404)
    const missing = await house.call(resultOf('0198c2d0-0000-7000-8000-000000000000'))
    assert.equal(theirs.text(), missing.text())
  },
  'the identical call shares it': async (house) => {
    const [path, asked] = order()
    const first = await house.call(path, asked)
    const second = await house.call(path, asked)
    assert.deepEqual([second.status, second.approval], [202, first.approval])
    const now = since(house)
    await house.approve(first.approval)
    assert.equal((await house.call(`${resultOf(callOf(first))}?wait=40`)).status, 200)
    assert.equal(now.reached(), 1)
  },
  'denied or withdrawn, it is never made': async (house) => {
    const now = since(house)
    const denied = await deferred(house)
    await vote(house.admin, { id: denied.approval, person: dana, verdict: 'deny' })
    const no = await house.call(`${resultOf(callOf(denied))}?wait=40`)
    assert.equal(no.code, 'approval-denied', no.text())
    const withdrawn = await deferred(house)
    await house.call(statusOf(withdrawn.approval), { method: 'DELETE' })
    const gone = await house.call(`${resultOf(callOf(withdrawn))}?wait=40`)
    assert.equal(gone.code, 'approval-unusable', gone.text())
    assert.equal(now.reached(), 0)
  },
  'who is locked meanwhile has nothing made': async (house) => {
    const hal = await house.idp.token({ sub: 'hal', groups: ['callers'] })
    const seen = await deferred(house, { token: hal })
    const now = since(house)
    const lock = { principal: 'corp:hal', reason: 'has left' }
    assert.equal((await house.admin(root, 'POST', '/principals/locks', lock)).status, 201)
    await house.approve(seen.approval)
    await until(
      () =>
        now.leaves().some(({ type, state }) => type === 'deferral.changed' && state === 'FAILED'),
      'it was tried',
    )
    assert.equal(now.reached(), 0)
    const denial = now.leaves().find(({ type }) => type === 'call.denied')
    assert.equal(denial?.code, 'unauthenticated')
  },
  'a result that is too large is not kept': async (house) => {
    house.upstream.script = answer({ body: JSON.stringify('x'.repeat(1_200_000)) })
    const seen = await deferred(house)
    await house.approve(seen.approval)
    const result = await house.call(`${resultOf(callOf(seen))}?wait=40`)
    assert.equal(result.code, 'upstream-failed', result.text())
    house.upstream.script = answer({ body: '{}' })
  },
  'what fails behind the gateway is told as it would have been': async (house) => {
    house.upstream.script = (socket) => socket.destroy()
    const seen = await deferred(house)
    await house.approve(seen.approval)
    const result = await house.call(`${resultOf(callOf(seen))}?wait=40`)
    assert.deepEqual([result.status, result.code], [502, 'upstream-failed'], result.text())
    house.upstream.script = answer({ body: '{}' })
  },
  'approved while the gateway was down': async (house) => {
    const seen = await deferred(house)
    await house.restart()
    const now = since(house)
    await house.approve(seen.approval)
    await house.restart()
    const result = await house.call(`${resultOf(callOf(seen))}?wait=40`)
    assert.equal(result.status, 200, result.text())
    assert.equal(now.reached(), 1)
  },
  'what needs no approval is answered at once': async (house) => {
    house.upstream.script = answer({ body: '{"now":1}' })
    const seen = await house.call(...order({}, 5))
    assert.deepEqual([seen.status, seen.text()], [200, '{"now":1}'])
  },
  'what cannot be deferred is refused': async (house) => {
    const headers = { prefer: 'respond-async', 'sallyport-defer': 'true' }
    const seen = await house.call('/up/transfers', transfer(freshBody(), { headers }))
    assert.equal(seen.code, 'request-malformed', seen.text())
    const unclear = await house.call(...order({ headers: { 'sallyport-defer': 'later' } }))
    assert.equal(unclear.code, 'request-malformed', unclear.text())
    const plain = await house.call(...order({ headers: { prefer: 'wait=0' } }))
    assert.deepEqual([plain.status, plain.code], [403, 'approval-required'])
  },
}

/** By nothing but an export of the log. */
async function audit(t: TestContext, house: House): Promise<void> {
  await integrated(house, house.records().length - 1)
  const { folder } = await takeAway(t, house, { scope: 'whole', payloads: false })
  assert.deepEqual(told(await verified(house, folder)), [])
}

test('following up', async (t) => {
  const house = await openHouse(t)
  for (const [name, prove] of Object.entries(asking)) {
    await t.test(name, () => prove(house))
  }
  await t.test('the log is sound', () => assertSoundLog(house))
  await t.test('an auditor finds nothing', (t) => audit(t, house))
})

test('deferred calls', async (t) => {
  const house = await openHouse(t)
  for (const [name, prove] of Object.entries(deferring)) {
    await t.test(name, () => prove(house))
  }
  await t.test('the log is sound', () => assertSoundLog(house))
  await t.test('an auditor finds nothing', (t) => audit(t, house))
})
