import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type House, type Name, openHouse } from '../../test/admin-house.ts'
import { commitApproval } from '../../test/stored-calls.ts'
import type { Approval } from '../model/approval.ts'
import { noApprovalRules } from '../model/approval-rules.ts'

/** The real program against a real admin API, with people's sessions as their environment. */
const bin = join(import.meta.dirname, '../../bin/sallyport.js')
const window = { kind: 'window', uses: 10, forMs: 600_000, when: ['context.args.a == 1'] } as const
const twoOf = [{ flow: 'f', name: 'team', groups: ['finance'], quorum: 2, escalation: [] }]
const sure = ['--yes', '--digest', 'offer-apr_1']
const approvals = {
  ...noApprovalRules,
  breakGlass: {
    ...{ people: ['corp:dana'], functions: ['pay.*'], forMsMax: 1_800_000, acr: [], amr: ['mfa'] },
    ...{ signedInWithinMs: 300_000, reviewers: ['sales'], reviewWithinMs: 86_400_000 },
    ...{ notify: ['ops'], usesPer30Days: 2 },
  },
}

type Expected = { readonly code: number; readonly stdout?: RegExp; readonly stderr?: RegExp }

/** As a session of an operator, or as `oidc.<name>`, whose sign-in was strong and is fresh. */
async function environment(house: House, as: Name | `oidc.${Name}`) {
  const name = names.find((one) => one === as)
  return {
    ...{ PATH: process.env.PATH, NO_COLOR: '1', SALLYPORT_ADMIN_URL: house.url },
    SALLYPORT_ADMIN_TOKEN: name ? await house.signIn(name) : as,
  }
}
const names: readonly Name[] = ['root', 'ann', 'dana', 'eve']

async function check(
  house: House,
  as: Name | `oidc.${Name}`,
  { args, expected }: { readonly args: readonly string[]; readonly expected: Expected },
): Promise<string> {
  const child = spawn(process.execPath, [bin, ...args], { env: await environment(house, as) })
  const [out, err]: string[][] = [[], []]
  child.stdout.on('data', (text) => out?.push(String(text)))
  child.stderr.on('data', (text) => err?.push(String(text)))
  child.stdin.end()
  const code = await new Promise((resolve) => child.on('close', resolve))
  const [stdout, stderr] = [out?.join('') ?? '', err?.join('') ?? '']
  assert.equal(code, expected.code, `${args.join(' ')}\n${stderr}\n${stdout}`)
  if (expected.stdout) assert.match(stdout, expected.stdout)
  if (expected.stderr) assert.match(stderr, expected.stderr)
  return stdout
}

type Case = readonly [Partial<Approval>, Name, readonly string[], Expected]
const cases: Readonly<Record<string, Case>> = {
  'a list shows how far the votes are': [
    { steps: twoOf },
    'dana',
    ['ls'],
    {
      code: 0,
      stdout: /apr_1 +‖ pending +pay\.transfer +corp:bot for corp:sam +team 0\/2 .*may vote/,
    },
  ],
  'one is shown with all that a person judges it by': [
    {},
    'dana',
    ['get', 'apr_1'],
    {
      code: 0,
      stdout:
        /on behalf of +corp:sam \(user, in sales\)[\s\S]*allows +exactly this call, once[\s\S]*untrusted[\s\S]*No call of this function was approved before/,
    },
  ],
  'a yes that is not enough says what is missing': [
    { steps: twoOf },
    'dana',
    ['approve', 'apr_1', ...sure],
    { code: 0, stdout: /pending/, stderr: /Still needed: team 1\/2/ },
  ],
  'a yes to what was not looked at': [
    {},
    'dana',
    ['approve', 'apr_1', '--yes'],
    { code: 2, stderr: /--yes --digest/ },
  ],
  'a no': [{}, 'dana', ['deny', 'apr_1', '--reason', 'wrong'], { code: 0, stdout: /✕ denied/ }],
  'less is offered': [
    { terms: window },
    'dana',
    ['counter', 'apr_1', '--uses', '3', '--for', '5m', '--when', 'context.args.b == 2', ...sure],
    {
      code: 0,
      stdout: /approved/,
      stderr: /up to 3 calls .* within 5m, while context\.args\.a == 1 and context\.args\.b == 2/,
    },
  ],
  'only this call is offered': [
    { terms: window },
    'dana',
    ['counter', 'apr_1', '--this-call', ...sure],
    { code: 0, stdout: /approved/, stderr: /Instead +exactly this call, once/ },
  ],
  'more is not': [
    { terms: window },
    'dana',
    ['counter', 'apr_1', '--uses', '11', ...sure],
    { code: 1, stderr: /only narrows/ },
  ],
  'less than one call is no': [
    {},
    'dana',
    ['counter', 'apr_1', '--uses', '1', ...sure],
    { code: 2, stderr: /nothing less to offer/ },
  ],
  'an approver does not take it back': [{}, 'dana', ['withdraw', 'apr_1'], { code: 5 }],
  'who asked does': [
    { subject: 'operator:eve' },
    'eve',
    ['withdraw', 'apr_1'],
    { code: 0, stdout: /withdrawn/ },
  ],
  'for somebody who did not ask': [
    {},
    'dana',
    ['approve', 'apr_1', '--for-person', 'corp:max', ...sure],
    { code: 5, stderr: /not-a-delegate/ },
  ],
}

