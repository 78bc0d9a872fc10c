import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import {
  facts,
  getCustomer,
  outcome,
  parties,
  result,
  returned,
  type Say,
} from './healthy-calls.ts'
import { rulebook } from './healthy-rulebook.ts'
import type { Fields, LogBuilder } from './log-builder.ts'

const canonicalize: (value: unknown) => string = createRequire(import.meta.url)('canonicalize')

/**
 * Reviews: a grant is certified and counted on, one is put off, a campaign asks about two and one of them is
 * revoked and restored; somebody is given access for a while; a function is quarantined and accepted.
 */
export function reviewStory(log: LogBuilder, say: Say, rules: string): void {
  say('review-session', { type: 'session.opened', session: 'ses_3', parties: [parties[0], loner] })
  read(log, say, rules, { name: 'first-use', call: 'c71', grants: both('PROVISIONAL') })
  certify(log, say)
  read(log, say, rules, { name: 'fresh-use', call: 'c72', grants: both('FRESH') })
  putOff(log, say)
  holdCampaign(log, say)
  giveTime(log, say)
  const given = { party: 'corp:bot', grant: 'timed-1', freshness: 'PROVISIONAL' }
  read(log, say, rules, {
    name: 'timed-use',
    call: 'c73',
    grants: [used('corp:sam', 'FRESH'), given],
  })
  const hold = { fn: 'crm.notes.list', connection: 'crm', found: 'sha256:2' }
  say('quarantined', {
    ...{ type: 'function.quarantined', ...hold, why: 'drift', registered: 'sha256:1' },
  })
  say('accepted', { type: 'function.accepted', ...hold, by: 'corp:dana', note: 'as agreed' })
}

/** The agent as a party with no group: no permit is for it. */
const loner = { iss: 'corp', sub: 'bot', kind: 'agent', groups: [] }

function read(
  log: LogBuilder,
  say: Say,
  policy: string,
  of: { readonly name: string; readonly call: string; readonly grants: readonly object[] },
): void {
  const isTimed = of.name === 'timed-use'
  const rules = isTimed ? ['support-read', 'timed-1'] : ['support-read']
  const called = { name: 'crm.customer.get', rules, masks: ['ssn'] }
  const fields = { ...facts(log, of.call, policy, called), masked: [], approvals: [] }
  const session = isTimed ? { session: 'ses_3' } : {}
  const intent = say(
    of.name,
    { type: 'call.authorized', ...fields, ...session, grants: of.grants },
    { args: getCustomer },
  )
  const masked = { how: 'redact', n: 1, path: '$.ssn', rule: 'ssn' }
  const ending = { ...outcome(of.call, intent, [masked]), ...session }
  say(`${of.name}-outcome`, ending, { result, returned })
}

export const used = (party: string, freshness: string): object => ({
  ...{ party, grant: 'support-read', freshness },
})
export const both = (freshness: string): readonly object[] => [
  used('corp:sam', freshness),
  used('corp:bot', freshness),
]

