import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { readRulebook } from '../rulebook/load.ts'

const bin = join(import.meta.dirname, '../../bin/sallyport.js')
const manifest = createRequire(import.meta.url).resolve(
  '@modelcontextprotocol/server-filesystem/package.json',
)
const server = join(dirname(manifest), 'dist/index.js')

type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string }

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const options = { env: { ...process.env, NO_COLOR: '1', ...env } }
  try {
    const asked = ['functions', 'import', 'mcp', '--connection', 'files', '--owner', 'team']
    const { stdout, stderr } = await promisify(execFile)(
      ...([process.execPath, [bin, ...asked, ...args], options] as const),
    )
    return { code: 0, stdout, stderr }
  } catch (thrown) {
    const { code, stdout, stderr } = thrown as Ended
    return { code, stdout, stderr }
  }
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'import-'))
  t.after(() => rm(path, { recursive: true, force: true }))
  return path
}

test('what a real server lists becomes functions that a rulebook takes', async (t) => {
  const path = await folder(t)
  const out = join(path, 'files.yaml')
  const imported = await run(['--out', out, '--', process.execPath, server, path])
  assert.equal(imported.code, 0, imported.stderr)
  assert.match(imported.stderr, /^✓ \d+ functions in /m)
  const text = await readFile(out, 'utf8')
  const connection =
    'id: files\nprotocol: mcp\nstdio: { command: node }\ncredential: none\nshared: true\n'
  const loaded = readRulebook({
    connections: [{ file: 'connections/files.yaml', text: connection }],
    functions: [{ file: 'functions/files.yaml', text }],
    ...{ policies: [], tests: [], masking: [], approvals: [], reviews: [], gitleaks: [] },
  })
  assert.ok(!('problems' in loaded), JSON.stringify(loaded))
  const fn = loaded.rulebook.functions.find(({ id }) => id === 'files.write_file')
  assert.deepEqual(fn?.mcp, { method: 'tools/call', name: 'write_file' })
  assert.equal(fn.risk, 'high')
  assert.match(fn.source?.digest ?? '', /^sha256:[0-9a-f]{64}$/)
  const again = await run(['--out', out, '--', process.execPath, server, path])
  assert.equal(again.code, 1)
  assert.match(again.stderr, /exists, and is left as it is/)
})

test('only what is asked for, to stdout', async (t) => {
  const path = await folder(t)
  const { code, stdout } = await run(['--include', 'list_*', '--', process.execPath, server, path])
  assert.equal(code, 0)
  const names = [...stdout.matchAll(/^ {2}- name: (\S+)/gm)].map(([, name]) => name)
  assert.ok(names.length > 1)
  assert.ok(names.every((name) => name?.startsWith('list_')))
})

const failing: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ['no server', ['--', process.execPath, '-e', 'process.exit(3)'], 1, /could not be read/],
  ['no such program', ['--', '/nowhere/server'], 1, /could not be read/],
  ['nobody listens', ['http://127.0.0.1:1/mcp'], 1, /could not be read/],
  [
    'a token that is not there',
    ['--token-env', 'ABSENT', 'http://127.0.0.1:1/mcp'],
    2,
    /ABSENT is not set/,
  ],
  ['arguments of a URL', ['http://127.0.0.1:1/mcp', 'more'], 2, /followed by nothing/],
]
for (const [name, args, code, said] of failing) {
  test(name, async () => {
    const ended = await run(args)
    assert.equal(ended.code, code, ended.stderr)
    assert.match(ended.stderr, said)
    assert.equal(ended.stdout, '')
  })
}

test('a command gets nothing of the environment but what is named', async () => {
  const says =
    'process.stderr.write(""); require("fs").writeFileSync(process.argv[1], JSON.stringify(process.env))'
  const path = await mkdtemp(join(tmpdir(), 'import-'))
  try {
    const file = join(path, 'env.json')
    const env = { IMPORT_SEEN: 'yes', IMPORT_HIDDEN: 'no' }
    await run(['--env', 'IMPORT_SEEN', '--', process.execPath, '-e', says, file], env)
    const seen = JSON.parse(await readFile(file, 'utf8'))
    assert.equal(seen.IMPORT_SEEN, 'yes')
    assert.equal(seen.IMPORT_HIDDEN, undefined)
  } finally {
    await rm(path, { recursive: true, force: true })
  }
})
