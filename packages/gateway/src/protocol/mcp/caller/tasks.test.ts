import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeferredResult, Question } from '../../../call/follow-up.ts'
import { Refusal } from '../../../call/refusal.ts'
import type { Reply } from '../../../call/stage.ts'
import type { Principal } from '../../../model/principal.ts'
import { openTasks, type TaskMethod } from './tasks.ts'

const principal: Principal = {
  subject: { kind: 'user', id: 'corp:sam', groups: [] },
  actors: [],
  authentication: { method: 'oidc', issuer: 'corp', credential: 'sha256:0', expiresAt: 9e12 },
  session: 'ses_1',
}
const stranger: Principal = { ...principal, subject: { ...principal.subject, id: 'corp:eve' } }

const waiting: Question = {
  id: 'apr_1',
  state: 'PENDING',
  digest: 'd',
  terms: { kind: 'call' },
  callId: 'c1',
  functionId: 'pay.refund',
  createdAt: 1_000,
  decideBy: 61_000,
  delivery: 'deferred',
  revision: 1,
  steps: [{ name: 'one', groups: ['finance'], have: 0, need: 1, open: true }],
  clearance: undefined,
  deferral: { state: 'WAITING', keptUntil: 91_000 },
  isOver: false,
}
const settled = (state: Question['state']): Question => ({
  ...waiting,
  state,
  deferral: { state: 'DONE', keptUntil: 91_000, endedAt: 5_000 },
})

function reply(body: string): Reply {
  return {
    state: 'witnessed',
    head: { status: 200, headers: [], mediaType: 'application/json' },
    callId: 'c2',
    record: { origin: 'log', index: 3 },
    length: undefined,
    body: (async function* () {
      yield Buffer.from(body.slice(0, 5))
      yield Buffer.from(body.slice(5))
    })(),
  }
}

function openHouse(found: DeferredResult) {
  const withdrawn: string[] = []
  const own = (asker: Principal) => asker.subject.id === principal.subject.id
  const tasks = openTasks({
    key: new Uint8Array(32).fill(3),
    now: () => 2_000,
    followUps: {
      question: async (_, asker) => (own(asker) ? found.question : undefined),
      result: async (callId, asker) => (callId === 'c1' && own(asker) ? found : undefined),
      withdraw: async (id, asker) => {
        if (!own(asker)) return undefined
        withdrawn.push(id)
        return found.question
      },
    },
    refused: ({ code }) =>
      Buffer.from(JSON.stringify({ result: { content: [], isError: true, refusal: code } })),
    serverInfo: { name: 's' },
  })
  const ask = async (method: TaskMethod, taskId: unknown, asker = principal, endpoint = '') => {
    const params = { taskId: String(taskId) }
    const answer = await tasks.answer({ method, params, endpoint }, asker)
    return 'code' in answer ? answer.code : JSON.parse(Buffer.from(answer).toString('utf8')).result
  }
  return { tasks, ask, withdrawn }
}

const base = {
  createdAt: '1970-01-01T00:00:01.000Z',
  ttlMs: 90_000,
  pollIntervalMs: 2_100,
}
const resultType = 'complete'
const _meta = {
  'io.modelcontextprotocol/serverInfo': { name: 's' },
  'io.sallyport/record': 'log#3',
  'io.sallyport/call': 'c2',
}
const ended = { ...base, lastUpdatedAt: '1970-01-01T00:00:05.000Z' }

