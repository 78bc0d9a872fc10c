import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHouse, until } from './house.ts'

test('a house whose start is refused leaves nothing that keeps a test file from ending', async (t) => {
  const listening = () => process.getActiveResourcesInfo().filter((one) => one === 'TCPServerWrap')
  const before = listening()
  await t.test('refused', async (inner) => {
    await assert.rejects(openHouse(inner, { rulebook: '/nowhere' }), { name: 'StartRefused' })
    assert.ok(listening().length > before.length, 'nothing was opened')
  })
  await until(() => listening().length === before.length, 'everything was closed')
})
