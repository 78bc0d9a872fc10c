import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listen } from '../../../test/http-port.ts'
import type { FollowUps, Question } from '../../call/follow-up.ts'
import { Refusal } from '../../call/refusal.ts'
import { limits } from '../../config/limits.ts'

const principal = {
  subject: { kind: 'user', id: 'corp:tess', groups: [] },
  actors: [],
  authentication: { method: 'oidc', issuer: 'corp', credential: '', expiresAt: 9e12 },
  session: 'ses_1',
} as const
const question: Question = {
  id: 'apr_1',
  state: 'PENDING',
  digest: 'd',
  terms: { kind: 'call' },
  callId: 'c1',
  functionId: 'pay.transfer',
  createdAt: 0,
  decideBy: 9e12,
  delivery: 'deferred',
  revision: 1,
  steps: [],
  clearance: undefined,
  deferral: undefined,
  isOver: false,
}
const head = { status: 200, headers: [], mediaType: 'application/json' }
const done = {
  state: 'done',
  question,
  reply: {
    state: 'witnessed',
    head,
    callId: 'c2',
    record: { origin: 'log', index: 1 },
    length: 2,
    body: (async function* () {
      yield new TextEncoder().encode('{}')
    })(),
  },
} as const

/** A port behind which the store and the locks are what a test says. */
async function open(
  t: { after: (end: () => Promise<void>) => void },
  changes: Partial<FollowUps>,
): Promise<string> {
  const listener = await listen(
    {
      host: '127.0.0.1',
      port: 0,
      http2: false,
      concurrentCalls: 8,
      callsPerCaller: 8,
      limits,
    },
    () => assert.fail('it is no call'),
    {
      identify: async () => principal,
      question: async () => question,
      watch: () => ({ within: async () => undefined, forget: () => undefined }),
      withdraw: async () => undefined,
      result: async () => undefined,
      ...changes,
    },
  )
  t.after(() => listener.close({ graceMs: 0 }))
  return listener.url
}
const headers = { authorization: 'Bearer x' }

test('a store that fails breaks an event stream, and nothing else', async (t) => {
  let fail: () => void = () => undefined
  let isDown = false
  const url = await open(t, {
    question: async () => {
      if (isDown) throw new Error('the database is down')
      return question
    },
    watch: () => ({
      within: () =>
        new Promise((resolve) => {
          fail = () => {
            isDown = true
            resolve()
          }
        }),
      forget: () => undefined,
    }),
  })
  const address = `${url}/.sallyport/approvals/apr_1`
  const seen = await fetch(address, { headers: { ...headers, accept: 'text/event-stream' } })
  assert.equal(seen.status, 200)
  const reading = seen.text()
  fail()
  await assert.rejects(reading)
  assert.equal((await fetch(address, { headers })).status, 500)
  isDown = false
  assert.equal((await fetch(address, { headers })).status, 200)
})

test('who is locked while they wait for a result is not given it', async (t) => {
  let locked = false
  const url = await open(t, {
    identify: async () => {
      if (locked) throw new Refusal('unauthenticated')
      return principal
    },
    result: async () => (locked ? done : { state: 'waiting', question }),
    watch: () => ({
      within: async () => {
        locked = true
      },
      forget: () => undefined,
    }),
  })
  const seen = await fetch(`${url}/.sallyport/calls/c1/result?wait=30`, { headers })
  assert.equal(seen.status, 401, await seen.text())
})
