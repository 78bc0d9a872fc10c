import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { DeferredResult, FollowUps, Question } from '../../../call/follow-up.ts'
import type { Refusal } from '../../../call/refusal.ts'
import type { Reply } from '../../../call/stage.ts'
import { limits } from '../../../config/limits.ts'
import { isJsonObject, type JsonObject } from '../../../model/json.ts'
import type { Principal } from '../../../model/principal.ts'
import { frameOf } from '../message/json-rpc.ts'
import { membersOf } from '../message/members.ts'
import { type RpcProblem, rpcCodes } from '../message/problem.ts'
import { waitsFor } from './approval-said.ts'
import { connectionOf, isInReach } from './in-reach.ts'
import { namingAt } from './naming.ts'
import { type Dressing, dressAnswer } from './result.ts'

/** Tasks of the extension `io.modelcontextprotocol/tasks` (SEP-2663): calls that are made once people approve them. */
export type Tasks = {
  /** `CreateTaskResult` of a call that waits, which is stored already. Undefined: it is not there. */
  readonly created: (approvalId: string, principal: Principal) => Promise<JsonObject | undefined>
  /** Answers `tasks/get`, `tasks/update` and `tasks/cancel` with one frame. */
  readonly answer: (
    asked: {
      readonly method: TaskMethod
      readonly params: JsonObject
      /** Where it is asked: a task of another connection is not there. Empty: of all of them. */
      readonly endpoint: string
    },
    principal: Principal,
  ) => Promise<Uint8Array | RpcProblem>
}

export const taskMethods = ['tasks/get', 'tasks/update', 'tasks/cancel'] as const
export type TaskMethod = (typeof taskMethods)[number]

export function isTaskMethod(method: string): method is TaskMethod {
  return taskMethods.some((one) => one === method)
}

export const tasksExtension = 'io.modelcontextprotocol/tasks'

/** By the capabilities of one request: who declares it with none is given no task and asked of none. */
export function declaresTasks({ extensions }: JsonObject): boolean {
  return isJsonObject(extensions) && isJsonObject(extensions[tasksExtension])
}

/**
 * A task is a deferred call: nothing of it is kept here, so any gateway of the store answers for it, also after a
 * restart. Its id cannot be guessed, and beside that each use is by the very parties that made the call.
 */
export function openTasks({
  key,
  followUps,
  now,
  refused,
  serverInfo,
}: {
  readonly key: Uint8Array
  readonly followUps: Pick<FollowUps, 'question' | 'result' | 'withdraw'>
  readonly now: () => number
  /** What a call that was refused has for its result. */
  readonly refused: (refusal: Refusal) => Uint8Array
  readonly serverInfo: JsonObject
}): Tasks {
  const macKey = Buffer.from(hkdfSync('sha256', key, '', 'sallyport mcp task id 1', 32))
  const idOf = (callId: string) => `${callId}.${macOf(macKey, callId)}`
  const callOf = (taskId: unknown): string | undefined => {
    const [, callId = '', mac = ''] = /^([\w-]{1,64})\.([\w-]{22})$/.exec(String(taskId)) ?? []
    const expected = Buffer.from(macOf(macKey, callId))
    const given = Buffer.from(mac)
    return given.length === expected.length && timingSafeEqual(given, expected) ? callId : undefined
  }
  const shown = (question: Question) =>
    taskOf(question, { taskId: idOf(question.callId), now: now() })
  return {
    created: async (approvalId, principal) => {
      const question = await followUps.question(approvalId, principal)
      return question?.deferral && { resultType: 'task', ...shown(question) }
    },
    answer: async ({ method, params, endpoint }, principal) => {
      const callId = callOf(params.taskId)
      const found = callId === undefined ? undefined : await followUps.result(callId, principal)
      if (callId === undefined || !found) return unknownTask
      if (found.state === 'forgotten') return unknownTask
      const { question } = found
      const connection = connectionOf(question)
      if (!isInReach(question, { principal, endpoint })) return unknownTask
      if (method === 'tasks/get') {
        const naming = namingAt(endpoint)
        const hop = { method: 'tools/call', modern: true, naming, connection, serverInfo }
        const ended = await endOf(found, { refused, hop })
        return frameOf('result', withMembers({ resultType: 'complete', ...shown(question) }, ended))
      }
      if (method === 'tasks/cancel') await followUps.withdraw(question.id, principal)
      // Nothing is ever asked of the caller in between, so an update answers nothing: it is ignored, as it should be.
      return acknowledged
    },
  }
}

