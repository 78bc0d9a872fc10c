import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertSoundLog, dana, type Leaf, until, vote } from './house.ts'
import { freshBody, transfer, withApproval } from './transfer.ts'
import { answer, hang } from './upstream.ts'
import { type Child, openYard, type Yard } from './yard.ts'

const cases: Readonly<Record<string, (yard: Yard) => Promise<void>>> = {
  'killed while a call is held: it comes back as a ticket': async (yard) => {
    const body = freshBody()
    const first = await yard.start()
    const from = yard.records().length
    const cutOff = assert.rejects(
      first.call('/up/transfers', transfer(body, { headers: { prefer: 'wait=60' } })),
    )
    await until(() => of(yard, 'approval.requested', from).length === 1, 'it is held')
    const id = of(yard, 'approval.requested', from)[0]?.approval
    first.signal('SIGKILL')
    await Promise.all([cutOff, first.exited])

    const second = await yard.start()
    const status = await second.call(`/.sallyport/approvals/${id}`)
    assert.deepEqual([status.status, status.json().state], [200, 'pending'])
    const early = await second.call('/up/transfers', withApproval(body, id))
    assert.deepEqual([early.status, early.code], [403, 'approval-required'])
    assert.equal((await approve(second, id)).status, 200)
    second.signal('SIGKILL')
    await second.exited

    const third = await yard.serve()
    yard.upstream.script = answer({ body: '{"moved":true}' })
    const before = yard.upstream.reached.length
    const seen = await third.call('/up/transfers', withApproval(body, id))
    assert.deepEqual([seen.status, seen.text()], [200, '{"moved":true}'])
    const again = await third.call('/up/transfers', withApproval(body, id))
    assert.equal(again.code, 'approval-unusable')
    assert.equal(yard.upstream.reached.length, before + 1)
    assert.equal(String(yard.upstream.reached.at(-1)?.body), body)
  },
  'killed while a deferred call is made: it is never made again': async (yard) => {
    const first = await yard.start()
    const { id, call } = await defer(first)
    yard.upstream.script = hang
    const before = yard.upstream.reached.length
    const from = yard.records().length
    await approve(first, id)
    await until(() => yard.upstream.reached.length > before, 'the upstream was reached')
    first.signal('SIGKILL')
    await first.exited

    const second = await yard.serve()
    yard.upstream.script = answer({ body: '{}' })
    const result = await second.call(`/.sallyport/calls/${call}/result`)
    assert.deepEqual([result.status, result.code], [500, 'internal'], result.text())
    assert.match(result.json().detail, /nobody knows/)
    assert.deepEqual(
      of(yard, 'deferral.changed', from).map(({ state }) => state),
      ['RUNNING', 'UNKNOWN'],
    )
    assert.equal(of(yard, 'reconcile.indeterminate', from).length, 1)
    const intent = of(yard, 'call.authorized', from)[0]
    const again = await second.call(...order('o-1', { 'sallyport-approval': id }))
    assert.equal(again.code, 'approval-unusable', again.text())
    assert.equal(yard.upstream.reached.length, before + 1)
    assert.equal(intent?.approvals[0]?.id, id)
  },
  'stopped while a deferred call is made: it is cut off, on the record': async (yard) => {
    const first = await yard.start()
    const { id } = await defer(first, 'o-2')
    yard.upstream.script = hang
    const before = yard.upstream.reached.length
    const from = yard.records().length
    await approve(first, id)
    await until(() => yard.upstream.reached.length > before, 'the upstream was reached')
    first.signal('SIGTERM')
    assert.equal(await first.exited, 0)
    assert.deepEqual(
      of(yard, 'deferral.changed', from).map(({ state }) => state),
      ['RUNNING', 'UNKNOWN'],
    )
    assert.deepEqual(
      of(yard, 'call.outcome', from).map(({ ending }) => ending),
      ['aborted'],
    )
    yard.upstream.script = answer({ body: '{}' })
    await yard.serve()
    assert.equal(yard.upstream.reached.length, before + 1)
  },
}

const of = (yard: Yard, type: string, from: number): Leaf[] =>
  yard.records(from).filter((leaf) => leaf.type === type)

const order = (name: string, headers: Readonly<Record<string, string>>) =>
  [
    `/up/orders/${name}`,
    {
      method: 'POST',
      body: '{"amount":2000}',
      headers: { 'content-type': 'application/json', prefer: 'wait=0', ...headers },
    },
  ] as const

async function defer(
  child: Child,
  name = 'o-1',
): Promise<{ readonly id: string; readonly call: string }> {
  const headers = { prefer: 'respond-async', 'sallyport-defer': 'true' }
  const seen = await child.call(...order(name, headers))
  assert.equal(seen.status, 202, seen.text())
  return { id: seen.approval, call: String(seen.headers['sallyport-call']) }
}

const approve = (child: Child, id: string) =>
  vote(child.admin, { id, person: dana, verdict: 'approve' })

test('a gateway that dies while people are asked', async (t) => {
  const yard = await openYard(t)
  for (const [name, check] of Object.entries(cases)) {
    await t.test(name, () => check(yard).finally(yard.clear))
  }
  await t.test('the log is sound', () => assertSoundLog(yard))
})
