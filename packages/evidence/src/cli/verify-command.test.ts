import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { healthyLog } from '../../test/healthy-log.ts'
import type { Files } from '../../test/log-builder.ts'
import { treeHash } from '../../test/log-builder.ts'
import { zipOf } from '../../test/zip-writer.ts'
import { formatProof } from '../proof.ts'
import { inclusionProof } from '../prove.ts'
import { openSource } from './open-source.ts'

const bin = join(import.meta.dirname, '../../bin/evidence.js')

type Ran = { readonly code: number | null; readonly out: string; readonly err: string }

function run(...args: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    encoding: 'utf8',
  })
  return { code: status, out: stdout, err: stderr }
}

/** A healthy export as a zip and as a folder, and a trust file, in a folder of their own. */
function desk(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-cli-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const { log, at } = healthyLog()
  const files = log.files()
  const bundle = join(folder, 'bundle')
  putAll(bundle, files)
  const zip = join(folder, 'bundle.zip')
  writeFileSync(zip, zipOf(files))
  const trust = join(folder, 'trust.txt')
  writeFileSync(trust, log.trust())
  return { folder, bundle, zip, trust, log, at, files }
}

function putAll(folder: string, files: Files): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
}

test('a zip and a folder verify, and the table says what was checked', (t) => {
  const { bundle, zip, trust, at } = desk(t)
  for (const target of [bundle, zip]) {
    const { code, out, err } = run('verify', target, '--trust', trust)
    assert.equal(code, 0, out + err)
    assert.match(out, /✓ tree +passed +\(\d+ examined\)/)
    assert.match(out, /log\.example\/gateway, \d+ records \(whole\): verified/)
    assert.match(
      out,
      new RegExp(`^Erased by two people: 1 payload, of record ${at.intent}\\.$`, 'm'),
    )
    assert.match(out, /^Expired: 1 payload\.\nNever kept, only committed to: 3 payloads\.$/m)
  }
})

test('a changed byte is exit code 7, and names the record', (t) => {
  const { bundle, trust, files, at, log } = desk(t)
  const path = [...files.keys()].find((one) => one.startsWith('tile/entries/')) ?? assert.fail()
  const bytes = Buffer.from(files.get(path) ?? [])
  const place = bytes.indexOf(log.leaves[at.vote ?? 0]?.subarray(20, 60) ?? assert.fail())
  bytes[place] = (bytes[place] ?? 0) ^ 1
  writeFileSync(join(bundle, path), bytes)
  const { code, out } = run('verify', bundle, '--trust', trust)
  assert.equal(code, 7)
  assert.match(out, new RegExp(`leaf-altered\\s+record ${at.vote}\\b`))
  assert.match(out, /DOES NOT VERIFY/)
})

test('JSON holds the whole verdict, and quiet says nothing', (t) => {
  const { zip, trust, log, at } = desk(t)
  const { code, out } = run('verify', zip, '--trust', trust, '--json')
  assert.equal(code, 0)
  const verdict = JSON.parse(out)
  assert.deepEqual(
    [verdict.ok, verdict.origin, verdict.size, verdict.scope, verdict.findings[0].record],
    [true, log.origin, log.leaves.length, 'whole', at.restart],
  )
  assert.deepEqual(run('verify', zip, '--trust', trust, '--quiet'), { code: 0, out: '', err: '' })
})

test('what is expected and not there is exit code 7', (t) => {
  const { folder, trust, log, at } = desk(t)
  const bundle = join(folder, 'session')
  putAll(bundle, log.sessionFiles('ses_1', [at.intent ?? 0]))
  const part = run('verify', bundle, '--trust', trust, '--expect', 'session')
  assert.equal(part.code, 0)
  assert.match(part.out, /\(session ses_1, from record (\d+) to \1\): verified/)
  for (const expect of [[], ['--expect', 'whole'], ['--expect', 'range']]) {
    const { code, out } = run('verify', bundle, '--trust', trust, ...expect)
    assert.equal(code, 7)
    assert.match(out, /scope-unmet/)
  }
})

