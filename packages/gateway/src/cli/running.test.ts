import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

/**
 * The whole of it with the real program: a gateway made by `init` and run by `serve`, two people, a key,
 * an upstream. The cases run in order and tell one story.
 */
const bin = join(import.meta.dirname, '../../bin/sallyport.js')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-cli-'))
const base = { PATH: process.env.PATH, HOME: folder, NO_COLOR: '1' }

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string }

function start(args: readonly string[], env: Record<string, string | undefined>): ChildProcess {
  return spawn(process.execPath, [bin, ...args], { cwd: folder, env: { ...base, ...env } })
}

function run(
  args: readonly string[],
  env: Record<string, string | undefined> = {},
  input = '',
): Promise<Ended> {
  const child = start(args, env)
  child.stdin?.end(input)
  return ended(child)
}

function ended(child: ChildProcess): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (text) => (stdout += text))
  child.stderr?.on('data', (text) => (stderr += text))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}

/** Resolves with the first match in what this stream says; rejects when it ends without one. */
function saying(child: ChildProcess, from: 'stdout' | 'stderr', pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child[from]?.on('data', (more) => {
      text += more
      const found = pattern.exec(text)
      if (found) resolve(found[1] ?? found[0])
    })
    child.on('close', () => reject(new Error(`it never said ${pattern}, but: ${text}`)))
  })
}

let upstream: Server
let gateway: ChildProcess
let gatewayEnded: Promise<Ended>
let keys: string[]
const reached: string[] = []
const dana: Record<string, string> = { XDG_CONFIG_HOME: join(folder, 'dana') }
const alex: Record<string, string> = { XDG_CONFIG_HOME: join(folder, 'alex') }
const caller: Record<string, string> = {}
let approval = ''
let session = ''

