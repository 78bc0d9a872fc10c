import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { limits } from '../config/limits.ts'
import type { SecretReference } from '../model/secret.ts'
import { openSecrets } from './resolve.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-secret-'))
test.after(() => rmSync(folder, { recursive: true }))
const at = (name: string) => join(folder, name)
const write = (name: string, text: string) => writeFileSync(at(name), text)

write('plain', 'hunter22')
write('newline', 'hunter22\n')
write('crlf', 'hunter22\r\n')
write('two-newlines', 'hunter22\n\n')
write('empty', '\n')
write('long', 'x'.repeat(limits.secretBytes + 1))
const secrets = openSecrets({ SET: 'hunter22', EMPTY: '' })

async function check(reference: SecretReference, expected: string | RegExp): Promise<void> {
  const read = secrets.resolve(reference)
  if (typeof expected === 'string') assert.equal(await read, expected)
  else await assert.rejects(read, { message: expected })
}

const cases: readonly (readonly [string, SecretReference, string | RegExp])[] = [
  ['the environment', { env: 'SET' }, 'hunter22'],
  ['nothing set', { env: 'UNSET' }, /^The secret in environment variable UNSET is not set\.$/],
  ['an empty variable', { env: 'EMPTY' }, /EMPTY is not set/],
  ['a name every object has', { env: 'constructor' }, /constructor is not set/],
  ['a file', { file: at('plain') }, 'hunter22'],
  ['a file with a newline', { file: at('newline') }, 'hunter22'],
  ['a file from Windows', { file: at('crlf') }, 'hunter22'],
  ['only one newline goes', { file: at('two-newlines') }, 'hunter22\n'],
  ['an empty file', { file: at('empty') }, /empty is empty/],
  ['no file', { file: at('none') }, /^The secret in file .*none could not be read\.$/],
  ['a folder', { file: folder }, /could not be read/],
  ['a file too long', { file: at('long') }, /longer than 65536 bytes/],
]
for (const [name, reference, expected] of cases) {
  test(`reads ${name}`, () => check(reference, expected))
}

test('a changed file gives its new value, a missing one none', async () => {
  write('rotated', 'first-value')
  assert.equal(await secrets.resolve({ file: at('rotated') }), 'first-value')
  write('rotated', 'the-second-value')
  assert.equal(await secrets.resolve({ file: at('rotated') }), 'the-second-value')
  rmSync(at('rotated'))
  await assert.rejects(secrets.resolve({ file: at('rotated') }))
})
