import assert from 'node:assert/strict'
import type { Gate } from '../src/call/gate.ts'
import type {
  Approved,
  Authorized,
  Call,
  Guarded,
  HttpOutbound,
  Identified,
  McpExchange,
  McpOutbound,
  McpWatch,
  Recorded,
  Resolved,
  Reviewed,
} from '../src/call/stage.ts'
import {
  grantsOf,
  httpConnectionOf,
  httpFunctionOf,
  inForceOf,
  principalOf,
} from './rulebook-parts.ts'

/**
 * A call at a stage, for tests of one step or one room: whole, as the steps before would have left it, but for what a test
 * says. Each is the one before and what its step learned.
 */

/** What a test says of a call at a stage. */
type Facts<Stage extends { readonly stage: string }> = Partial<Omit<Stage, 'stage'>>

/** A call that has been read already. */
export function callOf(changes: Partial<Call> = {}): Call {
  return {
    protocol: 'http',
    proof: { kind: 'bearer', token: 't' },
    source: { protocol: 'http', ip: '127.0.0.1' },
    sessionName: undefined,
    approvalId: undefined,
    waitMs: undefined,
    traceId: undefined,
    signal: new AbortController().signal,
    admit: () => assert.fail('it was admitted'),
    read: () => assert.fail('it was read'),
    ...changes,
  }
}

export function identifiedOf(facts: Facts<Identified> = {}): Identified {
  return {
    ...{ id: 'call-1', startedAt: 0, call: callOf(), principal: principalOf() },
    ...facts,
    stage: 'identified',
  }
}

/** Of `GET /`, unless it is said what else; its rules know its function and connection. */
export function resolvedOf(facts: Facts<Resolved> = {}): Resolved {
  const { fn = httpFunctionOf(), connection = httpConnectionOf() } = facts
  return {
    ...identifiedOf(facts),
    ...{ fn, connection, rules: inForceOf({ functions: [fn], connections: [connection] }) },
    args: { values: {}, bytes: new Uint8Array(), mediaType: 'message/http' },
    outbound: httpOutboundOf(),
    rewrite: () => assert.fail('it was written anew'),
    ...{ held: undefined, labels: [] },
    ...facts,
    stage: 'resolved',
  }
}

/** Permitted by one grant of its subject's. */
export function authorizedOf(facts: Facts<Authorized> = {}): Authorized {
  const resolved = resolvedOf(facts)
  const grants = grantsOf(resolved.principal.subject.id, 'readers')
  return {
    ...resolved,
    ...{ decision: { effect: 'permit', reasons: [], grants }, decidedAt: 0 },
    ...facts,
    stage: 'authorized',
  }
}

/** By grants that are all fresh and let every field through. */
export function reviewedOf(facts: Facts<Reviewed> = {}): Reviewed {
  const authorized = authorizedOf(facts)
  const { grants } = authorized.decision
  const used = grants.flatMap(({ party, grants }) =>
    grants.map(({ id: grant }) => ({ party, grant, freshness: 'FRESH' as const })),
  )
  return { ...authorized, ...{ grants, fields: [], used, stale: [] }, ...facts, stage: 'reviewed' }
}

/** With nothing hidden in its arguments. */
export function guardedOf(facts: Facts<Guarded> = {}): Guarded {
  const reviewed = reviewedOf(facts)
  const { bytes } = reviewed.args
  return {
    ...reviewed,
    ...{ argumentFindings: [], forwardedArgs: bytes, recordedArgs: bytes },
    ...facts,
    stage: 'guarded',
  }
}

/** That nobody had to agree to. */
export function approvedOf(facts: Facts<Approved> = {}): Approved {
  return {
    ...guardedOf(facts),
    ...{ approval: undefined, duties: undefined, grantsRevoked: new AbortController().signal },
    ...facts,
    stage: 'approved',
  }
}

export function recordedOf(facts: Facts<Recorded> = {}): Recorded {
  return {
    ...approvedOf(facts),
    intent: { origin: 'test', index: 0 },
    ...facts,
    stage: 'recorded',
  }
}

export function httpOutboundOf(changes: Partial<HttpOutbound> = {}): HttpOutbound {
  return { protocol: 'http', method: 'GET', path: '/', headers: [], body: undefined, ...changes }
}

/** A request of this method; its upstream is refused whatever it asks. */
export function mcpOutboundOf(
  { method, params }: Partial<Pick<McpOutbound, 'method' | 'params'>>,
  exchange: Partial<McpExchange> = {},
): McpOutbound {
  return {
    protocol: 'mcp',
    to: 'upstream',
    method: method ?? 'tools/call',
    params: params ?? Buffer.from('{}'),
    headers: [],
    exchange: {
      capabilities: {},
      wantsProgress: false,
      logLevel: undefined,
      traceparent: undefined,
      resumed: undefined,
      takesInputRequired: true,
      ask: () => Promise.resolve(Buffer.from('{"error":{"code":-1,"message":"no"}}')),
      ...exchange,
    },
  }
}

/** A wish to hear of a resource, until nobody wants to. */
export function mcpWatchOf(uri: string, watch: Partial<McpWatch> = {}): McpOutbound {
  return {
    ...{ protocol: 'mcp', to: 'watch', method: 'resources/subscribe', headers: [] },
    params: Buffer.from(JSON.stringify({ uri })),
    watch: {
      ...{ capabilities: {}, onChanged: () => undefined, onOver: () => undefined },
      until: new AbortController().signal,
      ...watch,
    },
  }
}

/** A gate of which only this much is asked: whatever else is asked fails the test. */
export function gateOf(answers: Partial<Gate>): Gate {
  const unasked = (what: string) => () => assert.fail(`${what} was asked`)
  return {
    now: unasked('the time'),
    micros: unasked('the steady clock'),
    turn: unasked('a turn'),
    newId: unasked('a new id'),
    identify: unasked('identity'),
    rules: unasked('what is in force'),
    rulesEnding: unasked('whether that ends'),
    freshness: unasked('a review'),
    timedGrants: unasked('a timed grant'),
    isHeld: unasked('whether a function waits'),
    sessionLabels: unasked('a session'),
    duties: unasked('a duty'),
    revokedGrant: unasked('whether a grant is revoked'),
    onWire: unasked('a definition on the wire'),
    claimStanding: unasked('a standing clearance'),
    approvalGiven: unasked('an approval'),
    openApproval: unasked('an approver'),
    awaitVerdict: unasked('a verdict'),
    claimClearance: unasked('a clearance'),
    clearanceDone: unasked('whether a clearance is done'),
    holdMs: { default: 10, max: 100 },
    appendIntent: unasked('the log for an intent'),
    appendOutcome: unasked('the log for an outcome'),
    appendChunk: unasked('the log for a stretch'),
    appendDenial: unasked('the log for a denial'),
    credential: unasked('a credential'),
    forward: unasked('an upstream'),
    commitStream: unasked('a commitment'),
    logFault: unasked('the operator'),
    maskKey: new Uint8Array(32),
    limits: { heldResultBytes: 8, chunkCommitBytes: 4 },
    ...answers,
  }
}
