import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manyBeats } from '../../test/damages.ts'
import { healthyLog } from '../../test/healthy-log.ts'
import { filesSource, newKey, signedNote } from '../../test/log-builder.ts'
import { formatProof } from '../proof.ts'
import { parseTrust } from '../trust.ts'
import { verifyBundle } from './bundle.ts'

const { log, at } = healthyLog({}, manyBeats)
const whole = log.files()
/** Of the second tile. */
const session = log.sessionFiles('ses_2', [at['late-session'] ?? 0, at['late-intent'] ?? 0])

type Options = Parameters<typeof verifyBundle>[2]
const verify = (files = whole, options: Options = {}) =>
  verifyBundle(filesSource(files), parseTrust(log.trust()), {
    expect: 'session',
    cedar: async () => undefined,
    ...options,
  })

const noted = (size: number, root: Uint8Array, key = log.key) =>
  signedNote(`${log.origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`, [key])
const receipt = formatProof({ index: 3n, proof: [], checkpoint: log.checkpoint(20) })
const other = Buffer.alloc(32, 7)

/** What was kept, and what is found of it. */
async function check(
  since: readonly string[],
  expected: readonly string[],
  files = whole,
): Promise<void> {
  const verdict = await verify(files, { since })
  const failures = verdict.findings.filter(({ level }) => level === 'failure')
  assert.deepEqual(
    failures.map(({ code, message }) => `${code} ${/\((.*)\)$/.exec(message)?.[1]}`),
    expected,
  )
  assert.equal(verdict.ok, expected.length === 0)
}

const rows: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['nothing', [], []],
  ['a checkpoint', [log.checkpoint(20)], []],
  ['a checkpoint without its witness', [noted(20, treeRoot(20))], []],
  ['a receipt', [receipt], []],
  ['the checkpoint of no records', [log.checkpoint(0)], []],
  ['the checkpoint of full tiles', [log.checkpoint(256)], []],
  ['the newest checkpoint', [log.checkpoint()], []],
  ['an archived one, and others', [9, 10, 9].map((n) => log.checkpoint(n)), []],
  ['one of a longer log', [noted(9999, other)], ['since-ahead 9999 records']],
  ['one of another history', [noted(20, other)], ['since-inconsistent 20 records']],
  [
    'two, one of them of another history',
    [log.checkpoint(20), noted(20, other)],
    ['since-inconsistent 20 records'],
  ],
  ['no records with another root', [noted(0, other)], ['since-inconsistent 0 records']],
]
for (const [name, since, expected] of rows) test(`kept: ${name}`, () => check(since, expected))

test('a part that shows too little of the tree to compare says so, and fails', () => {
  const kept = [log.checkpoint(256), log.checkpoint(20)]
  return check(kept, ['since-unshown 20 records'], session)
})

const malformed: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['another text', 'hello\n'],
  ['another key', noted(20, other, newKey(log.origin))],
  ['another log', noted(20, other, newKey('other.example/log'))],
]
for (const [name, text] of malformed) {
  test(`kept, but no checkpoint of this log: ${name}`, async () => {
    await assert.rejects(verify(whole, { since: [log.checkpoint(20), text] }), {
      code: 'since-malformed',
      message: 'earlier checkpoint 2 is none that this log signed',
    })
  })
}

test('the verdict says how old the log is', async () => {
  const { lastRecord, witnesses } = await verify()
  assert.deepEqual(lastRecord, { index: log.leaves.length - 1, time: log.time })
  assert.deepEqual(witnesses, [{ name: 'w0', time: Math.floor(log.now / 1000) }])
  const part = await verify(session)
  assert.equal(part.lastRecord?.index, at['late-intent'])
})

/** The root that the log itself signed for this size. */
function treeRoot(size: number): Uint8Array {
  return Buffer.from(log.checkpoint(size).split('\n')[2] ?? '', 'base64')
}