for (const [name, [changes, as, args, expected]] of Object.entries(cases)) {
  test(`sallyport approvals: ${name}`, async (t) => {
    const house = await openHouse(t)
    await commitApproval(house.store, 'apr_1', changes)
    await check(house, as, { args: ['approvals', ...args], expected })
  })
}

test('a clearance is listed, shown and revoked', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1', { terms: window })
  const approve = ['approvals', 'approve', 'apr_1', ...sure]
  await check(house, 'dana', { args: approve, expected: { code: 0 } })
  const ls = ['clearances', 'ls', '--state', 'active', '-o', 'jsonl']
  const { id } = JSON.parse(await check(house, 'ann', { args: ls, expected: { code: 0 } }))
  const get = ['clearances', 'get', id]
  const shown = /kind +window\n[\s\S]*while +context\.args\.a == 1\n[\s\S]*uses +0\/10/
  await check(house, 'dana', { args: get, expected: { code: 0, stdout: shown } })
  const revoke = ['clearances', 'revoke', id, '--reason', 'over']
  await check(house, 'ann', { args: revoke, expected: { code: 5 } })
  await check(house, 'dana', { args: revoke, expected: { code: 0, stderr: /allows nothing/ } })
  const none = { code: 0, stdout: /^\[\]\n$/ }
  await check(house, 'ann', {
    args: ['clearances', 'ls', '--state', 'active', '-o', 'json'],
    expected: none,
  })
})

test('the glass is broken, listed and reviewed', async (t) => {
  const house = await openHouse(t, {}, approvals)
  const why = ['--incident', 'INC-42', '--reason', 'the bank waits for a recall']
  const open = ['break-glass', 'open', '--function', 'pay.*', ...why]
  const nobody = { code: 2, stderr: /Add --yes/ }
  await check(house, 'oidc.dana', { args: open, expected: nobody })
  const both = { code: 2, stderr: /either an --approval/ }
  await check(house, 'oidc.dana', { args: [...open, '--approval', 'a', '--yes'], expected: both })
  const weak = { code: 5, stderr: /not-named/ }
  await check(house, 'dana', { args: [...open, '--yes'], expected: weak })
  const done = { code: 0, stdout: /standing +open\n/, stderr: /has to review it by 2026-01-03/ }
  const out = await check(house, 'oidc.dana', { args: [...open, '--yes'], expected: done })
  const [, id = ''] = /break-glass +(\S+)/.exec(out) ?? []
  const listed = { code: 0, stdout: /open +corp:dana .*pay\.\* +INC-42/ }
  await check(house, 'eve', { args: ['break-glass', 'ls'], expected: listed })
  const review = ['break-glass', 'review', id, '--verdict', 'justified', '--notes', 'as it says']
  const reviewed = { code: 0, stdout: /review +justified, by operator:eve/ }
  await check(house, 'eve', { args: review, expected: reviewed })
})

