import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { parseTrust, verifyProof } from '@sallyport/evidence'
import { deadUrl, type House, openHouse, type Person, root } from './house.ts'
import { auditor, integrated, reader } from './take-away.ts'
import { initWitness, startWitness } from './witness-process.ts'

const bin = join(import.meta.dirname, '../bin/sallyport.js')
const boss: Person = { sub: 'boss', groups: ['admin'] }

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }
type Desk = {
  readonly house: House
  readonly folder: string
  /** Runs `sallyport evidence …` as this person, in a folder of the test. */
  readonly run: (person: Person, ...args: readonly string[]) => Promise<Ended>
  /** Index of the intent of a call that carried a payload. */
  readonly intent: number
}

async function openDesk(
  t: TestContext,
  options: Parameters<typeof openHouse>[1] = {},
): Promise<Desk> {
  const house = await openHouse(t, options)
  await house.call('/up/write', { json: { note: 'canary' } })
  const records = house.records()
  const intent = records.find(({ type }) => type === 'call.authorized')?.index ?? assert.fail()
  await integrated(house, records.length - 1)
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-evidence-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const run = async ({ sub, groups }: Person, ...args: readonly string[]): Promise<Ended> => {
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      SALLYPORT_ADMIN_URL: house.adminUrl(),
      SALLYPORT_ADMIN_TOKEN: await house.idp.token({ sub, groups, aud: 'house-admin' }),
    }
    const child = spawn(process.execPath, [bin, 'evidence', ...args], { cwd: folder, env })
    const said = { stdout: '', stderr: '' }
    child.stdout.on('data', (text) => (said.stdout += text))
    child.stderr.on('data', (text) => (said.stderr += text))
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...said })))
  }
  return { house, folder, run, intent }
}

function check(got: Ended, want: { code: number; stdout?: RegExp; stderr?: RegExp }): void {
  assert.equal(got.code, want.code, `${got.stderr}\n${got.stdout}`)
  if (want.stdout) assert.match(got.stdout, want.stdout)
  if (want.stderr) assert.match(got.stderr, want.stderr)
}

test('trust, export, verify: an auditor needs nothing else', async (t) => {
  const { run, folder } = await openDesk(t)
  const trust = await run(auditor, 'trust')
  check(trust, { code: 0, stdout: /^log sallyport\.local\/gateway\+/m })
  writeFileSync(join(folder, 'trust.txt'), trust.stdout)
  for (const output of ['bundle.zip', 'bundle']) {
    const got = await run(auditor, 'export', '-o', output)
    check(got, { code: 0, stderr: /\d+ files/ })
    check(await run(auditor, 'verify', output, '--trust', 'trust.txt'), { code: 0 })
  }
  assert.deepEqual(readdirSync(folder).sort(), ['bundle', 'bundle.zip', 'trust.txt'])
  const zip = join(folder, 'bundle.zip')
  const bytes = readFileSync(zip)
  bytes[200] = (bytes[200] ?? 0) ^ 1
  writeFileSync(zip, bytes)
  check(await run(auditor, 'verify', 'bundle.zip', '--trust', 'trust.txt', '--quiet'), { code: 7 })
  check(await run(auditor, 'verify', 'none.zip', '--trust', 'trust.txt'), { code: 1 })
})

test('an export that was interrupted is gone on with, also after a restart', async (t) => {
  const { house, run, folder } = await openDesk(t)
  check(await run(auditor, 'export', '-o', 'whole'), { code: 0 })
  const part = join(folder, 'again.zip.part')
  check(await run(auditor, 'export', '-o', 'again.zip.part'), { code: 0 })
  rmSync(join(part, 'checkpoint'))
  writeFileSync(join(part, 'left-over.tmp'), 'cut off')
  await house.restart()
  const got = await run(auditor, 'export', '-o', 'again.zip')
  check(got, { code: 0, stderr: /of them from before/ })
  assert.ok(!existsSync(part) && !existsSync(`${part}.json`))
  writeFileSync(join(folder, 'trust.txt'), (await run(auditor, 'trust')).stdout)
  check(await run(auditor, 'verify', 'again.zip', '--trust', 'trust.txt'), { code: 0 })
  for (const output of ['whole', 'again.zip']) {
    check(await run(auditor, 'export', '-o', output), { code: 1, stderr: /is there already/ })
  }
  check(await run(auditor, 'export', '-o', 'again.zip', '--force'), { code: 0 })
  check(await run(auditor, 'export', '-o', 'whole', '--force'), { code: 1 })
})

