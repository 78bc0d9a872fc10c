import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Answer, ask, type House, openHouse, v1 } from '../../test/admin-house.ts'
import { commitApproval, commitCall } from '../../test/stored-calls.ts'

/** Reads an event stream until `count` events came. */
async function events(house: House, path: string, count: number, headers: Record<string, string>) {
  const leave = new AbortController()
  const answer = await fetch(`${house.url}${path}`, { headers, signal: leave.signal })
  assert.equal(answer.headers.get('content-type'), 'text/event-stream')
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of answer.body ?? assert.fail('there is no body')) {
    text += decoder.decode(chunk, { stream: true })
    if ((text.match(/^id: /gm) ?? []).length >= count && text.endsWith('\n\n')) break
  }
  leave.abort()
  return text
    .split('\n\n')
    .filter((block) => block.includes('data: '))
    .map(
      (block): Answer => ({
        id: /^id: (.*)$/m.exec(block)?.[1],
        ...JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}'),
      }),
    )
}

test('events resume after the last one seen, and show only what one may see', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  await commitApproval(house.store, 'apr_2', { approverGroups: ['legal'] })
  await commitApproval(house.store, 'apr_3')
  const authorization = `Bearer ${await house.signIn('dana')}`
  const path = `${v1}/approvals/events`
  const all = await events(house, path, 2, { authorization, 'last-event-id': '0' })
  assert.deepEqual(
    all.map(({ event, approval }) => [event, approval.id]),
    [
      ['opened', 'apr_1'],
      ['opened', 'apr_3'],
    ],
  )
  const rest = await events(house, path, 1, { authorization, 'last-event-id': '2' })
  assert.deepEqual(
    rest.map(({ approval }) => approval.id),
    ['apr_3'],
  )
})

test('who watches approvals sees each change of one, with its votes', async (t) => {
  const house = await openHouse(t)
  const terms = { kind: 'window', uses: 5, forMs: 60_000, when: [] } as const
  await commitApproval(house.store, 'apr_1', { terms, approverGroups: ['finance', 'legal'] })
  const authorization = `Bearer ${await house.signIn('root')}`
  const answer = (verb: string, body: object) =>
    ask(house, `${v1}/approvals/apr_1/${verb}`, { as: 'dana', method: 'POST', body })
  const less = { kind: 'window', uses: 1, for_ms: 60_000, when: [] }
  assert.equal((await answer('counter', { digest: 'offer-apr_1', terms: less })).status, 200)
  const withdraw = { as: 'root', method: 'POST' } as const
  await ask(house, `${v1}/approvals/apr_1/withdraw`, withdraw)
  const headers = { authorization, 'last-event-id': '0' }
  const seen = await events(house, `${v1}/approvals/events`, 4, headers)
  assert.deepEqual(
    seen.map(({ event, approval }) => [event, approval.id]),
    [
      ['opened', 'apr_1'],
      ['changed', 'apr_1'],
      ['changed', 'apr_1'],
      ['decided', 'apr_1'],
    ],
  )
  const last = seen.at(-1)?.approval
  assert.deepEqual([last.state, last.terms.uses, last.progress[0].have], ['WITHDRAWN', 1, 1])
})

test('those who watch calls see them start and end', async (t) => {
  const house = await openHouse(t)
  await commitCall(house.store, 'c1', 'done')
  const authorization = `Bearer ${await house.signIn('ann')}`
  const seen = await events(house, `${v1}/calls/events`, 2, { authorization, 'last-event-id': '0' })
  assert.deepEqual(
    seen.map(({ event, call }) => [event, call.id]),
    [
      ['started', 'c1'],
      ['ended', 'c1'],
    ],
  )
})

/** What becomes of a stream that was opened before its sign-in ended. Gives all of its text. */
async function afterSignOut(
  t: TestContext,
  { tells, advanceMs }: { readonly tells: boolean; readonly advanceMs: number },
): Promise<string> {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  const authorization = `Bearer ${await house.signIn('dana')}`
  const headers = { authorization, 'last-event-id': '0' }
  const answer = await fetch(`${house.url}${v1}/approvals/events`, { headers })
  const decoder = new TextDecoder()
  let text = ''
  const reader = (answer.body ?? assert.fail('there is no body')).getReader()
  while (!text.includes('apr_1')) {
    const { done, value } = await reader.read()
    assert.ok(!done, `it ended too soon: ${text}`)
    text += decoder.decode(value)
  }
  const out = await fetch(`${house.url}${v1}/sign-in`, {
    method: 'DELETE',
    headers: { authorization },
  })
  assert.equal(out.status, 204)
  house.clock.now += advanceMs
  let over = false
  const busy = async () => {
    for (let n = 2; !over; n++) {
      if (tells) await commitApproval(house.store, `apr_${n}`)
      else await commitCall(house.store, `c${n}`)
    }
  }
  const writing = busy()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    text += decoder.decode(value)
  }
  over = true
  await writing
  return text
}

const ended: readonly (readonly [string, Parameters<typeof afterSignOut>[1]])[] = [
  ['told nothing more', { tells: true, advanceMs: 0 }],
  ['ended in a busy log that tells them nothing', { tells: false, advanceMs: 1_000 }],
]
for (const [name, given] of ended) {
  test(`who signed out is ${name}`, { timeout: 60_000 }, async (t) => {
    const text = await afterSignOut(t, given)
    assert.ok(!text.includes('apr_2'), text)
  })
}
