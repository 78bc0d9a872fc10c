import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { compilePolicies } from '../policy/compile.ts'
import { parsePolicies } from '../policy/parse.ts'
import { rulebookContent } from './digest.ts'
import { loadRulebook } from './load.ts'

const demo = join(import.meta.dirname, '../../../../examples/rulebooks/demo')

test('the content of a rulebook is what its digest stands for, and enough to judge by', async () => {
  const loaded = await loadRulebook(demo)
  assert.ok(!('problems' in loaded))
  const { rulebook } = loaded
  const content = rulebookContent(rulebook)
  const sum = createHash('sha256').update(content).digest('hex')
  assert.equal(rulebook.digest, `sha256:${sum}`)
  const { policies, functions } = JSON.parse(content)
  assert.deepEqual(functions, JSON.parse(JSON.stringify(rulebook.functions)))
  const texts = policies.map(({ text }: { text: string }) => text).join('\n')
  const again = parsePolicies([{ file: 'content.cedar', text: texts }])
  assert.deepEqual(again.problems, [])
  const named = ({ id, effect, annotations }: (typeof rulebook.policies)[number]) => {
    return { id, effect, annotations }
  }
  assert.deepEqual(again.policies.map(named), rulebook.policies.map(named))
  assert.deepEqual(compilePolicies(again.policies, rulebook.functions).problems, [])
})