test('a plan the gateway still knows is gone on with', async (t) => {
  const { house, run, folder } = await openDesk(t)
  const asked = { scope: 'whole', payloads: false }
  const plan = (await house.admin(auditor, 'POST', '/exports', asked)).json()
  const saved = { asked: JSON.stringify(asked), url: house.adminUrl(), plan }
  writeFileSync(join(folder, 'd.part.json'), JSON.stringify(saved))
  mkdirSync(join(folder, 'd.part'))
  const path = `/exports/${plan.id}/files/checkpoint`
  const checkpoint = await house.admin(auditor, 'GET', path)
  writeFileSync(join(folder, 'd.part/checkpoint'), checkpoint.body)
  check(await run(auditor, 'export', '-o', 'd'), { code: 0, stderr: /1 of them from before/ })
  const exported = house.records().filter(({ type }) => type === 'evidence.exported')
  assert.equal(exported.length, 1, 'nothing more was asked for')
  writeFileSync(join(folder, 'trust.txt'), (await run(auditor, 'trust')).stdout)
  check(await run(auditor, 'verify', 'd', '--trust', 'trust.txt'), { code: 0 })
})

test('an export from before an erasure is planned anew, and verifies', async (t) => {
  const { house, run, folder, intent } = await openDesk(t)
  const asked = { scope: 'whole', payloads: true }
  const plan = (await house.admin(reader, 'POST', '/exports', asked)).json()
  const saved = { asked: JSON.stringify(asked), url: house.adminUrl(), plan }
  writeFileSync(join(folder, 'd.zip.part.json'), JSON.stringify(saved))
  const asking = await run(root, 'erase', String(intent), '--reason', 'DPO-12')
  const id = /(era_\S+):/.exec(asking.stderr)?.[1] ?? ''
  check(await run(boss, 'erasures', 'approve', id), { code: 0 })
  check(await run(reader, 'export', '--payloads', '-o', 'd.zip'), { code: 0 })
  const exported = house.records().filter(({ type }) => type === 'evidence.exported')
  assert.equal(exported.length, 2, 'planned anew once')
  writeFileSync(join(folder, 'trust.txt'), (await run(auditor, 'trust')).stdout)
  check(await run(auditor, 'verify', 'd.zip', '--trust', 'trust.txt'), { code: 0 })
})

test('a payload that was changed is left out and named, and holds up no other', async (t) => {
  const { house, run, folder, intent } = await openDesk(t)
  await house.call('/up/write', { json: { note: 'whole' } })
  await house.stop()
  const db = new DatabaseSync(join(house.home, 'sallyport.db'))
  const row = db.prepare('SELECT id, box FROM payload ORDER BY id LIMIT 1').get()
  const box = Buffer.from(row?.box instanceof Uint8Array ? row.box : [])
  box.writeUInt8(box.readUInt8(15) ^ 1, 15)
  db.prepare('UPDATE payload SET box = ? WHERE id = ?').run(box, row?.id ?? null)
  db.close()
  await house.restart()
  const got = await run(reader, 'export', '--payloads', '-o', 'b.zip')
  const file = `payloads/${intent}.args`
  check(got, { code: 0, stderr: new RegExp(`${file} cannot be opened`) })
  assert.match(house.logged(), new RegExp(`payload args of record ${intent} cannot be opened`))
  check(await run(reader, 'payload', String(intent), 'args'), { code: 1, stderr: /not what was/ })
  writeFileSync(join(folder, 'trust.txt'), (await run(auditor, 'trust')).stdout)
  const verdict = await run(auditor, 'verify', 'b.zip', '--trust', 'trust.txt')
  check(verdict, { code: 7, stdout: /payload-missing/ })
  assert.equal(verdict.stdout.split('payload-missing').length, 2, 'no other is missing')
})

test('the command that an export names verifies it', async (t) => {
  const { run, folder } = await openDesk(t)
  writeFileSync(join(folder, 'trust.txt'), (await run(auditor, 'trust')).stdout)
  const got = await run(auditor, 'export', '--since', '1h', '-o', 'part.zip')
  const [, command = ''] = /sallyport evidence (verify .*)\n/.exec(got.stderr) ?? []
  assert.match(command, /--expect range$/)
  check(await run(auditor, ...command.split(' ')), { code: 0 })
})

test('what goes on in one place is one export', async (t) => {
  const { house, run, folder } = await openDesk(t)
  const asked = JSON.stringify({ scope: 'whole', payloads: true })
  const saved = { asked, url: house.adminUrl(), plan: { id: 'exp_1' } }
  writeFileSync(join(folder, 'b.zip.part.json'), JSON.stringify(saved))
  check(await run(auditor, 'export', '-o', 'b.zip'), { code: 2, stderr: /another export/ })
  check(await run(auditor, 'export', '-o', 'c.zip', '--session', 's', '--since', '1h'), { code: 2 })
  check(await run(auditor, 'export', '-o', 'c.zip', '--payloads'), { code: 5 })
  writeFileSync(join(folder, 'c.zip.part'), 'a note')
  check(await run(auditor, 'export', '-o', 'c.zip'), {
    code: 1,
    stderr: /is no folder[\s\S]*another/,
  })
  symlinkSync('nowhere/at/all', join(folder, 'd.part'))
  check(await run(auditor, 'export', '-o', 'd'), { code: 1, stderr: /cannot be made/ })
  const left = ['b.zip.part.json', 'c.zip.part', 'd.part']
  assert.deepEqual(readdirSync(folder).sort(), left, 'what is refused leaves nothing')
})

