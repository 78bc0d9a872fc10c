import assert from 'node:assert/strict'
import { Session } from 'node:inspector/promises'
import { test } from 'node:test'
import type { Span } from '../detect/cell.ts'

/**
 * Work is counted, not timed: how often each block of this room ran, by V8's own coverage counters. A
 * byte of a text four times as long may cost a quarter more.
 */
const session = new Session()
session.connect()
await session.post('Profiler.enable')
// Blocks are counted only in what is loaded from here on.
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
const { scanSecrets } = await import('./scan.ts')

async function blocksRun(): Promise<number> {
  const { result } = await session.post('Profiler.takePreciseCoverage')
  return result
    .filter(({ url }) => /\/src\/mask\/secrets\/[\w-]+\.ts$/.test(url))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((sum, { count }) => sum + count, 0)
}

async function workPerByte(piece: string, bytes: number): Promise<number> {
  const text = Buffer.from(piece.repeat(Math.ceil(bytes / piece.length)))
  const spans: Span[] = []
  await blocksRun()
  scanSecrets({ bytes: text, from: 0, to: text.length, hint: 0, kind: 'string' }, spans)
  return (await blocksRun()) / text.length
}

const pieces: readonly string[] = [
  'x',
  '0',
  '-',
  '=',
  ' ',
  'api_',
  'a.',
  'a-',
  'A1',
  'sk-',
  'sk_',
  'ghp_',
  'xoxb-1234567890-',
  'AKIA',
  'pat.sat.hf_',
  'live_aB3d',
  'eyJ',
  'eyJhbGciOiJIUzI1NiJ9.',
  'a://',
  'a://b@',
  'a://b:c',
  'key=',
  'key ',
  'key-',
  'key: a1b2c3d4e5f6a7b8 ',
  'secret-1',
  'secret=a1',
  'token 1a2b3c4d5e ',
  'token="',
  `token='x`,
  'password="',
  'password is ',
  'password=é',
  'password=a—',
  'password: "`',
  `password='"`,
  'password="""',
  'passwordpassword',
  'Bearer ',
  '-u a:b ',
  '-u a',
  '--user=',
  'mysql -px',
  '-----BEGIN ',
  '-----BEGIN PRIVATE KEY-----',
  '-----BEGIN PRIVATE KEY-----aaaa\n',
  '$2b$',
  '$argon2id$v=19$m=1,t=1,p=1$',
  '\\n',
  '0123456789:AA',
  'hooks.slack.com/services/',
  'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8',
]
for (const piece of pieces) {
  test(`linear: ${JSON.stringify(piece)} again and again`, async () => {
    const short = await workPerByte(piece, 16_000)
    const long = await workPerByte(piece, 64_000)
    const told = `${short} for a byte, ${long} in a longer text`
    assert.ok(long <= 1.25 * short, told)
    // And bounded as such, should the shorter one be all fixed cost.
    assert.ok(long <= 200, told)
  })
}
