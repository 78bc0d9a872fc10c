import assert from 'node:assert/strict'
import type { Gate } from '../src/call/gate.ts'
import type { InForce } from '../src/call/in-force.ts'
import { govern } from '../src/call/pipeline.ts'
import { Refusal } from '../src/call/refusal.ts'
import type { ApprovalUsed, Call, Outcome, Reading } from '../src/call/stage.ts'
import type { Decision } from '../src/model/decision.ts'
import { callOf, httpOutboundOf } from './call-stages.ts'
import {
  grantsOf,
  httpConnectionOf,
  httpFunctionOf,
  inForceOf,
  principalOf,
} from './rulebook-parts.ts'

/** One call, and what is otherwise than where everything says yes. */
export type Case = {
  readonly gate?: Partial<Gate>
  readonly rules?: Partial<InForce>
  readonly call?: Partial<Call>
  readonly chunks?: readonly string[]
  readonly mediaType?: string
  /** How many chunks the caller reads before leaving; absent: all of them. */
  readonly reads?: number
}

/** What happens, in its order: what the gate was asked to do, what the upstream sends, what the caller sees. */
export type Row = readonly [name: string, given: Case, expected: readonly string[]]

/** The only place that drives the pipeline. */
export async function check(given: Case, expected: readonly string[]): Promise<void> {
  const log: string[] = []
  const world = {
    log,
    revoke: new AbortController(),
    grants: new AbortController(),
    chunks: given.chunks ?? ['ab', 'cd'],
    ...(given.mediaType && { mediaType: given.mediaType }),
  }
  const gate = { ...openGate(world, rulesWith(given.rules)), ...given.gate }
  const call = callOf({ admit: () => {}, read: async () => reading, ...given.call })
  try {
    const reply = await govern(gate, call)
    if (reply.review) log.push(`review ${reply.review}`)
    const body = reply.body[Symbol.asyncIterator]()
    for (let read = 0; read < (given.reads ?? Number.POSITIVE_INFINITY); read++) {
      const { done, value } = await body.next()
      if (done) break
      log.push(`caller reads ${Buffer.from(value)}`)
    }
    if (given.reads !== undefined) await body.return?.()
    else log.push(`replied ${reply.record.index}`)
  } catch (thrown) {
    assert.ok(thrown instanceof Refusal)
    log.push(`refused ${thrown.code}`)
  }
  assert.deepEqual(log, expected)
}

type World = {
  readonly log: string[]
  /** Takes back what the call has claimed. */
  readonly revoke: AbortController
  /** Takes back the grant it is made by. */
  readonly grants: AbortController
  readonly chunks: readonly string[]
  readonly mediaType?: string
}

/** A gate where everything says yes. Whatever it does to the outside world leaves a line in the log. */
function openGate(world: World, inForce: InForce): Gate {
  const { log, revoke, grants } = world
  let index = 0
  const append = async (line: string) => {
    log.push(line)
    return { origin: 'test', index: index++ }
  }
  return {
    micros: () => 0,
    turn: async () => {},
    now: () => 1000,
    newId: () => 'call-1',
    identify: async () => principalOf(),
    rules: () => inForce,
    rulesEnding: () => false,
    freshness: () => ({ state: 'FRESH', tier: 'low', when: [] }),
    timedGrants: () => [],
    isHeld: () => undefined,
    sessionLabels: () => assert.fail('these rules know no labels'),
    duties: () => assert.fail('no duty is touched'),
    revokedGrant: () => grants.signal,
    onWire: (connection, stated) => log.push(`${connection} says it has ${stated}`),
    claimStanding: async () => undefined,
    approvalGiven: () => assert.fail('nobody repeats anything'),
    openApproval: async () => ({ id: 'apr_1', digest: 'd' }),
    awaitVerdict: async () => ({ state: 'approved' }),
    claimClearance: async (_, id) => {
      log.push(`claimed ${id}`)
      return { ...used, id, revoked: revoke.signal }
    },
    clearanceDone: ({ clearance }, id, until) =>
      log.push(`${clearance} let go by ${id}${until ? ', but not by its watch' : ''}`),
    holdMs: { default: 10, max: 100 },
    appendIntent: () => append('intent'),
    appendOutcome: (_, outcome) => append(describe(outcome)),
    appendChunk: (_, soFar) => append(`chunk up to ${soFar.bytes}`),
    appendDenial: (at, refusal) => append(`denied ${refusal.code} at ${at.stage}`),
    credential: async () => ({ kind: 'none', echoes: [] }),
    forward: async () => ({
      state: 'raw',
      fragment: false,
      head: { status: 200, headers: [], mediaType: world.mediaType ?? 'application/json' },
      body: chunks(world),
    }),
    commitStream: () => {
      let bytes = 0
      return {
        update: (more) => {
          bytes += more.length
        },
        soFar: () => ({ salt: new Uint8Array(), hmac: new Uint8Array(), bytes }),
      }
    },
    logFault: () => {},
    maskKey: new Uint8Array(32),
    limits: { heldResultBytes: 8, chunkCommitBytes: 4 },
  }
}

