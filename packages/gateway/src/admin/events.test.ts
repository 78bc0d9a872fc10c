import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Answer,
  commitApproval,
  commitCall,
  type House,
  openHouse,
  v1,
} from '../../test/admin-house.ts'

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
    all.map(({ event, id }) => [event, id]),
    [
      ['opened', 'apr_1'],
      ['opened', 'apr_3'],
    ],
  )
  const rest = await events(house, path, 1, { authorization, 'last-event-id': '2' })
  assert.deepEqual(
    rest.map(({ id }) => id),
    ['apr_3'],
  )
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
