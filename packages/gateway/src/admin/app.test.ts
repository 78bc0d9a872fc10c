import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  type Asked,
  ask,
  type House,
  json,
  key,
  openHouse,
  question,
  v1,
} from '../../test/admin-house.ts'
import { limits } from '../config/limits.ts'
import { openMetrics } from './metrics.ts'

/** Every way to be told no: what was asked, the status and code, and where in the request it is wrong. */
const refused: readonly (readonly [string, string, Asked, number, string, string?])[] = [
  ['nobody', `${v1}/whoami`, {}, 401, 'unauthenticated'],
  [
    'a made-up session',
    `${v1}/whoami`,
    { headers: { authorization: 'Bearer spa_x' } },
    401,
    'unauthenticated',
  ],
  [
    'an expired token',
    `${v1}/calls`,
    { headers: { authorization: 'Bearer ey.J.x' } },
    401,
    'unauthenticated',
  ],
  [
    'no bearer',
    `${v1}/whoami`,
    { headers: { authorization: 'Basic eDp5' } },
    401,
    'unauthenticated',
  ],
  ['a sign-in without proof', `${v1}/sign-in`, { method: 'POST' }, 401, 'unauthenticated'],
  ['an unknown path', '/nowhere', {}, 404, 'not-found'],
  ['an unknown path of the API', `${v1}/nowhere`, { as: 'root' }, 404, 'not-found'],
  ['another method', '/livez', { method: 'DELETE' }, 405, 'method-refused'],
  [
    'another method of the API',
    `${v1}/functions/x`,
    { as: 'root', method: 'PUT' },
    405,
    'method-refused',
  ],
  [
    'malformed JSON',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: '{' },
    400,
    'request-invalid',
  ],
  ['no body', `${v1}/keys`, { as: 'root', method: 'POST' }, 400, 'request-invalid'],
  [
    'another media type',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: 'a=b', headers: { 'content-type': 'text/plain' } },
    415,
    'media-type-refused',
  ],
  [
    'a body that is too large',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: `"${'x'.repeat(1_048_576)}"` },
    413,
    'request-too-large',
  ],
  [
    'an unknown member',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: { ...key, admin: true } },
    400,
    'request-invalid',
    '',
  ],
  [
    'a member of another type',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: { ...key, scope: [1] } },
    400,
    'request-invalid',
    '/scope/0',
  ],
  [
    'a scope that covers nothing',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: { ...key, scope: ['pay.lst'] } },
    400,
    'request-invalid',
    '/scope/0',
  ],
  [
    'a key that never ends',
    `${v1}/keys`,
    { as: 'root', method: 'POST', body: { ...key, expires_at: '2999-01-01T00:00:00Z' } },
    400,
    'request-invalid',
    '/expires_at',
  ],
  [
    'a key asked for by an auditor',
    `${v1}/keys`,
    { as: 'ann', method: 'POST', body: key },
    403,
    'forbidden',
  ],
  [
    'a key that is not there',
    `${v1}/keys/key_none`,
    { as: 'root', method: 'DELETE' },
    409,
    'conflict',
  ],
  ['calls read by an approver', `${v1}/calls`, { as: 'dana' }, 403, 'forbidden'],
  ['records read by an approver', `${v1}/records/0`, { as: 'dana' }, 403, 'forbidden'],
  ['call events for an approver', `${v1}/calls/events`, { as: 'dana' }, 403, 'forbidden'],
  [
    'an apply by an auditor',
    `${v1}/rulebook/apply`,
    { as: 'ann', method: 'POST' },
    403,
    'forbidden',
  ],
  [
    'a page that is too long',
    `${v1}/calls?limit=201`,
    { as: 'ann' },
    400,
    'request-invalid',
    'limit',
  ],
  ['an unknown parameter', `${v1}/calls?functoin=x`, { as: 'ann' }, 400, 'request-invalid'],
  ['a cursor that is none', `${v1}/calls?cursor=!`, { as: 'ann' }, 400, 'cursor-invalid'],
  ['a cursor of another list', `${v1}/calls?cursor=ImEi`, { as: 'ann' }, 400, 'cursor-invalid'],
  [
    'an unknown state',
    `${v1}/approvals?state=MAYBE`,
    { as: 'dana' },
    400,
    'request-invalid',
    'state',
  ],
  ['an unknown approval', `${v1}/approvals/apr_x`, { as: 'dana' }, 404, 'not-found'],
  ['an unknown call', `${v1}/calls/x`, { as: 'ann' }, 404, 'not-found'],
  ['an unknown session', `${v1}/sessions/x`, { as: 'ann' }, 404, 'not-found'],
  ['an unknown function', `${v1}/functions/x`, { as: 'ann' }, 404, 'not-found'],
  ['a record beyond the log', `${v1}/records/999`, { as: 'ann' }, 404, 'not-found'],
  [
    'a question about no function',
    `${v1}/policy/explain`,
    { as: 'ann', method: 'POST', body: { ...question, call: 'x' } },
    400,
    'request-invalid',
    '/call',
  ],
  [
    'a resume from nowhere',
    `${v1}/calls/events`,
    { as: 'ann', headers: { 'last-event-id': 'x' } },
    400,
    'request-invalid',
    'Last-Event-ID',
  ],
]

