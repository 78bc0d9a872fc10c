import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manyBeats } from '../../test/damages.ts'
import { healthyLog } from '../../test/healthy-log.ts'
import { type Files, filesSource, type LogBuilder } from '../../test/log-builder.ts'
import { parseTrust } from '../trust.ts'
import { verifyBundle } from './bundle.ts'

/** The folder of a running log: three records more than its witness has cosigned. */
type Story = {
  readonly log: LogBuilder
  readonly trust: string
  readonly files: Files
  /** Records that the witness has cosigned, and the checkpoint of them. */
  readonly size: number
  readonly witnessed: string
}

function running(): Story {
  const { log } = healthyLog({}, manyBeats)
  const trust = log.trust()
  const size = log.leaves.length
  const witnessed = log.checkpoint()
  const files = log.files({ manifest: null, payloads: false })
  log.witnesses.length = 0
  for (let beat = 0; beat < 3; beat += 1) {
    log.now += 9_999
    log.add({ type: 'heartbeat', elapsed: log.now + 1 - log.bootedAt, interval: 10_000 })
  }
  for (const [path, bytes] of log.files({ manifest: null, payloads: false })) files.set(path, bytes)
  return { log, trust, files, size, witnessed }
}

const put = ({ files }: Story, path: string, note: string) => files.set(path, Buffer.from(note))

/** What else is there, what is found of it, and whether it was verified as far as a witness has seen. */
const rows: readonly (readonly [string, (story: Story) => void, readonly string[], boolean])[] = [
  ['alone', () => {}, ['checkpoint-untrusted'], false],
  [
    'with the witnessed one beside it',
    (story) => put(story, 'checkpoint.witnessed', story.witnessed),
    ['records-unwitnessed'],
    true,
  ],
  [
    'with the witnessed one in the archive',
    (story) => put(story, `checkpoints/${story.size}`, story.witnessed),
    ['records-unwitnessed'],
    true,
  ],
  [
    'with both, the newer one in the archive',
    (story) => {
      put(story, 'checkpoint.witnessed', `${story.log.archived.get(9)}`)
      put(story, `checkpoints/${story.size}`, story.witnessed)
    },
    ['records-unwitnessed'],
    true,
  ],
  [
    'and archived itself',
    (story) => {
      put(story, 'checkpoint.witnessed', story.witnessed)
      put(story, `checkpoints/${story.log.leaves.length}`, story.log.checkpoint())
    },
    ['records-unwitnessed'],
    true,
  ],
  [
    'with an archived one that nobody has witnessed',
    (story) => put(story, 'checkpoint.witnessed', story.log.checkpoint(story.size)),
    ['checkpoint-untrusted'],
    false,
  ],
  [
    'with one that is archived under another size',
    (story) => put(story, 'checkpoints/20', story.witnessed),
    ['checkpoint-untrusted'],
    false,
  ],
  [
    'as a history that does not continue what was witnessed',
    (story) => {
      put(story, 'checkpoint.witnessed', story.witnessed)
      const { log, files } = story
      log.leaves[260] = Buffer.from('another')
      for (const [path, bytes] of log.files({ manifest: null, payloads: false })) {
        if (path.includes(`.p/${log.leaves.length % 256}`)) files.set(path, bytes)
      }
      put(story, 'checkpoint', log.checkpoint())
    },
    ['archived-inconsistent', 'records-unwitnessed'],
    true,
  ],
  [
    'signed by nobody that is trusted',
    (story) => {
      put(story, 'checkpoint.witnessed', story.witnessed)
      story.log.signers = []
      put(story, 'checkpoint', `${story.log.checkpoint().split('\n\n')[0]}\n\n— x AAAAAAA=\n`)
    },
    ['checkpoint-untrusted'],
    false,
  ],
  [
    'in an export, which has one checkpoint',
    (story) => {
      put(story, 'checkpoint.witnessed', story.witnessed)
      for (const [path, bytes] of story.log.files({ payloads: false })) story.files.set(path, bytes)
    },
    ['checkpoint-untrusted'],
    false,
  ],
]
for (const [name, happens, expected, isVerified] of rows) {
  test(`the newest checkpoint without its witness: ${name}`, async () => {
    const story = running()
    // Archived ones of the story would do as well: each row says what there is.
    for (const path of story.files.keys()) {
      if (path.startsWith('checkpoints/')) story.files.delete(path)
    }
    happens(story)
    const cedar = async () => undefined
    const trust = parseTrust(story.trust)
    const verdict = await verifyBundle(filesSource(story.files), trust, { cedar })
    const codes = verdict.findings.map(({ code }) => code)
    const usual = new Set(['boot-unclean', 'file-unexpected'])
    assert.deepEqual(codes.filter((code) => !usual.has(code)).sort(), expected)
    assert.equal(verdict.size, isVerified ? BigInt(story.size) : 0n)
    const behind = verdict.findings.find(({ code }) => code === 'records-unwitnessed')
    if (behind) assert.match(behind.message, /\(3 records\)$/)
  })
}

test('what is archived while a folder is read is not ahead of it', async () => {
  const { log, trust, files } = running()
  const older = files.get('checkpoint') ?? assert.fail()
  const size = log.leaves.length
  log.add({ type: 'emitter.stop' })
  files.set(`checkpoints/${size + 1}`, Buffer.from(log.checkpoint()))
  const source = filesSource(files)
  let reads = 0
  const read: typeof source.read = async (path, bytesMax) => {
    if (path !== 'checkpoint') return source.read(path, bytesMax)
    reads += 1
    return reads === 1 ? older : Buffer.from(log.checkpoint())
  }
  const none = parseTrust(trust.replace(/quorum .*/, 'quorum none'))
  const { findings, ok } = await verifyBundle({ ...source, read }, none)
  assert.equal(ok, true, JSON.stringify(findings))
  const rolledBack = await verifyBundle({ ...source, read: source.read }, none)
  assert.ok(rolledBack.findings.some(({ code }) => code === 'archived-ahead'))
})

test('what was kept and nobody has witnessed since cannot be compared', async () => {
  const { log, trust, files, witnessed } = running()
  files.set('checkpoint.witnessed', Buffer.from(witnessed))
  const since = (size: number) =>
    verifyBundle(filesSource(files), parseTrust(trust), { since: [log.checkpoint(size)] })
  const size = log.leaves.length
  const codes = async (kept: number) =>
    (await since(kept)).findings.filter(({ level }) => level === 'failure').map(({ code }) => code)
  assert.deepEqual(await codes(20), [])
  assert.deepEqual(await codes(size), ['since-unshown'])
  log.add({ type: 'emitter.stop' })
  assert.deepEqual(await codes(size + 1), ['since-ahead'])
})
