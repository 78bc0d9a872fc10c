import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  checkTrust,
  cosign,
  formatCheckpoint,
  parseSigner,
  parseTrust,
  type Signer,
  signNote,
  verifyProof,
} from '@sallyport/evidence'
import { rogue } from './asking-log.ts'
import { deadUrl, type House, openHouse, until } from './house.ts'
import { answer } from './upstream.ts'
import { initWitness, startWitness, type WitnessProcess } from './witness-process.ts'

const auditor = { sub: 'aud', groups: ['auditor'] }

type Watched = {
  readonly house: House
  /** One call that succeeds; the index of its outcome. */
  readonly record: () => Promise<number>
  /** `durable`, `integrated` or `witnessed`; a receipt that does not verify offline fails the test. */
  readonly stateOf: (index: number) => Promise<string>
  /** Starts the witness the gateway was configured with. */
  readonly witness: () => Promise<WitnessProcess>
  readonly trust: () => Promise<string>
  readonly probe: (path: string) => Promise<{ readonly status: number; readonly text: string }>
}

/** A gateway whose one witness is not running yet. */
async function watched(t: TestContext): Promise<Watched> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-watched-'))
  const key = initWitness(join(folder, 'w1'), 'witness.example/w1')
  const url = await deadUrl()
  const members = [{ name: 'w1', key, url }]
  const house = await openHouse(t, { witnesses: { members } })
  house.upstream.script = answer({ body: '{"ok":true}' })
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const trust = async () => (await house.admin(auditor, 'GET', '/evidence/trust')).text()
  return {
    house,
    trust,
    record: async () => {
      const seen = await house.call('/up/read')
      assert.equal(seen.status, 200, seen.text())
      return Number(seen.record.split('#')[1])
    },
    stateOf: async (index) => {
      const seen = await house.admin(auditor, 'GET', `/records/${index}/proof`)
      if (seen.status !== 200) return 'durable'
      const state = String(seen.headers['sallyport-proof'])
      await checkReceipt(seen.text(), { state, trust: await trust() })
      return state
    },
    witness: async () => {
      const [, logKey = ''] = /^log (\S+)/m.exec(await trust()) ?? []
      return startWitness(t, [
        ...['--home', join(folder, 'w1'), '--listen', new URL(url).host, '--log', logKey],
      ])
    },
    probe: async (path) => {
      const response = await fetch(new URL(path, house.adminUrl()))
      return { status: response.status, text: await response.text() }
    },
  }
}

/** What a receipt says of itself is what an auditor finds: with the quorum, or without it. */
async function checkReceipt(
  text: string,
  { state, trust }: { readonly state: string; readonly trust: string },
): Promise<void> {
  const verified = verifyProof(text, parseTrust(trust))
  if (state === 'witnessed') await verified
  else {
    await assert.rejects(verified, { code: 'trust-unmet' })
    await verifyProof(text, parseTrust(trust.replace(/^quorum .*$/m, 'quorum none')))
  }
}

test('calls go on without the witness, and receipts say how far they have come', async (t) => {
  const { house, record, stateOf, witness, trust, probe } = await watched(t)
  const first = await record()
  await until(async () => (await stateOf(first)) === 'integrated', 'integrated')
  await until(() => house.logged().includes('does not cosign'), 'the operator is told')
  assert.equal(
    (await probe('/readyz')).status,
    200,
    'a witness that is away keeps nobody from calling',
  )
  assert.match((await probe('/metrics')).text, /witness_size\{witness="w1"\} 0\n/)

  const running = await witness()
  await until(async () => (await stateOf(first)) === 'witnessed', 'witnessed')
  assert.match((await probe('/metrics')).text, /witness_size\{witness="w1"\} [1-9]/)
  assert.match((await probe('/metrics')).text, /witness_trouble\{witness="w1",reason="none"\} 0\n/)
  assert.match((await probe('/metrics')).text, /\nsallyport_records_witnessed [1-9]/)
  const published = async () => readFileSync(join(house.home, 'log/checkpoint'), 'utf8')
  const policy = parseTrust(await trust())
  await until(
    async () =>
      checkTrust(await published(), policy).then(
        () => true,
        () => false,
      ),
    'published',
  )

  running.kill('SIGKILL')
  await running.exited
  const second = await record()
  await until(async () => (await stateOf(second)) === 'integrated', 'integrated')
  assert.equal(await stateOf(first), 'witnessed', 'what was witnessed stays so')
  await house.restart()
  assert.equal(await stateOf(first), 'witnessed', 'also over a restart')
  await until(async () => (await stateOf(second)) === 'integrated', 'integrated')
  await witness()
  await until(async () => (await stateOf(second)) === 'witnessed', 'witnessed')
  await house.restart()
  const third = await record()
  await until(async () => (await stateOf(third)) === 'witnessed', 'witnessed')
  assert.ok(!house.logged().includes('ANOTHER HISTORY'), 'a false alarm')
  // A witness that is too slow for one stop is in time for another.
  await until(async () => {
    await house.stop()
    const isWitnessed = await checkTrust(await published(), policy).then(
      () => true,
      () => false,
    )
    if (!isWitnessed) await house.restart()
    return isWitnessed
  }, 'what a stop leaves behind is witnessed')
})