async function check(
  house: House,
  path: string,
  asked: Asked,
  expected: readonly [number, string, string?],
) {
  const answer = await ask(house, path, asked)
  const [status, code, pointer] = expected
  const body = await json(answer)
  assert.deepEqual([answer.status, body.code], [status, code], JSON.stringify(body))
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  assert.equal(body.type, `urn:sallyport:problem:${code}`)
  assert.equal(body.status, status)
  assert.equal(body.request_id, answer.headers.get('x-request-id'))
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  if (pointer !== undefined) assert.equal(body.errors[0].pointer, pointer)
  assert.deepEqual(house.faults, [])
}

test('whatever is wrong is said as problem details', async (t) => {
  const house = await openHouse(t)
  for (const [name, path, asked, ...expected] of refused) {
    await t.test(`${name}: ${expected[1]}`, () => check(house, path, asked, expected))
  }
})

test('a person signs in, is known, and signs out; the sign-in is recorded', async (t) => {
  const house = await openHouse(t)
  const authorization = `Bearer ${await house.signIn('root')}`
  const who = await json(await ask(house, `${v1}/whoami`, { headers: { authorization } }))
  assert.deepEqual(
    [who.id, who.roles, who.method],
    ['operator:root', ['admin', 'approver'], 'operator'],
  )
  const out = await ask(house, `${v1}/sign-in`, { method: 'DELETE', headers: { authorization } })
  assert.equal(out.status, 204)
  assert.equal((await ask(house, `${v1}/whoami`, { headers: { authorization } })).status, 401)
  const leaves = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes))
  const found = leaves.find(({ type }) => type === 'admin.signed-in')
  assert.equal(found && 'by' in found && found.by, 'operator:root')
})

test('sign-in attempts are bounded for each address', async (t) => {
  const house = await openHouse(t)
  const headers = { authorization: 'Bearer spo_wrong' }
  const codes = new Set<number>()
  for (let n = 0; n <= limits.signInsPerMinute; n++) {
    codes.add((await ask(house, `${v1}/sign-in`, { method: 'POST', headers })).status)
  }
  assert.deepEqual([...codes], [401, 429])
  house.clock.now += 60_000
  await house.signIn('root')
})

test('on a loopback address a foreign host name is not answered', async (t) => {
  const house = await openHouse(t)
  const status = await new Promise((resolve, reject) => {
    const { port } = new URL(house.url)
    const sent = request({ port, path: '/livez', headers: { host: 'evil.example' } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    sent.on('error', reject).end()
  })
  assert.equal(status, 400)
})

test('probes and metrics need no sign-in and name nobody', async (t) => {
  const metrics = openMetrics({ version: '0.1.0' })
  metrics.callEnded({ ending: 'done', durationMs: 7 })
  metrics.refused('policy-denied')
  let missing: readonly string[] = []
  const house = await openHouse(t, { metrics, notReady: async () => missing })
  assert.equal((await ask(house, '/livez')).status, 200)
  assert.equal((await ask(house, '/readyz')).status, 200)
  missing = ['rulebook']
  assert.equal((await ask(house, '/readyz')).status, 503)
  const text = await (await ask(house, '/metrics')).text()
  for (const line of [
    'sallyport_calls_total{ending="done"} 1',
    'sallyport_refusals_total{code="policy-denied"} 1',
    'sallyport_call_duration_seconds_bucket{le="0.005"} 0',
    'sallyport_call_duration_seconds_bucket{le="0.01"} 1',
    'sallyport_call_duration_seconds_count 1',
    'sallyport_approvals_pending 0',
    'sallyport_records 1',
  ]) {
    assert.ok(text.split('\n').includes(line), line)
  }
})
