import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import {
  checkTrust,
  cosignatureType,
  formatVerifierKey,
  parseNote,
  parseTrust,
} from '@sallyport/evidence'
import { limits } from '../src/config/limits.ts'
import { trustText } from '../src/log/trust-text.ts'
import { openWitnesses, type Witnesses } from '../src/log/witnesses.ts'
import { deadUrl, until } from './house.ts'
import { type SmallLog, smallLog } from './small-log.ts'

/**
 * A witness that nobody here wrote: Debian's `sigsum-witness`, installed once where apt has it and lets us.
 * It cosigns only logs that are named by their key as Sigsum's are; the protocol is the same.
 */
const program = 'sigsum-witness'
const missing = install()
if (missing !== undefined) process.stderr.write(`skipped: ${program} as a peer: ${missing}\n`)
const skip = missing ?? false

test('another witness cosigns our log, over restarts', { skip }, async (t) => {
  const { log, asked, peer } = await meet(t)
  const { publish, witnesses, published, trust } = asked()
  await peer.start()
  for (const size of [1, 2, 7, 300]) {
    await publish(size)
    await until(() => Number(witnesses.witnessed()?.size ?? 0n) === size, `witnessed at ${size}`)
  }
  await until(() => parseNote(published()).signatures.length === 2, 'published')
  const trusted = await checkTrust(published(), parseTrust(trust))
  assert.deepEqual([trusted.checkpoint.origin, trusted.witnesses.length], [log.signer.name, 1])
  await peer.stop()
  await publish(301)
  await peer.start()
  await until(() => witnesses.witnessed()?.size === 301n, 'caught up')
  const restarted = asked()
  await restarted.publish(301)
  await until(() => restarted.witnesses.witnessed()?.size === 301n, 'found where it is')
})

test('another witness refuses our second history', { skip }, async (t) => {
  const { asked, peer } = await meet(t)
  await peer.start()
  const honest = asked()
  await honest.publish(9)
  await until(() => honest.witnesses.witnessed()?.size === 9n, 'witnessed')
  for (const [size, history, trouble] of [
    [12, 'b', 'inconsistent'],
    [9, 'b', 'inconsistent'],
    [4, 'a', 'ahead'],
  ] as const) {
    const forked = asked()
    await forked.publish(size, history)
    await until(() => forked.witnesses.states()[0]?.trouble === trouble, `${trouble} at ${size}`)
    assert.equal(forked.witnesses.witnessed(), undefined)
  }
})

type Asked = {
  readonly witnesses: Witnesses
  readonly published: () => string
  readonly publish: (size: number, history?: string) => Promise<void>
  readonly trust: string
}

type Meeting = {
  readonly log: SmallLog
  /** A gateway's side of it that knows nothing yet. */
  readonly asked: () => Asked
  readonly peer: { readonly start: () => Promise<void>; readonly stop: () => Promise<void> }
}

async function meet(t: TestContext): Promise<Meeting> {
  const folder = mkdtempSync(join(tmpdir(), 'witness-peer-'))
  const hex = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const log = await smallLog((key) => `sigsum.org/v1/tree/${hex(key)}`)
  writeFileSync(join(folder, 'log.pub'), `${openSshPublic(log.signer.publicKey)}\n`)
  const { publicKey, text } = openSshPair()
  writeFileSync(join(folder, 'witness'), text, { mode: 0o600 })
  const url = await deadUrl()
  const name = `sigsum.org/v1/witness/${hex(publicKey)}`
  const key = formatVerifierKey({ name, type: cosignatureType, publicKey })
  const members = [{ name: 'peer', key, url }]
  const trust = trustText({
    origin: log.signer.name,
    logKeys: [log.key],
    witnesses: members,
    quorum: 'all',
  })
  let child: ChildProcess | undefined
  const stop = async () => {
    const ended = child?.exitCode === null && new Promise((resolve) => child?.on('close', resolve))
    child?.kill('SIGKILL')
    await ended
  }
  t.after(async () => {
    await stop()
    rmSync(folder, { recursive: true })
  })
  const start = async () => {
    const files = ['--log-key', 'log.pub', '--state-file', 'state', '-k', 'witness']
    child = spawn(program, [...files, new URL(url).host], { cwd: folder, stdio: 'inherit' })
    await until(() => answers(url), 'the peer listens')
  }
  return { log, asked: () => asking(t, { log, members, trust }), peer: { start, stop } }
}

function asking(
  t: TestContext,
  given: {
    readonly log: SmallLog
    readonly members: readonly { name: string; key: string; url: string }[]
    readonly trust: string
  },
): Asked {
  const { log, members, trust } = given
  let published = ''
  let told = 'a'
  const witnesses = openWitnesses({
    ...{ members, trust: () => trust, logKeys: () => [log.key], report: () => undefined },
    now: Date.now,
    limits: { ...limits, witnessRetryMs: 5, witnessRetryMsMax: 20 },
  })
  t.after(witnesses.close)
  witnesses.start({
    contradicts: async () => true,
    consistency: (from, to) => log.proof(Number(from), Number(to), told),
    addSignatures: async (note) => {
      published = note
      return true
    },
  })
  const publish: Asked['publish'] = async (size, history = 'a') => {
    told = history
    published = await log.note(size, history)
    witnesses.onPublished(published)
  }
  return { witnesses, published: () => published, publish, trust }
}

function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.end(() => resolve(true)))
    socket.on('error', () => resolve(false))
  })
}

/** The key formats of OpenSSH (its PROTOCOL.key), as this peer wants them. */
function openSshPublic(publicKey: Uint8Array): string {
  return `ssh-ed25519 ${publicBlob(publicKey).toString('base64')}`
}

function openSshPair(): { readonly publicKey: Uint8Array; readonly text: string } {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { x = '', d = '' } = privateKey.export({ format: 'jwk' })
  const publicKey = Buffer.from(x, 'base64url')
  const check = randomBytes(4)
  const secret = Buffer.concat([Buffer.from(d, 'base64url'), publicKey])
  const inner = [
    check,
    check,
    publicBlob(publicKey),
    part(secret),
    part(''),
    Buffer.of(1, 2, 3, 4, 5),
  ]
  const blob = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[part('none'), part('none'), part(''), Buffer.of(0, 0, 0, 1)],
    ...[part(publicBlob(publicKey)), part(Buffer.concat(inner))],
  ])
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? []
  const label = 'OPENSSH PRIVATE KEY'
  return {
    publicKey,
    text: `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`,
  }
}

const publicBlob = (publicKey: Uint8Array) => Buffer.concat([part('ssh-ed25519'), part(publicKey)])

function part(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}

/** Why it cannot be had; undefined when it is there. */
function install(): string | undefined {
  const works = (command: string, ...args: readonly string[]) =>
    spawnSync(command, args, { timeout: 120_000, env }).status === 0
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  if (works(program, '--help')) return undefined
  const known = spawnSync('apt-cache', ['policy', program], { encoding: 'utf8', timeout: 30_000 })
  if (known.error) return 'it is not installed, and apt is not here'
  if (!/Candidate: \d/.test(known.stdout)) return 'it is not installed, and apt does not know it'
  const become = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const [command = '', ...args] = [
    ...become,
    'apt-get',
    '-qq',
    'install',
    '-y',
    '--no-install-recommends',
    program,
  ]
  return works(command, ...args) && works(program, '--help') ? undefined : 'apt did not install it'
}
