import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { configDigest } from './digest.ts'
import { loadConfig } from './load.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-digest-'))
test.after(() => rmSync(folder, { recursive: true }))
const key = new Uint8Array(32)
const text = 'home: ./home\nretention:\n  standard: 400d\n'

function digestOf(yaml: string, { env = {}, under = key } = {}): string {
  const file = join(folder, 'gateway.yaml')
  writeFileSync(file, yaml)
  const loaded = loadConfig(file, env)
  assert.ok('config' in loaded, JSON.stringify(loaded))
  return configDigest(loaded.config, under)
}

test('a configuration has one name, and no other has it', () => {
  const digest = digestOf(text)
  assert.match(digest, /^hmac-sha256:[0-9a-f]{64}$/)
  assert.equal(digestOf(`# the same\n${text}`), digest)
  const others = [
    digestOf(text.replace('400d', '30d')),
    digestOf(text, { env: { SALLYPORT_LISTEN_PORT: '7777' } }),
    digestOf(text, { under: key.map(() => 1) }),
  ]
  assert.equal(new Set([digest, ...others]).size, 4)
})