test('a sign-in that is too old is said to be, with the cure', async (t) => {
  const rules = { ...approvals, breakGlass: { ...approvals.breakGlass, signedInWithinMs: 1_000 } }
  const house = await openHouse(t, {}, rules)
  const why = ['--incident', 'INC-42', '--reason', 'the bank waits for a recall', '--yes']
  const args = ['break-glass', 'open', '--function', 'pay.*', ...why]
  const expected = { code: 4, stderr: /sign-in-stale[\s\S]*sallyport login/ }
  await check(house, 'oidc.dana', { args, expected })
})

test('somebody votes for whoever is away, until that ends', async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1')
  const add = ['delegations', 'add', 'operator:eve', '--reason', 'on leave']
  const when = { code: 2, stderr: /either --until or --for/ }
  await check(house, 'dana', { args: add, expected: when })
  const until = ['--until', new Date(house.clock.now + 86_400_000).toISOString()]
  const made = { code: 0, stderr: /operator:eve votes for operator:dana until 2026-01-03/ }
  await check(house, 'dana', { args: [...add, ...until], expected: made })
  const shown = { code: 0, stdout: /--for-person operator:dana/ }
  await check(house, 'eve', { args: ['approvals', 'get', 'apr_1'], expected: shown })
  const listed = { code: 0 }
  const ls = ['delegations', 'ls', '-o', 'jsonl']
  const { id } = JSON.parse(await check(house, 'eve', { args: ls, expected: listed }))
  const end = ['delegations', 'end', id]
  await check(house, 'eve', { args: end, expected: { code: 5, stderr: /not-yours/ } })
  await check(house, 'dana', { args: end, expected: { code: 0 } })
})

test('on a terminal, what waits is one list that is drawn again in place', {
  timeout: 60_000,
}, async (t) => {
  const house = await openHouse(t)
  await commitApproval(house.store, 'apr_1', { steps: twoOf })
  const watch = await onTerminal(t, house, 'dana')
  if (!watch) return t.skip('there is no `script` here to make a terminal')
  await watch.shows(/apr_1 .*team 0\/2/)
  const eve = await check(house, 'dana', {
    args: ['approvals', 'approve', 'apr_1', ...sure],
    expected: { code: 0 },
  })
  assert.match(eve, /pending/)
  await watch.shows(new RegExp(`${again}[^${csiStart}]*apr_1 .*team 1/2`))
  await commitApproval(house.store, 'apr_2')
  await watch.shows(/apr_2 {2}pay\.transfer {2}waits for a person/)
  assert.equal(await watch.interrupt(), 0)
})

const csiStart = '\\u001b'
/** Cursor up, and erase what is below. */
const again = `${csiStart}\\[\\d+A${csiStart}\\[0J`

/** The program on a terminal of its own, made by `script` (util-linux); undefined where there is none. */
async function onTerminal(t: TestContext, house: House, as: Name) {
  const command = `exec "${process.execPath}" "${bin}" approvals watch`
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { ...(await environment(house, as)), TERM: 'xterm', SHELL: '/bin/sh' },
  })
  const isThere = await new Promise((resolve) => {
    child.once('spawn', () => resolve(true))
    child.once('error', () => resolve(false))
  })
  if (!isThere) return undefined
  t.after(() => child.kill('SIGKILL'))
  let text = ''
  let tell = () => {}
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.stdout.on('data', (more) => {
    text += more
    tell()
  })
  return {
    shows: async (pattern: RegExp) => {
      while (!pattern.test(text)) {
        assert.equal(child.exitCode, null, text)
        await new Promise<void>((resolve) => {
          tell = resolve
        })
      }
    },
    interrupt: () => {
      child.stdin.write('\u0003')
      return ended
    },
  }
}