before(async () => {
  upstream = createServer((request, response) => {
    reached.push(`${request.method} ${request.url}`)
    response.setHeader('content-type', 'application/json')
    response.end('{"id":"7","name":"\\u001b[2Jpainted","email":"maria@mail.example"}')
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const address = upstream.address()
  assert.ok(address !== null && typeof address === 'object')
  const made = await run([
    ...['init', 'gw', '--upstream', `http://127.0.0.1:${address.port}`],
    ...['--operator', 'dana', '--approver', 'alex'],
  ])
  assert.equal(made.code, 0, made.stderr)
  keys = made.stdout.trim().split('\n')
  const functions = join(folder, 'gw/rulebook/functions/api.yaml')
  const text = readFileSync(functions, 'utf8')
  writeFileSync(
    functions,
    text.replace('    http: DELETE', '    deferrable: true\n    http: DELETE'),
  )
  // A server that is never there.
  writeFileSync(
    join(folder, 'gw/rulebook/connections/desk.yaml'),
    'id: desk\nprotocol: mcp\nupstream: http://127.0.0.1:1/mcp\ncredential: none\n',
  )
  gateway = start(['serve', '--config', 'gw/gateway.yaml'], {
    SALLYPORT_LISTEN_PORT: '0',
    SALLYPORT_ADMIN_PORT: '0',
    SALLYPORT_HOME: 'memory',
  })
  gatewayEnded = ended(gateway)
  const [url, adminUrl, mcpUrl] = await Promise.all([
    saying(gateway, 'stderr', /Calls\s+(http:\S+)\n/),
    saying(gateway, 'stderr', /Admin API\s+(http:\S+)\n/),
    saying(gateway, 'stderr', /MCP\s+(http:\S+)\n/),
  ])
  assert.equal(mcpUrl, `${url}/mcp`)
  caller.SALLYPORT_URL = url
  dana.SALLYPORT_ADMIN_URL = adminUrl
  alex.SALLYPORT_ADMIN_URL = adminUrl
})

after(async () => {
  gateway?.kill('SIGKILL')
  upstream?.close()
  upstream?.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
})

function check(got: Ended, want: { code: number; stdout?: RegExp; stderr?: RegExp }): void {
  assert.equal(got.code, want.code, `${got.stderr}\n${got.stdout}`)
  if (want.stdout) assert.match(got.stdout, want.stdout)
  if (want.stderr) assert.match(got.stderr, want.stderr)
}

test('nobody is signed in at first', async () => {
  check(await run(['calls', 'ls'], dana), { code: 4, stderr: /sallyport login/ })
})

test('a wrong operator key signs nobody in', async () => {
  const got = await run(['login', '--operator-key-stdin'], dana, 'spo_wrong\n')
  check(got, { code: 4, stderr: /Sign in first|not accepted/ })
})

test('both people sign in', async () => {
  for (const [at, [name, env]] of Object.entries({ dana, alex }).entries()) {
    const got = await run(['login', '--operator-key-stdin'], env, `${keys[at]}\n`)
    check(got, { code: 0, stderr: new RegExp(`operator:${name}`) })
  }
  check(await run(['whoami'], dana), { code: 0, stdout: /roles +admin/ })
})

test('a key is made, shown once and listed without itself', async () => {
  const wanted = ['--name', 'bot', '--kind', 'agent', '--group', 'team', '--scope', 'api.*']
  const got = await run(['keys', 'create', ...wanted, '--expires', '1h'], dana)
  check(got, { code: 0, stdout: /^spk_\w+\n$/ })
  caller.SALLYPORT_TOKEN = got.stdout.trim()
  const listed = await run(['keys', 'ls'], dana)
  check(listed, { code: 0, stdout: /bot .*✓ live/ })
  assert.doesNotMatch(listed.stdout, /spk_/)
})

test('a call is masked; only its body is on stdout', async () => {
  const got = await run(['call', 'api.item.get', '-d', '{"id":"7"}', '--rulebook', 'gw'], caller)
  check(got, { code: 0, stdout: /^\{"id":"7".*"email":"m\*+mple"\}$/ })
  assert.deepEqual(reached.splice(0), ['GET /items/7'])
})

test('arguments cannot leave their place in the path', async () => {
  const got = await run(
    ['call', 'api.item.get', '-d', '{"id":"../../admin"}', '--rulebook', 'gw'],
    caller,
  )
  check(got, { code: 1, stderr: /request-malformed/ })
  assert.deepEqual(reached, [])
})

test('a call without proof is not made', async () => {
  const env = { ...caller, SALLYPORT_TOKEN: undefined }
  const got = await run(['call', 'api.item.get', '-d', '{"id":"7"}', '--rulebook', 'gw'], env)
  check(got, { code: 4, stderr: /keys create/ })
})

async function digestOf(id: string): Promise<string> {
  const got = await run(['approvals', 'get', id, '-o', 'json'], alex)
  return JSON.parse(got.stdout).digest
}

test('a call that needs a person is held', async () => {
  const got = await run(
    ['call', 'api.item.delete', '-d', '{"id":"7"}', '--rulebook', 'gw', '--wait', '0s'],
    caller,
  )
  check(got, { code: 6, stderr: /approval-required/ })
  approval = /approvals approve (\S+)/.exec(got.stderr)?.[1] ?? ''
  assert.notEqual(approval, '')
  assert.deepEqual(reached, [])
})

test('who made the key may not approve its call', async () => {
  const args = ['approvals', 'approve', approval, '--yes', '--digest', await digestOf(approval)]
  check(await run(args, dana), { code: 5, stderr: /own-call/ })
})

test('another person sees what would run, and approves', async () => {
  check(await run(['approvals', 'ls'], alex), { code: 0, stdout: /api\.item\.delete .*may vote/ })
  const args = ['approvals', 'approve', approval, '--reason', 'agreed']
  // With nobody to ask, a yes names what was looked at.
  check(await run(args, alex), { code: 2, stderr: /--yes --digest/ })
  check(await run([...args, '--yes'], alex), { code: 2, stderr: /--yes --digest/ })
  const other = await run([...args, '--yes', '--digest', 'other'], alex)
  check(other, { code: 1, stderr: /its digest is another/ })
  const digest = await digestOf(approval)
  const got = await run([...args, '--yes', '--digest', digest], alex)
  check(got, { code: 0, stderr: /DELETE \/items\/7|"id": "7"/ })
  assert.match(got.stderr, /on behalf of +key:key_\w+ \(agent, in team\)/)
  assert.match(got.stderr, /No call of this function was approved before/)
})

test('the approved call is made once', async () => {
  const args = ['call', 'api.item.delete', '-d', '{"id":"7"}', '--rulebook', 'gw']
  check(await run([...args, '--approval', approval], caller), { code: 0 })
  check(await run([...args, '--approval', approval], caller), {
    code: 5,
    stderr: /approval-unusable/,
  })
  assert.deepEqual(reached.splice(0), ['DELETE /items/7'])
})

const deletion = (id: string, ...more: readonly string[]) => [
  ...['call', 'api.item.delete', '-d', `{"id":"${id}"}`, '--rulebook', 'gw', ...more],
]

async function answerTo(id: string, ...how: readonly string[]): Promise<void> {
  const digest = await digestOf(id)
  check(await run(['approvals', ...how, id, '--yes', '--digest', digest], alex), { code: 0 })
}

test('a call that waits is made by itself once it is approved', async () => {
  const child = start(deletion('20', '--wait', '5m'), caller)
  const callEnded = ended(child)
  await approvePending('20')
  check(await callEnded, { code: 0, stdout: /^\{"id":"7".*\}$/ })
  assert.deepEqual(reached.splice(0), ['DELETE /items/20'])
})

test('longer than a call is held, it follows its question', async () => {
  // Asked before, so that it is not held again but comes back as a ticket.
  const asked = await run(deletion('21', '--async'), caller)
  check(asked, { code: 6, stderr: /approvals approve apr_/ })
  const { approval: id, status_url: url } = JSON.parse(asked.stdout)
  assert.equal(url, `/.sallyport/approvals/${id}`)
  const child = start(deletion('21', '--approval', id, '--wait', '5m'), caller)
  const callEnded = ended(child)
  await saying(child, 'stderr', /apr_\S+ waits for people: 0 of 1 approvers/)
  await answerTo(id, 'approve')
  check(await callEnded, { code: 0, stdout: /^\{"id":"7".*\}$/ })
  assert.deepEqual(reached.splice(0), ['DELETE /items/21'])
})

test('a call that waits and is denied says so', async () => {
  const asked = await run(deletion('22', '--async'), caller)
  const { approval: id } = JSON.parse(asked.stdout)
  const child = start(deletion('22', '--approval', id, '--wait', '5m'), caller)
  const callEnded = ended(child)
  await saying(child, 'stderr', /(waits for people)/)
  await answerTo(id, 'deny', '--reason', 'no')
  check(await callEnded, { code: 5, stderr: /approval-denied/ })
  assert.deepEqual(reached, [])
})

test('a deferred call is made without its caller, who fetches the result', async () => {
  const asked = await run(deletion('23', '--defer'), caller)
  check(asked, { code: 6, stderr: /--result apr_/ })
  const { approval: id } = JSON.parse(asked.stdout)
  const fetching = ['call', 'api.item.delete', '--result', id]
  check(await run(fetching, caller), { code: 6, stdout: /"state":"pending"/ })
  const child = start([...fetching, '--wait', '5m'], caller)
  const fetched = ended(child)
  await saying(child, 'stderr', /(waits for people)/)
  await answerTo(id, 'approve')
  check(await fetched, { code: 0, stdout: /^\{"id":"7".*\}$/ })
  assert.deepEqual(reached.splice(0), ['DELETE /items/23'])
})

test('how a call waits is said in one way', async () => {
  check(await run(deletion('24', '--async', '--wait', '5m'), caller), { code: 2 })
  const terms = 'window; uses=2'
  const got = await run(deletion('24', '--clearance', terms), caller)
  check(got, { code: 1, stderr: /Sallyport-Clearance/ })
})

/** Answers the question about this item as soon as it is asked. */
async function approvePending(item: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const listed = await run(['approvals', 'ls', '-o', 'json'], alex)
    for (const { id } of JSON.parse(listed.stdout)) {
      const shown = await run(['approvals', 'get', id], alex)
      if (shown.stdout.includes(`"${item}"`)) return answerTo(id, 'approve')
    }
  }
  assert.fail('it was never asked')
}

test('calls and sessions are listed', async () => {
  check(await run(['calls', 'ls'], dana), { code: 0, stdout: /◐ masked +api\.item\.get/ })
  const lines = await run(['calls', 'ls', '-o', 'json'], dana)
  const { id } = JSON.parse(lines.stdout).find(
    (one: { masked: unknown[] }) => one.masked.length > 0,
  )
  const shown = await run(['calls', 'get', id], dana)
  check(shown, { code: 0, stdout: /masked +1 × \S+ by api\.item\.get#\S+ [0-9a-f]{16} \(/ })
  const got = await run(['sessions', 'ls', '-o', 'json'], dana)
  check(got, { code: 0 })
  session = JSON.parse(got.stdout)[0].id
})

test('a list that goes on says so', async () => {
  const got = await run(['calls', 'ls', '--limit', '1', '-o', 'jsonl'], dana)
  check(got, { code: 0, stderr: /there are more/ })
  assert.equal(got.stdout.trim().split('\n').length, 1)
})

test('a session is replayed: what was masked, held, approved and by whom', async () => {
  const got = await run(['sessions', 'replay', session], dana)
  check(got, { code: 0, stdout: /masked +1 × \$\.\.email by api\.item\.get#\$\.\.email/ })
  assert.match(got.stdout, /approval +by operator:alex, held .* \(/)
  assert.match(got.stdout, /decision +permitted: team-uses-items/)
  const lines = await run(['sessions', 'replay', session, '-o', 'jsonl'], dana)
  for (const line of lines.stdout.trim().split('\n'))
    assert.equal(JSON.parse(line).session, session)
})

test('calls are followed as they end', async () => {
  const tail = start(['calls', 'tail', '-o', 'jsonl'], dana)
  const tailEnded = ended(tail)
  const seen = saying(tail, 'stdout', /"function":"(api\.item\.get)"/)
  let found = false
  const done = seen.finally(() => (found = true))
  // The stream may begin after a call: calls are made until one is seen.
  while (!found) {
    await run(['call', 'api.item.get', '-d', '{"id":"8"}', '--rulebook', 'gw'], caller)
  }
  assert.equal(await done, 'api.item.get')
  tail.kill('SIGINT')
  check(await tailEnded, { code: 0 })
})

test('what waits is seen by who watches', async () => {
  const watch = start(['approvals', 'watch', '-o', 'jsonl'], alex)
  const watchEnded = ended(watch)
  const seen = saying(watch, 'stdout', /"function":"api\.item\.(delete)"/)
  const args = ['call', 'api.item.delete', '-d', '{"id":"9"}', '--rulebook', 'gw', '--wait', '1s']
  check(await run(args, caller), { code: 6 })
  assert.equal(await seen, 'delete')
  watch.kill('SIGINT')
  check(await watchEnded, { code: 0 })
  const listed = await run(['approvals', 'ls', '-o', 'json'], alex)
  const got = await run(['approvals', 'get', JSON.parse(listed.stdout)[0].id], alex)
  check(got, { code: 0, stdout: /- \/id: "23"\n +\+ \/id: "9"/ })
  // What was approved before was called, and its repetition refused.
  assert.match(got.stdout, /in 7 days +\d+ calls \(.*done 4/)
})

test('the rulebook is applied, and a broken one is not', async () => {
  check(await run(['apply'], dana), { code: 0, stderr: /in force/ })
  check(await run(['apply'], alex), { code: 5 })
  const added = join(folder, 'gw/rulebook/functions/broken.yaml')
  writeFileSync(added, 'connection: nowhere\nfunctions: []\n')
  check(await run(['apply'], dana), { code: 1, stderr: /functions\/broken\.yaml/ })
  rmSync(added)
})

test('the gateway explains its policy', async () => {
  const args = ['policy', 'explain', 'api.item.delete', '--as', 'user:corp:sam', '--group', 'team']
  const got = await run([...args, '-d', '{"id":"1"}'], dana)
  check(got, { code: 6, stdout: /held until approvers approve/ })
})

test('functions are listed and shown', async () => {
  check(await run(['functions', 'ls'], dana), { code: 0, stdout: /api\.item\.get +confidential/ })
  check(await run(['functions', 'get', 'api.item.get'], dana), { code: 0, stdout: /GET/ })
  check(await run(['functions', 'get', 'api.nothing'], dana), { code: 1 })
})

test('a locked principal calls nothing until it is unlocked', async () => {
  const listed = await run(['keys', 'ls', '-o', 'json'], dana)
  const principal = `key:${JSON.parse(listed.stdout)[0].id}`
  const lock = ['principals', 'lock', principal, '--reason', 'seen \u001b[2J']
  check(await run(lock, alex), { code: 5 })
  check(await run(lock, dana), { code: 0, stdout: /^$/, stderr: /is locked/ })
  check(await run(lock, dana), { code: 1, stderr: /no longer as you saw it/ })
  const call = ['call', 'api.item.get', '-d', '{"id":"7"}', '--rulebook', 'gw']
  check(await run(call, caller), { code: 4, stderr: /This principal is locked\./ })
  const table = await run(['principals', 'locks'], dana)
  check(table, { code: 0, stdout: /key:key_\w+ .* operator:dana +#\d+ +seen \\u\{1b\}\[2J/ })
  const line = await run(['principals', 'locks', '-o', 'jsonl'], dana)
  assert.equal(JSON.parse(line.stdout).principal, principal)
  check(await run(['principals', 'unlock', principal], dana), { code: 0 })
  check(await run(call, caller), { code: 0 })
  reached.length = 0
  check(await run(['principals', 'locks', '-o', 'json'], dana), { code: 0, stdout: /^\[\]\n$/ })
  const self = ['principals', 'lock', 'operator:dana', '--reason', 'x']
  check(await run(self, dana), { code: 5, stderr: /Nobody locks themselves/ })
})

test('a revoked key calls nothing', async () => {
  const listed = await run(['keys', 'ls', '-o', 'json'], dana)
  const [{ id }] = JSON.parse(listed.stdout)
  check(await run(['keys', 'revoke', id], dana), { code: 0 })
  const got = await run(['call', 'api.item.get', '-d', '{"id":"7"}', '--rulebook', 'gw'], caller)
  check(got, { code: 4, stderr: /unauthenticated/ })
})

test('signing out ends the session', async () => {
  check(await run(['logout'], dana), { code: 0 })
  check(await run(['whoami'], dana), { code: 4 })
})

test('doctor finds the gateway', async () => {
  const env = {
    SALLYPORT_HOME: 'memory',
    SALLYPORT_ADMIN_PORT: new URL(dana.SALLYPORT_ADMIN_URL ?? '').port,
  }
  const got = await run(['doctor', '--config', 'gw/gateway.yaml'], env)
  check(got, { code: 0, stdout: /a gateway answers/ })
})

test('SIGTERM stops the gateway in order', async () => {
  gateway.kill('SIGTERM')
  const got = await gatewayEnded
  check(got, { code: 0, stderr: /Stopped\./ })
  const after = await run(['whoami'], alex)
  check(after, { code: 9, stderr: /cannot be reached/ })
})