test('what was kept from before has to be in the log', (t) => {
  const { folder, zip, trust, log } = desk(t)
  const kept = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return ['--since', join(folder, name)]
  }
  const first = kept('first', log.checkpoint(5))
  const second = kept('second', log.checkpoint(20))
  const { code, out } = run('verify', zip, '--trust', trust, ...first, ...second)
  assert.equal(code, 0, out)
  assert.match(out, /^The last record shown, \d+, is dated 2026-03-01T09:.*Z\.$/m)
  assert.match(out, /^Cosigned by w0 at 2026-03-01T09:.*Z\.$/m)
  log.leaves[0] = Buffer.from('x')
  const rewritten = kept('rewritten', log.checkpoint(20))
  const failed = run('verify', zip, '--trust', trust, ...first, ...rewritten)
  assert.equal(failed.code, 7)
  assert.match(failed.out, /since-inconsistent/)
  const none = run('verify', zip, '--trust', trust, ...kept('none', 'x'))
  assert.deepEqual([none.code, none.out], [1, ''])
  assert.match(none.err, /\[since-malformed\]/)
})

test('what cannot be read is exit code 1, what is no zip is 7', (t) => {
  const { folder, zip, trust } = desk(t)
  const missing = run('verify', join(folder, 'nothing'), '--trust', trust)
  assert.deepEqual([missing.code, missing.out], [1, ''])
  assert.match(missing.err, /there is no file or folder/)
  assert.equal(run('verify', zip, '--trust', join(folder, 'nothing')).code, 1)
  assert.equal(run('verify', zip, '--trust', zip).code, 1)
  const { code, err } = run('verify', trust, '--trust', trust)
  assert.equal(code, 7)
  assert.match(err, /\[zip-malformed\]/)
})

test('what cannot be read is said in JSON as well', (t) => {
  const { folder, bundle: deep, zip, trust } = desk(t)
  const [pipe, long] = [join(folder, 'pipe'), join(folder, 'long')]
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0)
  writeFileSync(long, new Uint8Array((1 << 20) + 1))
  nestBelow(deep)
  const rows = [
    [[join(folder, 'nothing'), '--trust', trust], 1, 'source-unreadable'],
    [[zip, '--trust', zip], 1, 'trust-malformed'],
    [[zip, '--trust', '/dev/zero'], 1, 'source-unreadable'],
    [[zip, '--trust', pipe], 1, 'source-unreadable'],
    [[zip, '--trust', long], 1, 'source-unreadable'],
    [[deep, '--trust', trust], 1, 'source-unreadable'],
    [[trust, '--trust', trust], 7, 'zip-malformed'],
  ] as const
  for (const [args, exit, expected] of rows) {
    for (const command of ['verify', 'verify-proof']) {
      const { code, out, err } = run(command, ...args, '--json')
      const { ok, error } = JSON.parse(out)
      assert.equal(ok, false)
      assert.equal(err, `${error.message} [${error.code}]\n`)
      if (command === 'verify') assert.deepEqual([code, error.code], [exit, expected])
    }
  }
})

for (const args of [['--help'], ['verify', '--help'], ['verify-proof', 'x', '-h'], ['help']]) {
  test(`help is what was asked for: ${args.join(' ')}`, () => {
    const { code, out, err } = run(...args)
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /verify <bundle\.zip/)
  })
}

const wrong: readonly (readonly string[])[] = [
  [],
  ['verify'],
  ['verify', 'x'],
  ['verify', 'x', 'y', '--trust', 't'],
  ['verify', 'x', '--trust', 't', '--expect', 'everything'],
  ['verify', 'x', '--trust', 't', '--unknown'],
  ['verify-proof', 'x', '--trust', 't', '--expect', 'whole'],
  ['verify-proof', 'x', '--trust', 't', '--since', 'y'],
  ['eat', 'x', '--trust', 't'],
]
for (const args of wrong) {
  test(`no command line: ${args.join(' ')}`, () => {
    const { code, out, err } = run(...args)
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /verify <bundle\.zip/)
  })
}

test('a receipt verifies offline, and another does not', async (t) => {
  const { folder, trust, log, at } = desk(t)
  const index = at.outcome ?? 0
  const leaf = log.leaves[index] ?? assert.fail()
  const proof = await inclusionProof(BigInt(index), BigInt(log.leaves.length), (level, place) => {
    const span = 2 ** level
    const start = Number(place) * span
    return treeHash(log.leaves.slice(start, start + span))
  })
  const about = { index: BigInt(index), proof, checkpoint: log.checkpoint() }
  const file = join(folder, 'receipt')
  writeFileSync(file, formatProof({ ...about, extra: leaf }))
  const { code, out } = run('verify-proof', file, '--trust', trust)
  assert.equal(code, 0)
  assert.match(out, /"type":"call\.outcome"/)
  assert.match(out, new RegExp(`Record ${index} of log\\.example/gateway is in its log`))
  const json = JSON.parse(run('verify-proof', file, '--trust', trust, '--json').out)
  assert.deepEqual([json.ok, json.index, json.witnesses[0].name], [true, index, 'w0'])
  writeFileSync(file, formatProof({ ...about, extra: log.leaves[0] ?? assert.fail() }))
  assert.equal(run('verify-proof', file, '--trust', trust).code, 7)
  writeFileSync(file, formatProof(about))
  assert.equal(run('verify-proof', file, '--trust', trust).code, 7)
  const entry = join(folder, 'entry')
  writeFileSync(entry, leaf)
  assert.equal(run('verify-proof', file, '--trust', trust, '--entry', entry).code, 0)
})