const rows: readonly (readonly [string, DeferredResult, object | number])[] = [
  [
    'it waits',
    { state: 'waiting', question: waiting },
    {
      ...base,
      status: 'working',
      statusMessage: 'This call waits for the approval of finance (apr_1).',
      lastUpdatedAt: base.createdAt,
    },
  ],
  [
    'it is being made',
    { state: 'running', question: { ...waiting, state: 'APPROVED' } },
    {
      ...base,
      status: 'working',
      statusMessage: 'It was approved, and is being made.',
      lastUpdatedAt: base.createdAt,
    },
  ],
  [
    'it was made',
    { state: 'done', question: settled('APPROVED'), reply: reply('{"result":{"n":1}}') },
    { ...ended, status: 'completed', result: { n: 1, _meta, resultType } },
  ],
  [
    'it was made, and said more on the way',
    {
      state: 'done',
      question: settled('APPROVED'),
      reply: reply('{"method":"notifications/progress","params":{}}\n{"result":{"n":2}}\n'),
    },
    { ...ended, status: 'completed', result: { n: 2, _meta, resultType } },
  ],
  [
    'it was made, and its upstream speaks for the gateway',
    {
      state: 'done',
      question: settled('APPROVED'),
      reply: reply(
        '{"result":{"content":[{"type":"resource_link","uri":"a://b"}],"inputRequests":{},"_meta":{"io.sallyport/refusal":{}}}}',
      ),
    },
    {
      ...{ ...ended, status: 'completed' },
      result: { content: [{ type: 'resource_link', uri: 'pay+a://b' }], _meta, resultType },
    },
  ],
  [
    'its upstream answered with an error',
    {
      state: 'done',
      question: settled('APPROVED'),
      reply: reply('{"error":{"code":-32602,"message":"no"}}'),
    },
    { ...ended, status: 'failed', error: { code: -32602, message: 'no' } },
  ],
  [
    'people said no',
    { state: 'refused', question: settled('DENIED'), refusal: new Refusal('approval-denied') },
    {
      ...ended,
      status: 'completed',
      result: { content: [], isError: true, refusal: 'approval-denied' },
    },
  ],
  [
    'nobody answered',
    { state: 'refused', question: settled('EXPIRED'), refusal: new Refusal('approval-unusable') },
    {
      ...ended,
      status: 'completed',
      result: { content: [], isError: true, refusal: 'approval-unusable' },
    },
  ],
  [
    'its caller took it back',
    { state: 'refused', question: settled('WITHDRAWN'), refusal: new Refusal('approval-unusable') },
    { ...ended, status: 'cancelled' },
  ],
  ['it is forgotten', { state: 'forgotten', question: settled('APPROVED') }, -32602],
]
for (const [name, found, expected] of rows) {
  test(`a task is looked at: ${name}`, async () => {
    const { tasks, ask } = openHouse(found)
    const created = await tasks.created('apr_1', principal)
    assert.equal(created?.resultType, 'task')
    const seen = await ask('tasks/get', created.taskId)
    const whole = { resultType: 'complete', taskId: created.taskId }
    assert.deepEqual(seen, typeof expected === 'number' ? expected : { ...whole, ...expected })
  })
}

test("a task is its own parties' only, by an id that nobody guesses", async () => {
  const { tasks, ask, withdrawn } = openHouse({ state: 'waiting', question: waiting })
  const { taskId = '' } = (await tasks.created('apr_1', principal)) ?? {}
  assert.equal(await tasks.created('apr_1', stranger), undefined)
  assert.match(String(taskId), /^c1\.[\w-]{22}$/)
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel'] as const) {
    assert.equal(await ask(method, taskId, stranger), -32602)
    for (const other of ['c1', 'c1.AAAAAAAAAAAAAAAAAAAAAA', `${taskId}x`, `x${taskId}`, '']) {
      assert.equal(await ask(method, other), -32602)
    }
  }
  for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel'] as const) {
    assert.equal(await ask(method, taskId, principal, 'other'), -32602)
  }
  assert.deepEqual(withdrawn, [])
  assert.equal((await ask('tasks/get', taskId, principal, 'pay')).taskId, taskId)
  assert.deepEqual(await ask('tasks/update', taskId), { resultType: 'complete' })
  assert.deepEqual(withdrawn, [])
  assert.deepEqual(await ask('tasks/cancel', taskId), { resultType: 'complete' })
  assert.deepEqual(withdrawn, ['apr_1'])
})