test('a receipt is written, and names its state', async (t) => {
  const { run, folder, intent } = await openDesk(t)
  const got = await run(auditor, 'prove', `sallyport.local/gateway#${intent}`, '--wait')
  check(got, { code: 0, stdout: /^c2sp\.org\/tlog-proof@v1\n/, stderr: /is integrated/ })
  check(await run(auditor, 'prove', String(intent), '-o', 'p.txt'), { code: 0 })
  assert.equal(readFileSync(join(folder, 'p.txt'), 'utf8'), got.stdout)
  check(await run(auditor, 'prove', 'x'), { code: 2 })
  const foreign = `other.example/x#${intent}`
  check(await run(auditor, 'prove', foreign), { code: 1, stdout: /^$/, stderr: /of another log/ })
  check(await run(reader, 'payload', foreign, 'args'), { code: 1, stderr: /of another log/ })
  const erased = await run(root, 'erase', foreign, '--reason', 'DPO-12')
  check(erased, { code: 1, stderr: /of another log/ })
  check(await run(auditor, 'prove', '99999'), { code: 1 })
})

test('a receipt that a quorum would refuse is told, and --wait waits for the witnesses', async (t) => {
  const home = join(mkdtempSync(join(tmpdir(), 'sallyport-witness-')), 'w1')
  t.after(() => rmSync(dirname(home), { recursive: true, force: true }))
  const key = initWitness(home, 'witness.example/w1')
  const url = await deadUrl()
  const members = [{ name: 'w1', key, url }]
  const { run, folder, intent } = await openDesk(t, { witnesses: { members } })
  const trust = (await run(auditor, 'trust')).stdout
  const early = await run(auditor, 'prove', String(intent))
  check(early, { code: 0, stderr: /is integrated[\s\S]*refuses this receipt[\s\S]*--wait/ })
  await assert.rejects(verifyProof(early.stdout, parseTrust(trust)), { code: 'trust-unmet' })
  const [, log = ''] = /^log (\S+)/m.exec(trust) ?? []
  const args = ['--home', home, '--listen', new URL(url).host, '--log', log]
  const [waited] = await Promise.all([
    run(auditor, 'prove', String(intent), '--wait', '-o', 'p.txt'),
    startWitness(t, args),
  ])
  check(waited, { code: 0, stderr: /is witnessed\.\n$/ })
  await verifyProof(readFileSync(join(folder, 'p.txt'), 'utf8'), parseTrust(trust))
})

test('a payload is read and erased, by those who may', async (t) => {
  const { run, intent } = await openDesk(t)
  check(await run(reader, 'payload', String(intent), 'args'), { code: 0, stdout: /canary/ })
  check(await run(root, 'payload', String(intent), 'args'), { code: 5 })
  const asked = await run(root, 'erase', String(intent), '--role', 'args', '--reason', 'DPO-12')
  check(asked, { code: 0, stderr: /Not erased yet/ })
  const id = /(era_\S+):/.exec(asked.stderr)?.[1] ?? ''
  check(await run(root, 'erasures', 'approve', id), { code: 5, stderr: /two people/ })
  check(await run(boss, 'erasures', 'approve', id), { code: 0, stderr: /for good/ })
  check(await run(auditor, 'erasures', 'ls'), { code: 0, stdout: /✓ erased.*corp:root.*corp:boss/ })
  const gone = await run(reader, 'payload', String(intent), 'args')
  check(gone, { code: 1, stderr: /erased: record \d+/ })
})

test('after a rotation both keys are trusted, and the log verifies', async (t) => {
  const { house, run, folder } = await openDesk(t)
  const before = (await run(auditor, 'trust')).stdout
  check(await run(auditor, 'rotate-key'), { code: 5 })
  check(await run(root, 'rotate-key'), { code: 0, stderr: /from now on/ })
  const after = (await run(auditor, 'trust')).stdout
  assert.notEqual(after, before)
  await integrated(house, house.records().length - 1)
  check(await run(auditor, 'export', '-o', 'b.zip'), { code: 0 })
  for (const [name, text] of [
    ['before.txt', before],
    ['after.txt', after],
  ] as const) {
    writeFileSync(join(folder, name), text)
    check(await run(auditor, 'verify', 'b.zip', '--trust', name), { code: 0 })
  }
  check(await run(root, 'rotate-key'), { code: 0 })
  const third = await run(root, 'rotate-key')
  check(third, { code: 1, stderr: /keys sign already[\s\S]*evidence trust/ })
  assert.doesNotMatch(third.stderr, /faster/)
})
