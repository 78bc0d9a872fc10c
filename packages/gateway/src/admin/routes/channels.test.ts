import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, ask, json, openHouse, v1 } from '../../../test/admin-house.ts'
import { type ChannelGauge, openMetrics } from '../metrics.ts'

const counted = { sent: 3, failed: 1, givenUp: 0 }
const channels: readonly ChannelGauge[] = [
  { ...counted, name: 'ops', kind: 'slack', trouble: 'channel_not_found' },
  { ...counted, name: 'sec', kind: 'email', trouble: undefined },
]
const tested: string[] = []
const notifier = {
  channels: () => channels,
  test: async (name: string) => {
    tested.push(name)
    if (name === 'ops') return { sent: false, why: 'channel_not_found' } as const
    return name === 'sec' ? ({ sent: true } as const) : undefined
  },
}

const rows: readonly (readonly [string, Asked, string, number, object])[] = [
  ['an auditor lists', { as: 'ann' }, '', 200, { data: [{ name: 'ops', given_up: 0 }, {}] }],
  ['an approver does not', { as: 'dana' }, '', 403, { code: 'forbidden' }],
  ['a stranger does not', {}, '', 401, { code: 'unauthenticated' }],
  ['an admin tests', { as: 'root', method: 'POST' }, '/sec/test', 200, { sent: true, why: null }],
  [
    'and is told why it failed',
    { as: 'root', method: 'POST' },
    '/ops/test',
    200,
    { sent: false, why: 'channel_not_found' },
  ],
  ['nothing is tested twice by a look', { as: 'root' }, '/ops/test', 405, {}],
  ['an auditor tests nothing', { as: 'ann', method: 'POST' }, '/sec/test', 403, {}],
  ['an unknown one', { as: 'root', method: 'POST' }, '/other/test', 404, { code: 'not-found' }],
]
test('channels are listed for auditors and tested by admins', async (t) => {
  const house = await openHouse(t, { notifier })
  for (const [name, asked, path, status, expected] of rows) {
    const answer = await ask(house, `${v1}/notify/channels${path}`, asked)
    assert.equal(answer.status, status, name)
    assert.partialDeepStrictEqual(await json(answer), expected, name)
  }
  assert.deepEqual(tested, ['sec', 'ops', 'other'])
})

test('what waits and what was given up is counted', () => {
  const metrics = openMetrics({ version: '0', channels: notifier.channels })
  const notices = { waiting: 4, givenUp: 2 }
  const text = metrics.text({ records: 0, approvalsPending: 0, notices })
  for (const line of [
    'sallyport_notices_waiting 4',
    'sallyport_notices_given_up 2',
    'sallyport_notices_sent_total{channel="ops"} 3',
    'sallyport_channel_trouble{channel="ops"} 1',
    'sallyport_channel_trouble{channel="sec"} 0',
  ]) {
    assert.ok(text.split('\n').includes(line), line)
  }
})
