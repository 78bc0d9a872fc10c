import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { healthyLog } from './healthy-log.ts'
import { zipOf } from './zip-writer.ts'

/** The published package, unpacked where nothing else is installed. */
const root = join(import.meta.dirname, '../../..')
const folder = mkdtempSync(join(tmpdir(), 'evidence-pack-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const installed = join(folder, 'node_modules/@sallyport/evidence')
const bin = join(installed, 'bin/evidence.js')

function run(command: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, encoding: 'utf8' })
  return { code: status, out: stdout, err: stderr }
}

before(() => {
  const packed = run(process.execPath, join(root, 'scripts/pack-evidence.mjs'), folder)
  assert.equal(packed.code, 0, packed.out + packed.err)
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  mkdirSync(installed, { recursive: true })
  const args = ['-xzf', join(folder, tarball ?? ''), '-C', installed, '--strip-components=1']
  assert.equal(run('tar', ...args).code, 0)
  rmSync(join(folder, 'package'), { recursive: true })
  const { log } = healthyLog()
  writeFileSync(join(folder, 'bundle.zip'), zipOf(log.files()))
  writeFileSync(join(folder, 'trust.txt'), log.trust())
})

test('it verifies a bundle on its own, and says what it could not', () => {
  const { code, out, err } = run(
    process.execPath,
    bin,
    'verify',
    'bundle.zip',
    '--trust',
    'trust.txt',
  )
  assert.equal(code, 0, out + err)
  assert.match(out, /decisions +not checked +\(0 examined\): Cedar is not installed here/)
  assert.match(run(process.execPath, bin, '--version').out, /^\d+\.\d+\.\d+\n$/)
})

test('its doors open, and bring their types', () => {
  writeFileSync(
    join(folder, 'use.mjs'),
    `import { parseTrust, verifyBundle } from '@sallyport/evidence'
     import { parseLeaf } from '@sallyport/evidence/parse-leaf'
     import { verifyCommand } from '@sallyport/evidence/cli'
     console.log(typeof parseTrust, typeof verifyBundle, typeof parseLeaf, typeof verifyCommand)`,
  )
  const { code, out, err } = run(process.execPath, 'use.mjs')
  assert.deepEqual([code, out], [0, 'function function function function\n'], err)
  assert.ok(existsSync(join(installed, 'dist/evidence.d.ts')))
  const names = readdirSync(join(installed, 'dist'), { recursive: true }).map(String)
  assert.deepEqual(
    names.filter((name) => /\.test\.|(?<!\.d)\.ts$/.test(name)),
    [],
  )
})

const older = ['/usr/local/bin/node', '/usr/bin/node'].find((path) => {
  const [, major = '99'] =
    /^v(\d+)\./.exec(existsSync(path) ? run(path, '--version').out : '') ?? []
  return Number(major) < 22
})
const skip = older === undefined && 'there is no Node older than 22 here'
test('an older Node is told which one is needed', { skip }, () => {
  const { code, err } = run(older ?? '', bin, 'verify', 'bundle.zip', '--trust', 'trust.txt')
  assert.equal(code, 1)
  assert.match(err, /needs Node 22\.18 or newer; this is \d+\./)
})
