import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Asked } from './caller.ts'
import { assertSoundLog, dana, type House, openHouse, root, since, until, vote } from './house.ts'
import { freshBody, held, refused, transfer, withApproval } from './transfer.ts'
import { answer, chunk, chunkedHead, hang } from './upstream.ts'
import { openYard } from './yard.ts'

const hushed = `@id("hush-is-asked")
@reason("What is hidden is asked about")
@approval("approvers")
forbid (principal, action == Action::"up.hush", resource)
unless { context has approval && context.approval.groups.contains("approvers") };
`

/** A house in which calls of `up.hush` are held too, whose arguments nobody is shown. */
async function openHushedHouse(
  t: Parameters<typeof openHouse>[0],
  settings: object = {},
): Promise<House> {
  const house = await openHouse(t, settings)
  const now = since(house)
  writeFileSync(join(house.rulebook, 'policies/hush.cedar'), hushed)
  const isActive = () => now.leaves().some(({ type }) => type === 'rulebook.activated')
  await until(isActive, 'it was activated')
  house.upstream.script = answer({ body: '{}' })
  return house
}

type Body = { readonly [name: string]: string | number }
const alike = (one: Body, other: Body) => JSON.stringify(one) === JSON.stringify(other)

test('whatever differs from the call that was approved is refused, and on record', async (t) => {
  const house = await openHushedHouse(t)
  const tom = await house.idp.token({ sub: 'tom', groups: ['callers'] })
  const act = { sub: 'bot', groups: ['callers'] }
  const bot = await house.idp.token({ sub: 'tess', groups: ['callers'], act })
  const text = fc.string({ minLength: 1, maxLength: 8 })
  const bodies: fc.Arbitrary<Body> = fc.record({ open: text, pin: text, note: text, card: text })
  const differing = fc.oneof(
    bodies.map((body) => ({ body, who: {}, field: 'arguments' })),
    fc.constantFrom(
      { who: { token: tom }, field: 'subject' },
      { who: { token: bot }, field: 'actors' },
      {
        who: { headers: { 'content-type': 'application/json; charset=utf-8' } },
        field: 'arguments',
      },
    ),
  )
  await fc.assert(
    fc.asyncProperty(bodies, differing, async (body, other) => {
      const changed = 'body' in other ? other.body : body
      fc.pre(!('body' in other) || !alike(body, changed))
      const id = await heldHush(house, body)
      assert.equal((await house.approve(id)).status, 200)
      const asked = hush(changed, { headers: { 'sallyport-approval': id } })
      const who: Asked = other.who
      const headers = { ...asked.headers, ...who.headers }
      const seen = await refused(
        house,
        { ...asked, ...who, headers },
        'approval-unusable',
        '/up/hush',
      )
      assert.deepEqual(seen.json().differs, [other.field])
      const same = await house.call(
        '/up/hush',
        hush(body, { headers: { 'sallyport-approval': id } }),
      )
      assert.equal(same.status, 200, same.text())
    }),
    { numRuns: 40 },
  )
  assertSoundLog(house)
})

test('what looks the same to people is not the same call', async (t) => {
  const house = await openHushedHouse(t)
  const body = { open: 'a', pin: '1234', note: 'n', card: '4111' }
  const other = { ...body, note: 'm', card: '4222' }
  const id = await heldHush(house, body)
  const otherId = await heldHush(house, other)
  const shown = async (one: string) =>
    (await house.admin(dana, 'GET', `/approvals/${one}`)).json().request.text
  assert.equal(await shown(id), await shown(otherId))
  assert.doesNotMatch(await shown(id), /4111/)
  assert.equal((await house.approve(id)).status, 200)
  const swapped = hush(other, { headers: { 'sallyport-approval': id } })
  const seen = await refused(house, swapped, 'approval-unusable', '/up/hush')
  assert.deepEqual(seen.json().differs, ['arguments'])
})

const hush = (body: Body, more: Asked = {}): Asked => transfer(JSON.stringify(body), more)

