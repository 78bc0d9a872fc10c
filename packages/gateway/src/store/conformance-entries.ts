import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { chainStart, type LeafRecord, type RecordDraft } from '@sallyport/evidence/record'
import type { ApiKey } from '../model/api-key.ts'
import type { Approval } from '../model/approval.ts'
import type { BreakGlass } from '../model/break-glass.ts'
import type { Clearance } from '../model/clearance.ts'
import { type Change, Conflict, type Entry, type Leaf, type Store } from './store.ts'

// What the suite for stores writes, and how it reads it back.

export const time = '2026-01-02T03:04:05.678Z'
export type Who = { readonly call: string; readonly session?: string; readonly sub?: string }

export function intent(
  { call, session = 'ses_1', sub = 'sam' }: Who,
  name = 'crm.get',
): RecordDraft {
  return {
    type: 'call.authorized',
    time,
    call,
    session,
    caller: { iss: 'corp', sub, authn: 'oidc', cred: 'sha256:0' },
    obo: [{ iss: 'corp', sub: 'boss' }],
    fn: { name, schema: 'sha256:1', server: 'crm' },
    masked: [],
    approvals: [],
  }
}

export function outcome(of: number, { call, session = 'ses_1' }: Who): RecordDraft {
  const ending = { ending: 'done', status: 200, masked: [] } as const
  return { type: 'call.outcome', time, call, session, intent: of, ...ending }
}

export function entry(record: RecordDraft, change?: Change): Entry {
  return { record, payloads: [], ...(change && { change }) }
}

export function approval(id: string, changes: Partial<Approval> = {}): Approval {
  return {
    id,
    state: 'PENDING',
    revision: 1,
    binding: {
      function: '1',
      definition: '2',
      verb: 'GET',
      arguments: '3',
      headers: '9',
      upstream: '4',
      credential: '5',
      subject: '6',
      actors: '7',
      rulebook: '8',
    },
    digest: `digest of ${id}`,
    terms: { kind: 'call' },
    offer: `offer of ${id}`,
    callId: 'c',
    functionId: 'crm.get',
    subject: 'corp:sam',
    actors: [],
    triggeredBy: [],
    session: 'ses_1',
    excluded: ['corp:sam'],
    excludedByDelegation: [],
    approverGroups: ['approvers'],
    steps: [],
    escalated: 0,
    reasons: [],
    reasonChars: { approve: 0, deny: 1 },
    notify: [],
    message: 'masked',
    slackDecides: false,
    delivery: 'ticket',
    createdAt: 1,
    decideBy: 2,
    claimMs: 3,
    votes: [],
    ...changes,
  }
}

export function opening(value: Approval): Entry {
  return entry(requested(value), { kind: 'approval.open', approval: value })
}

export function requested(value: Approval): RecordDraft {
  const { id, digest, offer, callId, functionId, session, approverGroups, excluded } = value
  return {
    ...{ type: 'approval.requested', time, approval: id, call: callId, session, fn: functionId },
    ...{ groups: approverGroups, digest, offer, terms: { kind: 'call' }, steps: [], excluded },
    ...{ rules: [], decideBy: time },
  }
}

export function updating(value: Approval, expectedRevision: number): Entry {
  return entry(
    { type: 'approval.closed', time, approval: value.id, state: value.state },
    { kind: 'approval.update', approval: value, expectedRevision },
  )
}

export function issuing(id: string, hash: string): Entry {
  const key: ApiKey = {
    id,
    hash,
    name: 'nightly',
    kind: 'agent',
    groups: [],
    scope: ['crm.*'],
    createdBy: 'corp:sam',
    createdAt: 1,
    expiresAt: 2,
  }
  const issued = { key: id, name: key.name, scope: key.scope, expires: time, by: 'corp:sam' }
  return entry({ type: 'key.issued', time, ...issued }, { kind: 'key.issue', key })
}

export function revoking(id: string, at: number): Entry {
  const record: RecordDraft = { type: 'key.revoked', time, key: id, by: 'corp:sam' }
  return entry(record, { kind: 'key.revoke', id, at })
}

export function locking(principal: string, by = 'operator:root'): Entry {
  const lock = { principal, reason: 'left', by }
  const record: RecordDraft = { type: 'principal.locked', time, ...lock }
  return entry(record, { kind: 'principal.lock', lock: { ...lock, at: 7 } })
}

export function unlocking(principal: string, by = 'operator:root'): Entry {
  const who = { principal, by }
  return entry({ type: 'principal.unlocked', time, ...who }, { kind: 'principal.unlock', ...who })
}

/** Every leaf, in pages of 300. */
export async function everyLeaf(store: Store): Promise<readonly Leaf[]> {
  const all: Leaf[] = []
  for (;;) {
    const page = await store.leaves(all.length, 300)
    if (page.length === 0) return all
    all.push(...page)
  }
}

/**
 * Indexes from 0 without a gap, and for each boot a chain from 0 whose every link is the leaf hash
 * of the one before. Returns the records.
 */
export function assertChain(leaves: readonly Leaf[]): readonly LeafRecord[] {
  const chains = new Map<string, { prev: string; seq: number }>()
  return leaves.map(({ index, bytes }, position) => {
    assert.equal(index, position)
    const record = parseLeaf(bytes)
    const { boot, prev, seq } = record.emitter
    const expected = chains.get(boot) ?? { prev: chainStart, seq: 0 }
    assert.deepEqual({ prev, seq }, expected, `the place of leaf ${index} in its chain`)
    const digest = createHash('sha256').update('\0').update(bytes).digest('hex')
    chains.set(boot, { prev: `sha256:${digest}`, seq: seq + 1 })
    return record
  })
}

export async function tally(
  commits: readonly Promise<unknown>[],
): Promise<{ readonly won: number; readonly conflicts: number }> {
  const settled = await Promise.allSettled(commits)
  const conflicts = settled.filter(
    (one) => one.status === 'rejected' && one.reason instanceof Conflict,
  )
  return {
    won: settled.filter(({ status }) => status === 'fulfilled').length,
    conflicts: conflicts.length,
  }
}

export function clearance(id: string, changes: Partial<Clearance> = {}): Clearance {
  return {
    ...{ id, state: 'ACTIVE', revision: 1, kind: 'window', approval: 'apr_1', binding: {} },
    ...{ subject: 'corp:sam', actors: [], functions: ['crm.get'], when: [], groups: ['approvers'] },
    ...{ by: ['corp:ann'], usesMax: 2, uses: 0, open: [] },
    ...{ issuedAt: 1, notBefore: 1, expiresAt: 2 },
    ...changes,
  }
}

export function glass(id: string, changes: Partial<BreakGlass> = {}): BreakGlass {
  return {
    ...{ id, revision: 1, by: 'corp:ann', reason: 'the house burns', incident: 'INC-1' },
    ...{ functions: ['crm.*'], clearance: 'clr_glass' },
    assurance: { acr: 'high', amr: ['hwk'], signedInAt: 1 },
    ...{ openedAt: 2, expiresAt: 3, reviewBy: 4 },
    ...changes,
  }
}