function macOf(key: Uint8Array, callId: string): string {
  return createHmac('sha256', key).update(callId).digest().subarray(0, 16).toString('base64url')
}

function taskOf(
  { id, steps, state, createdAt, deferral }: Question,
  { taskId, now }: { readonly taskId: string; readonly now: number },
): JsonObject {
  const isPending = state === 'PENDING'
  const groups = steps.filter(({ open }) => open).flatMap((step) => step.groups)
  const keptUntil = deferral?.keptUntil ?? createdAt
  const isOver = deferral?.endedAt !== undefined
  return {
    taskId,
    status: 'working',
    ...(isPending && { statusMessage: waitsFor(id, groups) }),
    ...(!isPending && !isOver && { statusMessage: 'It was approved, and is being made.' }),
    createdAt: timestamp(createdAt),
    lastUpdatedAt: timestamp(deferral?.endedAt ?? createdAt),
    ttlMs: Math.max(0, keptUntil - createdAt),
    // People take longer the longer they have taken.
    pollIntervalMs: Math.min(
      limits.mcpPollMsMax,
      limits.mcpPollMs + Math.max(0, Math.floor((now - createdAt) / 10)),
    ),
  }
}

type End = { readonly status: string; readonly member?: readonly [name: string, bytes: Uint8Array] }

/**
 * How it ended. What people said no to, or never answered, is completed with a result that says so: `failed` is for
 * errors of JSON-RPC (SEP-2663, task status).
 */
async function endOf(
  found: DeferredResult,
  given: { readonly refused: (refusal: Refusal) => Uint8Array; readonly hop: Dressing },
): Promise<End> {
  if (found.state === 'done') {
    const frame = await lastFrame(found.reply)
    return endOfFrame(dressAnswer(frame, found.reply, given.hop).frame)
  }
  if (found.question.state === 'WITHDRAWN') return { status: 'cancelled' }
  if (found.state !== 'refused') return { status: 'working' }
  return endOfFrame(given.refused(found.refusal))
}

function endOfFrame(frame: Uint8Array): End {
  const members = membersOf(frame)
  const result = members?.get('result')
  if (result) return { status: 'completed', member: ['result', result] }
  const error = members?.get('error') ?? Buffer.from('{"code":-32603,"message":"No result."}')
  return { status: 'failed', member: ['error', error] }
}

/** The last line of what an upstream said is its result. */
async function lastFrame({ body }: Reply): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  const end = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length
  return bytes.subarray(bytes.lastIndexOf(0x0a, end - 1) + 1, end)
}

/** The task as it stands, with the exact bytes of what came of it. */
function withMembers(task: JsonObject, { status, member }: End): Uint8Array {
  const text = Buffer.from(JSON.stringify({ ...task, status }))
  if (!member) return text
  const [name, bytes] = member
  return Buffer.concat([text.subarray(0, -1), Buffer.from(`,"${name}":`), bytes, Buffer.from('}')])
}

/** Whoever it is of: somebody else's is not there. */
const unknownTask: RpcProblem = {
  code: rpcCodes.invalidParams,
  status: 400,
  message: 'There is no such task.',
}

const acknowledged: Uint8Array = Buffer.from('{"result":{"resultType":"complete"}}')

function timestamp(at: number): string {
  return new Date(at).toISOString()
}