async function heldHush(house: House, body: Body): Promise<string> {
  const seen = await house.call('/up/hush', hush(body))
  assert.equal(seen.code, 'approval-required', seen.text())
  return seen.approval
}

test('of five hundred callers with one approval, one reaches the upstream', async (t) => {
  const house = await openHouse(t, { callLimits: { callsPerCaller: 600 } })
  house.upstream.script = answer({ body: '{}' })
  const body = freshBody()
  const id = await held(house, body)
  assert.equal((await house.approve(id)).status, 200)
  const now = since(house)
  const seen = await Promise.all(
    Array.from({ length: 500 }, () => house.call('/up/transfers', withApproval(body, id))),
  )
  const codes = seen.map(({ code }) => code)
  assert.equal(codes.filter((code) => code === 'ok').length, 1)
  assert.equal(codes.filter((code) => code === 'approval-unusable').length, 499)
  assert.equal(now.reached(), 1)
  const claims = now.leaves().filter(({ type }) => type === 'clearance.claimed')
  assert.deepEqual([claims.length, claims[0]?.use], [1, 1])
  assertSoundLog(house)
})

test('revoking cuts a stream that is under way', async (t) => {
  const house = await openHouse(t)
  house.upstream.script = (socket) => {
    socket.write(chunkedHead('text/event-stream'))
    socket.write(chunk('data: {"n":1}\n\n'))
  }
  const body = freshBody()
  const id = await held(house, body)
  assert.equal((await house.approve(id)).status, 200)
  const now = since(house)
  const began = Promise.withResolvers<void>()
  const streaming = house.call('/up/transfers', {
    ...withApproval(body, id),
    onData: () => began.resolve(),
  })
  await began.promise
  const { clearance } = now.leaves().find(({ type }) => type === 'call.authorized') ?? {}
  const revoked = await house.admin(root, 'POST', `/clearances/${clearance}/revoke`, {
    reason: 'It is not what it seemed.',
  })
  assert.equal(revoked.status, 200, revoked.text())
  const seen = await streaming
  assert.deepEqual([seen.status, seen.complete], [200, false])
  const ended = () => now.leaves().find(({ type }) => type === 'call.outcome')
  await until(() => ended() !== undefined, 'its ending was recorded')
  assert.equal(ended()?.ending, 'clearance-revoked')
  await until(
    () => house.upstream.reached.at(-1)?.socket.destroyed === true,
    'the upstream was let go',
  )
  await refused(house, withApproval(body, id), 'approval-unusable')
  assertSoundLog(house)
})

test('a gateway that is killed while it uses a clearance never uses it again', async (t) => {
  const yard = await openYard(t)
  const child = await yard.start()
  const body = freshBody()
  const asked = await child.call('/up/transfers', transfer(body))
  const { approval: id } = asked
  assert.equal(asked.code, 'approval-required', asked.text())
  const voted = await vote(child.admin, { id, person: dana, verdict: 'approve' })
  assert.equal(voted.status, 200, voted.text())
  yard.upstream.script = hang
  const cutOff = assert.rejects(child.call('/up/transfers', withApproval(body, id)))
  await until(() => yard.upstream.reached.length === 1, 'the upstream was reached')
  child.signal('SIGKILL')
  await cutOff
  await child.exited

  const next = await yard.serve()
  yard.upstream.script = answer({ body: '{}' })
  const again = await next.call('/up/transfers', withApproval(body, id))
  assert.deepEqual([again.code, yard.upstream.reached.length], ['approval-unusable', 1])
  const leaves = yard.records()
  const intent = leaves.find(({ type }) => type === 'call.authorized')
  const left = leaves.filter(({ type }) => type === 'reconcile.indeterminate')
  assert.deepEqual(
    left.map(({ call }) => call),
    [intent?.call],
  )
  const closed = leaves.filter(({ type }) => type === 'clearance.closed')
  assert.deepEqual(
    closed.map(({ clearance, state }) => [clearance, state]),
    [
      [intent?.clearance, 'UNKNOWN'],
      [intent?.clearance, 'CONSUMED'],
    ],
  )
  await next.stop()
  assertSoundLog(yard)
})