const describe = (outcome: Outcome) =>
  `outcome ${outcome.ending}${outcome.streamed ? ` streamed ${outcome.streamed.bytes}` : ''}`

async function* chunks({ log, revoke, grants, chunks: texts }: World) {
  try {
    for (const text of texts) {
      if (text === 'BREAK') throw new Refusal('upstream-failed')
      // As the forwarder does when its signal says that nobody wants the answer any more.
      if (text === 'REVOKED') {
        revoke.abort()
        throw new Refusal('caller-left')
      }
      if (text === 'UNGRANTED') {
        grants.abort()
        throw new Refusal('caller-left')
      }
      if (text === 'LEFT') throw new Refusal('caller-left')
      log.push(`upstream sends ${text}`)
      yield encoder.encode(text)
    }
  } finally {
    log.push('upstream let go')
  }
}

const encoder = new TextEncoder()

/** What was claimed, but for what revokes it. */
export const used: Omit<ApprovalUsed, 'revoked'> = {
  ...{ id: 'apr_1', clearance: 'clr_1', by: ['corp:dana'], groups: ['approvers'] },
}

const described = {
  ...{ id: 'crm.customer.get', owner: 'team-crm' },
  http: { method: 'GET', path: '/customers/{id}', places: { id: 'path' }, body: 'none' },
} as const

/** The call as it is read unless a row says otherwise, of a function that may be other in this. */
export function readingOf(changes: Parameters<typeof httpFunctionOf>[0] = {}): Reading {
  return {
    fn: httpFunctionOf({ ...described, ...changes }),
    connection: httpConnectionOf({ id: 'crm' }),
    args: { values: { id: 'c-1' }, bytes: encoder.encode('GET'), mediaType: 'message/http' },
    outbound: httpOutboundOf({ path: '/customers/c-1' }),
    rewrite: () => assert.fail('nothing is masked from anybody here'),
  }
}

const reading = readingOf()

export const permit: Decision = {
  effect: 'permit',
  reasons: [],
  grants: grantsOf('corp:sam', 'support-read'),
}
export const held: Decision = { ...permit, effect: 'hold', approverGroups: ['approvers'] }
export const forbid: Decision = { effect: 'forbid', reasons: [], errors: [] }
export const approvable: InForce['decide'] = ({ approvedBy }) =>
  approvedBy.includes('approvers') ? permit : held

/** Rules that permit everything and hide nothing. */
export function rulesWith(changes: Partial<InForce> = {}): InForce {
  return inForceOf(
    { functions: [reading.fn], connections: [reading.connection] },
    { decide: () => permit, ...changes },
  )
}

export const fails = (): Promise<never> => Promise.reject(new Error('boom'))

/** A proof that is accepted so many times. */
export function countsFor(
  times: number,
  thrown: Error = new Refusal('unauthenticated'),
): Partial<Gate> {
  let left = times
  return { identify: async () => (left-- > 0 ? principalOf() : Promise.reject(thrown)) }
}

export const streaming: Case = { mediaType: 'text/event-stream', chunks: ['ab', 'cd'] }

export const done: readonly string[] = ['intent', 'upstream let go', 'outcome done', 'replied 1']
export const approvedDone: readonly string[] = [
  'claimed apr_1',
  ...done.slice(0, 3),
  'clr_1 let go by call-1',
  'replied 1',
]