test('a machine put back from its snapshot: only the witness can know', async (t) => {
  const { house, record, stateOf, witness, probe } = await watched(t)
  const snapshot = mkdtempSync(join(tmpdir(), 'sallyport-snapshot-'))
  t.after(() => rmSync(snapshot, { recursive: true }))
  await house.stop()
  cpSync(house.home, snapshot, { recursive: true })
  await house.restart()
  const running = await witness()
  const lost = await record()
  await until(async () => (await stateOf(lost)) === 'witnessed', 'witnessed')
  await house.stop()
  running.kill('SIGTERM')
  await running.exited
  // Database, published files and keys together: nothing on this machine contradicts anything.
  rmSync(house.home, { recursive: true })
  cpSync(snapshot, house.home, { recursive: true })
  await house.restart()
  // Longer than what was lost, so that the size alone does not give it away.
  let newest = 0
  while (newest < lost + 20) newest = await record()
  await until(async () => (await stateOf(newest)) === 'integrated', 'published')
  const again = await witness()
  await until(async () => (await probe('/readyz')).text.includes('witness-fork'), 'not ready')
  assert.equal((await probe('/readyz')).status, 503)
  await until(() => house.logged().includes('HOLDS ANOTHER HISTORY'), 'said aloud')
  await until(() => again.said().includes('REFUSED'), 'the witness says it too')
  await record()
  assert.equal(await stateOf(lost), 'integrated', 'called witnessed though nobody saw it')
  await until(async () => (await probe('/readyz')).text.includes('evidence'), 'signing ended')
  const checkpoint = () => readFileSync(join(house.home, 'log/checkpoint'), 'utf8')
  const signed = checkpoint()
  await record()
  await house.stop()
  assert.equal(checkpoint(), signed, 'the second history was signed on')

  let left = { checkpoint: checkpoint(), records: house.records().length }
  const refused = () =>
    house.restart().then(
      () => undefined,
      (thrown: Error) => thrown.message,
    )
  // A witness that is too slow for one start is asked by the next.
  await until(async () => {
    const why = await refused()
    if (why === undefined) {
      await house.stop()
      left = { checkpoint: checkpoint(), records: house.records().length }
    }
    return why !== undefined && /witness w1 has cosigned .* put back from a backup/s.test(why)
  }, 'the start is refused')
  const found = { checkpoint: checkpoint(), records: house.records().length }
  assert.deepEqual(found, left, 'something was written')
})

test('a key whose overlap is over proves nothing, whoever shows what it signed', async (t) => {
  let stolen: Signer | undefined
  const member = await rogue(t, (witness) => async (request, response) => {
    request.resume()
    if (!stolen) return response.writeHead(422).end()
    const text = { origin: stolen.name, size: 1_000_000n, root: new Uint8Array(32) }
    const note = await signNote(formatCheckpoint(text), stolen)
    const status = request.method === 'POST' ? 422 : 200
    return response.writeHead(status).end(note + (await cosign(note, witness, 1)))
  })
  const house = await openHouse(t, { witnesses: { quorum: 'none', members: [member] } })
  const keyFile = join(house.home, 'log-key.json')
  const {
    keys: [first],
  } = JSON.parse(readFileSync(keyFile, 'utf8'))
  const rotated = await house.admin(
    { sub: 'root', groups: ['admin'] },
    'POST',
    '/evidence/rotate-key',
  )
  assert.equal(rotated.status, 200, rotated.text())
  await house.stop()
  const file = JSON.parse(readFileSync(keyFile, 'utf8'))
  for (const entry of file.keys) if (entry.until !== undefined) entry.until = entry.from + 1
  writeFileSync(keyFile, JSON.stringify(file))
  stolen = await parseSigner(first.secret)
  await house.restart()
  await until(() => house.logged().includes('SAYS that another history'), 'asked while it runs')
  assert.ok(!house.logged().includes('HOLDS ANOTHER HISTORY'))
})
