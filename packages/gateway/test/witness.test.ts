import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseVerifierKey, verifyNote } from '@sallyport/evidence'
import { type SmallLog, smallLog } from './small-log.ts'
import { initWitness, startWitness, type WitnessProcess } from './witness-process.ts'

/** The real program with a key of its own. */
type Set = {
  readonly home: string
  readonly key: string
  readonly log: SmallLog
  readonly start: (args: readonly string[]) => Promise<WitnessProcess>
}

const name = 'witness.example/process'

const cases: Readonly<Record<string, (set: Set) => Promise<void>>> = {
  'runs with flags, cosigns, and stops in order': async ({ home, key, log, start }) => {
    const witness = await start(flags(home, log.key))
    assert.ok(witness.said().includes(key))
    const text = await cosign(witness.url, await log.ask(0, 7))
    const { signedBy } = await verifyNote((await log.note(7)) + text, [key])
    assert.ok(Math.abs((signedBy[0]?.time ?? 0) - Date.now() / 1000) < 3600)
    witness.kill('SIGTERM')
    assert.equal(await witness.exited, 0)
    assert.match(witness.said(), /"origin":"log\.example\/process","size":"7","msg":"cosigned"/)
  },
  'runs with a file': async ({ home, log, start }) => {
    const file = join(home, '../witness.yaml')
    writeFileSync(file, `listen: 127.0.0.1:0\nhome: ./w\nlogs:\n  - ${log.key}\n`)
    const witness = await start(['--config', file])
    assert.match(await cosign(witness.url, await log.ask(0, 7)), /^\u2014 /)
    witness.kill('SIGTERM')
    assert.equal(await witness.exited, 0)
  },
  'a fork is said loudly, with the checkpoint that proves it': async ({ home, log, start }) => {
    const witness = await start(flags(home, log.key))
    await cosign(witness.url, await log.ask(0, 7))
    const answer = await post(witness.url, await log.ask(7, 7, 'b'))
    assert.equal(answer.status, 422)
    witness.kill('SIGTERM')
    await witness.exited
    const line = witness
      .said()
      .split('\n')
      .find((one) => one.includes('REFUSED'))
    const { level, note } = JSON.parse(line ?? '{}')
    assert.deepEqual([level, note], [50, await log.note(7, 'b')])
  },
  'two of one folder: the second does not start': async ({ home, log, start }) => {
    const witness = await start(flags(home, log.key))
    await assert.rejects(start(flags(home, log.key)), /in use by another witness/)
    assert.match(await cosign(witness.url, await log.ask(0, 7)), /^\u2014 /)
    witness.kill('SIGKILL')
    await witness.exited
    const next = await start(flags(home, log.key))
    assert.equal((await post(next.url, await log.ask(0, 8))).status, 409)
    next.kill('SIGTERM')
    await next.exited
  },
  'without a log to watch it does not start': async ({ home, start }) =>
    assert.rejects(start(['--home', home]), /exit 2: .*no log to watch/),
  'without an address it does not start': async ({ home, log, start }) =>
    assert.rejects(
      start([...flags(home, log.key), '--listen', 'here']),
      /exit 2: .*here is no address/,
    ),
  'without a key it does not start': async ({ home, log, start }) =>
    assert.rejects(start(flags(`${home}-2`, log.key)), /exit 1: .*\n.*witness init/),
  'with a key others may read it does not start': async ({ home, log, start }) => {
    chmodSync(join(home, 'witness.key'), 0o644)
    await assert.rejects(start(flags(home, log.key)), /chmod 600/)
  },
  'with a file that is wrong it does not start': async ({ home, start }) => {
    const file = join(home, '../witness.yaml')
    writeFileSync(file, 'logs: []\nlisten: nowhere\nkeys: x\n')
    await assert.rejects(start(['--config', file]), /witness\.yaml:2:1 [\s\S]*witness\.yaml:3:1 /)
  },
  'the key is made once, under one name': async ({ home, key }) => {
    assert.equal(parseVerifierKey(key).type, 4)
    const before = readFileSync(join(home, 'witness.key'), 'utf8')
    assert.equal(initWitness(home, name), key)
    assert.throws(() => initWitness(home, 'witness.example/other'), /is the witness .* already/)
    assert.equal(readFileSync(join(home, 'witness.key'), 'utf8'), before)
  },
}
for (const [title, story] of Object.entries(cases)) {
  test(`sallyport witness: ${title}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'witness-process-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const home = join(folder, 'w')
    await story({
      home,
      key: initWitness(home, name),
      log: await smallLog('log.example/process'),
      start: (args) => startWitness(t, args),
    })
  })
}

const flags = (home: string, log: string) => [
  '--home',
  home,
  '--listen',
  '127.0.0.1:0',
  '--log',
  log,
]

function post(url: string, body: string): Promise<Response> {
  return fetch(`${url}/add-checkpoint`, { method: 'POST', body })
}

async function cosign(url: string, body: string): Promise<string> {
  const response = await post(url, body)
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return text
}
