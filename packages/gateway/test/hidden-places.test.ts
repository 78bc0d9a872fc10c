import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertSoundLog, openHouse, since } from './house.ts'

const secrets = ['id-8812', 'tag-8812', 'pin-8812', 'note-8812']

test('arguments that are hidden, wherever they stand', async (t) => {
  const house = await openHouse(t)
  const now = since(house)
  const query = '?note=note-8812&a=%41&tag=b&tag=tag-8812'
  const seen = await house.call(`/up/seek/id-8812${query}`, { headers: { 'x-pin': 'pin-8812' } })
  assert.equal(seen.status, 200, seen.text())
  const reached = house.upstream.reached.at(-1)
  const hidden = (label: string) => encodeURIComponent(`[REDACTED:${label}]`)
  const path = `/seek/${hidden('ID')}?note=${hidden('NOTE')}&a=%41&tag=b&tag=${hidden('TAG')}`
  assert.equal(reached?.path, path)
  assert.equal(reached?.headers['x-pin'], '[REDACTED:PIN]')
  const intent = now.leaves().find(({ type }) => type === 'call.authorized')
  for (const role of ['args', 'forwarded'] as const) {
    const kept = house.payload(intent?.index, role) ?? house.payload(intent?.index, 'args')
    assert.ok(kept?.includes(path), 'the arguments were not kept')
    for (const secret of secrets) assert.ok(!kept?.includes(secret), 'a hidden argument is kept')
  }
  assertSoundLog(house, secrets)
})