test('a log behind a web server verifies, without what a server cannot list', async (t) => {
  const { files, trust } = desk(t)
  const server = createServer((request, response) => {
    const bytes = files.get(request.url?.slice('/log/'.length) ?? '')
    if (bytes && request.url !== '/log/bundle.json') response.end(bytes)
    else response.writeHead(404).end()
  })
  t.after(() => server.close())
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const child = await runLive('verify', `http://127.0.0.1:${port}/log`, '--trust', trust, '--json')
  const verdict = JSON.parse(child.out)
  assert.deepEqual([child.code, verdict.ok], [0, true], child.out)
  const checkpoints = verdict.checks.find(({ check }: { check: string }) => check === 'checkpoints')
  assert.equal(checkpoints.state, 'not-checked')
  server.close()
  server.closeAllConnections()
  assert.equal((await runLive('verify', `http://127.0.0.1:${port}/log`, '--trust', trust)).code, 1)
})

test('a folder shows nothing from outside of it', async (t) => {
  const { bundle } = desk(t)
  const source = await openSource(bundle)
  for (const path of ['../trust.txt', '/etc/passwd', 'tile/../../trust.txt']) {
    await assert.rejects(source.read(path, 100), { code: 'source-path' })
  }
  symlinkSync('/etc', join(bundle, 'leaf'))
  const listed: string[] = []
  for await (const path of source.list() ?? []) listed.push(path)
  assert.ok(listed.includes('checkpoint') && !listed.some((path) => path.startsWith('leaf/')))
})

test('a folder is made of files: links, pipes and devices are refused unread', async (t) => {
  const { folder, bundle, trust, files } = desk(t)
  const source = await openSource(bundle)
  symlinkSync(join(bundle, 'checkpoint'), join(bundle, 'link'))
  symlinkSync('/dev/zero', join(bundle, 'device'))
  symlinkSync('nowhere', join(bundle, 'broken'))
  symlinkSync(bundle, join(bundle, 'again'))
  assert.equal(spawnSync('mkfifo', [join(bundle, 'pipe')]).status, 0)
  mkdirSync(join(bundle, 'folder'))
  for (const path of ['link', 'device', 'broken', 'pipe', 'folder', 'again/checkpoint']) {
    await assert.rejects(source.read(path, 1 << 20), { code: 'source-irregular' }, path)
  }
  const { length } = files.get('checkpoint') ?? assert.fail()
  assert.equal((await source.read('checkpoint', length))?.length, length)
  await assert.rejects(source.read('checkpoint', length - 1), { code: 'source-too-large' })
  await assert.rejects(openSource(join(bundle, 'pipe')), { code: 'source-irregular' })
  rmSync(join(bundle, 'bundle.json'))
  assert.equal(spawnSync('mkfifo', [join(bundle, 'bundle.json')]).status, 0)
  const { code, out } = run('verify', bundle, '--trust', trust)
  assert.equal(code, 7)
  assert.match(out, /file-unreadable\s+bundle\.json/)
  assert.equal(run('verify', join(folder, 'trust.txt'), '--trust', trust).code, 7)
})

/** Folders deeper than a path may be long. */
function nestBelow(folder: string): void {
  const script = 'for (let n = 0; n < 2100; n += 1) { fs.mkdirSync("dd"); process.chdir("dd") }'
  assert.equal(spawnSync(process.execPath, ['-e', script], { cwd: folder }).status, 0)
}

/** Without blocking this process, which is the server. */
async function runLive(...args: readonly string[]): Promise<Ran> {
  const { execFile } = await import('node:child_process')
  return new Promise((done) => {
    execFile(process.execPath, [bin, ...args], (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? null : 0, out, err })
    })
  })
}