/** Of the second rulebook: what is certified of a grant. */
export function contentOf(grant: string, functions: (id: string) => boolean): string {
  const { policies, functions: all } = Object(rulebook(200))
  const policy = policies.find(({ id }: { id: string }) => id === grant).text
  const covered = all
    .filter(({ id }: { id: string }) => functions(id))
    .map(({ id, digest, risk }: { id: string; digest: string; risk: string }) => [id, digest, risk])
    .sort(([a]: [string], [b]: [string]) => (a < b ? -1 : 1))
  const text = canonicalize({ functions: covered, policy })
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

export const readContent: string = contentOf('support-read', () => true)
const refundContent = contentOf('support-refund', (id) => id === 'crm.refund.create')
const payoutContent = contentOf('support-payout', (id) => id === 'crm.payout.create')

const dayMs = 86_400_000
export function later(log: LogBuilder, days: number): string {
  return new Date(log.now + days * dayMs).toISOString()
}

function certify(log: LogBuilder, say: Say): void {
  say('certified', {
    ...{ type: 'grant.certified', grant: 'support-read', certification: 'crt_1' },
    ...{ content: readContent, decision: 'keep', by: ['corp:dana'], reason: 'used daily' },
    ...{ when: [], tier: 'low', validUntil: later(log, 360) },
  })
}

function putOff(log: LogBuilder, say: Say): void {
  const extended = { grant: 'support-read', content: readContent, reason: 'holidays' }
  const two = ['corp:dana', 'corp:kim']
  say('extension-wanted', { type: 'grant.proposed', ...extended, act: 'extend', by: 'corp:dana' })
  say('extended', { type: 'grant.extended', ...extended, by: two, until: later(log, 6) })
  const exempted = { grant: 'support-refund', content: refundContent, reason: 'a migration' }
  say('exemption-wanted', { type: 'grant.proposed', ...exempted, act: 'exempt', by: 'corp:dana' })
  say('exempted', { type: 'grant.exempted', ...exempted, by: two, until: later(log, 80) })
}

function holdCampaign(log: LogBuilder, say: Say): void {
  const campaign = 'cmp_1'
  const changed = (state: string, more: object = {}): Fields => {
    return { type: 'campaign.changed', campaign, state, ...more }
  }
  say('campaign', {
    ...{ type: 'campaign.opened', campaign, name: 'the first quarter', owner: 'corp:kim' },
    ...{ by: 'corp:kim', state: 'DRAFT', levels: 1, noResponse: 'stale' },
    ...{ opensAt: log.time, dueAt: later(log, 20), graceUntil: later(log, 30) },
  })
  say('staged', changed('STAGED', { population: { count: 2, excluded: 1, hash: 'sha256:p' } }))
  say('active', changed('ACTIVE'))
  const about = (item: string, grant: string) => ({ campaign, item, grant })
  say('assigned', {
    ...{ type: 'review.assigned', ...about('i1', 'support-refund'), by: 'corp:kim' },
    ...{ groups: [], people: ['corp:dana'], note: 'she knows' },
  })
  const decided = {
    ...{ tier: 'low', by: 'corp:dana', level: 1, reason: 'as before', when: [] },
    ...{ shown: 'sha256:s', recommended: 'keep', dwell: 4000 },
  }
  const keep = { ...about('i1', 'support-refund'), content: refundContent, decision: 'keep' }
  say('kept', { type: 'review.decided', ...decided, ...keep })
  const revoke = { ...about('i2', 'support-payout'), content: payoutContent, decision: 'revoke' }
  say('to-revoke', { type: 'review.decided', ...decided, ...revoke })
  say('grant-revoked', {
    ...{ type: 'grant.revoked', ...about('i2', 'support-payout') },
    ...{ by: 'corp:dana', reason: 'not used' },
  })
  const applied = { type: 'review.applied', ...about('i2', 'support-payout'), decision: 'revoke' }
  say('applied', { ...applied, state: 'applied' })
  say('verified', { ...applied, state: 'verified', answer: 'forbid' })
  say('remediating', changed('REMEDIATING'))
  say('campaign-closed', {
    ...{ type: 'campaign.closed', campaign, by: 'corp:kim', manifest: 'sha256:m' },
    population: 'sha256:p',
    counts: [
      { n: 1, what: 'keep' },
      { n: 1, what: 'revoke' },
    ],
  })
  const restored = { grant: 'support-payout', reason: 'it was used after all' }
  const content = payoutContent
  const wanted = { ...restored, act: 'restore', content, by: 'corp:dana' }
  say('restore-wanted', { type: 'grant.proposed', ...wanted })
  say('restored', { type: 'grant.restored', ...restored, by: ['corp:dana', 'corp:kim'] })
}

function giveTime(log: LogBuilder, say: Say): void {
  const asked = {
    ...{ timed: 'timed-1', party: 'corp:bot', functions: ['crm.customer.get'], when: [] },
    ...{ from: log.time, endsAt: later(log, 10), reason: 'the audit' },
  }
  say('timed-asked', { type: 'timed.asked', ...asked, by: 'corp:sam' })
  say('timed-agreed', { type: 'timed.agreed', timed: 'timed-1', by: 'corp:lee', reason: 'fine' })
  say('timed-given', { type: 'timed.given', ...asked, by: ['corp:lee', 'corp:dana'] })
}
