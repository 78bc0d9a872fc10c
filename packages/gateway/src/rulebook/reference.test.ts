import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { loadRulebook } from './load.ts'
import { runPolicyTests } from './run-tests.ts'

const page = join(import.meta.dirname, '../../../../docs/reference/rulebook.md')

test('the rulebook shown in the reference is one', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'rulebook-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const text = await readFile(page, 'utf8')
  const blocks = [...text.matchAll(/```(?:yaml|cedar)\n(?:#|\/\/) (\S+)\n([\s\S]*?)```/g)]
  assert.equal(blocks.length, 9)
  for (const [, file = '', content = ''] of blocks) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), content)
  }
  const loaded = await loadRulebook(folder)
  assert.ok(!('problems' in loaded), JSON.stringify(loaded, null, 2))
  const failed = runPolicyTests(loaded.inForce, loaded.tests).filter(({ passed }) => !passed)
  assert.deepEqual(failed, [])
})
