import assert from 'node:assert/strict'
import { test } from 'node:test'
import { publishRulebooks } from './rulebook-file.ts'
import { openTileMemory } from './tile-store.ts'

test('what is missing is published, and what is there is not written again', async () => {
  const contents = new Map([
    ['sha256:aa', '{"a":1}'],
    ['sha256:bb', '{"b":1}'],
  ])
  const store = {
    rulebookDigests: async () => [...contents.keys(), 'sha256:lost'],
    rulebookContent: async (digest: string) => contents.get(digest),
  }
  const tiles = openTileMemory()
  const puts: string[] = []
  const files = {
    ...tiles,
    put: (path: string, bytes: Uint8Array) => {
      puts.push(path)
      return tiles.put(path, bytes)
    },
  }
  await publishRulebooks(store, files)
  contents.set('sha256:cc', '{}')
  await publishRulebooks(store, files)
  assert.deepEqual(puts, ['rulebooks/aa.json', 'rulebooks/bb.json', 'rulebooks/cc.json'])
  assert.equal(Buffer.from((await tiles.get('rulebooks/bb.json')) ?? '').toString(), '{"b":1}')
})
