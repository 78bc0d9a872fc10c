import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Refusal } from '../call/refusal.ts'
import type { McpChild } from '../model/connection.ts'
import { openChildSecrets } from './child-secrets.ts'

const values: Record<string, string> = {
  KEY: 'first secret',
  OTHER: 'second secret',
  SHORT: 'short',
}
const echoesFor = openChildSecrets({
  resolve: async (reference) => {
    const value = 'env' in reference ? values[reference.env] : undefined
    if (value === undefined) throw new Error('not there')
    return value
  },
})
const child = (env: McpChild['env']): McpChild => ({ command: 'node', args: [], env })

/** Which of these texts would be hidden, or that the secrets cannot be had. */
async function check(env: McpChild['env'], texts: readonly string[], expected: string) {
  const hidden = await echoesFor(child(env)).then(
    ({ kind, echoes }) => {
      assert.equal(kind, 'none')
      return texts.filter((text) => echoes.some((echo) => text.includes(String(Buffer.from(echo)))))
    },
    (thrown: unknown) => [thrown instanceof Refusal ? thrown.code : String(thrown)],
  )
  assert.equal(hidden.join(', '), expected)
}

const said = ['is first secret.', 'is second secret.', 'Zmlyc3Qgc2VjcmV0', 'plain value']
const rows: readonly (readonly [string, McpChild['env'], string])[] = [
  ['no secrets', { MODE: 'plain value' }, ''],
  ['one', { KEY: { env: 'KEY' }, MODE: 'plain value' }, 'is first secret., Zmlyc3Qgc2VjcmV0'],
  ['two', { A: { env: 'KEY' }, B: { env: 'OTHER' } }, said.slice(0, 3).join(', ')],
  ['too short', { A: { env: 'SHORT' } }, 'credential-unavailable'],
  ['not there', { A: { env: 'NOWHERE' } }, 'credential-unavailable'],
]
for (const [name, env, expected] of rows) test(name, () => check(env, said, expected))

test('a secret that was replaced is hidden as it is now', async () => {
  const one = child({ A: { env: 'KEY' } })
  const before = await echoesFor(one)
  assert.equal(await echoesFor(one), before)
  values.KEY = 'third secret'
  const after = await echoesFor(one)
  assert.ok(after.echoes.some((echo) => String(Buffer.from(echo)) === 'third secret'))
})
