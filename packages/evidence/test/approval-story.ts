import { claim, facts, outcome, type Say } from './healthy-calls.ts'
import type { Fields, LogBuilder } from './log-builder.ts'

export const payout = (amount: number): string =>
  `POST /crm/payouts\ncontent-type: application/json\n\n{"amount":${amount}}`

/**
 * What people agree on, in every way there is: several payouts at once, narrowed by one who is asked and agreed
 * to by people of two steps, one of them for somebody who is away; a session's, revoked; a question withdrawn;
 * a glass broken for a while, and one for a single call that a lost gateway had claimed; and a call that the
 * gateway made by itself.
 */
export function approvalStory(log: LogBuilder, say: Say, rules: string): void {
  agreeOnWindow(log, say)
  useWindow(log, say, rules)
  useSession(log, say, rules)
  breakGlass(log, say, rules)
}

const window = { kind: 'window', uses: 5, for: 3_600_000, when: ['context.args.amount <= 900'] }
export const narrowed: object = {
  kind: 'window',
  uses: 2,
  for: 1_800_000,
  when: [...window.when, 'context.args.amount >= 10'],
}

/** Before the crash: the question outlives it. */
export function askForWindow(log: LogBuilder, say: Say): void {
  say('window-asked', {
    ...question('apr_2', 'c21', 'treasury', 'o2'),
    terms: window,
    steps: [
      { flow: 'treasury', groups: ['clerks'], quorum: 1 },
      { flow: 'treasury', groups: ['leads'], quorum: 2 },
    ],
    excluded: ['hub:sammy'],
  })
  say('delegated', {
    type: 'delegation.made',
    delegation: 'dlg_1',
    from: 'corp:ann',
    to: 'corp:max',
    groups: ['leads'],
    until: '2026-03-09T08:00:00.000Z',
    by: 'corp:ann',
  })
  say('clerk-first', decided('apr_2', 'corp:pat', { group: 'clerks', offer: 'o2' }))
  log.now += 5000
  say('escalated', { type: 'approval.escalated', approval: 'apr_2', step: 0, groups: ['leads'] })
}

function agreeOnWindow(log: LogBuilder, say: Say): void {
  say('countered', {
    type: 'approval.countered',
    approval: 'apr_2',
    by: 'corp:lee',
    offer: 'o3',
    terms: narrowed,
  })
  const lead = { group: 'leads', offer: 'o3' }
  say('narrower-yes', decided('apr_2', 'corp:lee', lead))
  say('joe-yes', decided('apr_2', 'corp:joe', { ...lead, step: 1 }))
  say('locked', { type: 'principal.locked', principal: 'corp:joe', reason: 'left', by: 'corp:kim' })
  const away = { onBehalfOf: 'corp:ann', voided: ['corp:joe'] }
  say('for-ann', decided('apr_2', 'corp:max', { ...lead, step: 1, ...away }))
  const issued = { clearance: 'clr_2', claimBy: later(log, 1_800_000), state: 'APPROVED' }
  say('lou-yes', decided('apr_2', 'corp:lou', { ...lead, step: 1, ...issued }))
  say('undelegated', { type: 'delegation.ended', delegation: 'dlg_1', by: 'corp:ann' })
}

function useWindow(log: LogBuilder, say: Say, rules: string): void {
  const by = ['corp:lee', 'corp:max', 'corp:lou']
  const use = { clearance: 'clr_2', id: 'apr_2', by }
  say('window-claim', claim('clr_2', 'apr_2', { call: 'c22', digest: 'd22' }))
  const first = say('window-call', paid(log, 'c22', rules, use), { args: payout(400) })
  say('window-claim-2', claim('clr_2', 'apr_2', { call: 'c23', digest: 'd23', use: 2 }))
  say('window-outcome', outcome('c22', first))
  say('window-returned', returned('clr_2', 'c22', 'IN_USE'))
  const second = say('window-call-2', paid(log, 'c23', rules, use), { args: payout(10) })
  say('window-outcome-2', outcome('c23', second))
  say('window-consumed', closed('clr_2', 'CONSUMED'))
}

function useSession(log: LogBuilder, say: Say, rules: string): void {
  const refund = { fn: 'crm.refund.create', terms: { kind: 'session', uses: 2, for: 600_000 } }
  say('session-asked', { ...question('apr_3', 'c31', 'finance', 'o4'), ...refund })
  const issued = { clearance: 'clr_3', claimBy: later(log, 600_000), state: 'APPROVED' }
  say('session-yes', decided('apr_3', 'corp:dana', { group: 'finance', offer: 'o4', ...issued }))
  say('session-claim', claim('clr_3', 'apr_3', { call: 'c32', digest: 'd32' }))
  const use = { clearance: 'clr_3', id: 'apr_3', by: ['corp:dana'] }
  const call = say('session-call', refunded(log, 'c32', rules, use), {
    args: 'POST /crm/refunds\ncontent-type: application/json\n\n{"amount":300,"rate":1.25}',
  })
  say('session-outcome', outcome('c32', call))
  say('session-returned', returned('clr_3', 'c32', 'ACTIVE'))
  say('revoked', { ...closed('clr_3', 'REVOKED'), by: 'corp:dana', reason: 'enough' })
  say('withdraw-asked', question('apr_4', 'c41', 'finance', 'o5'))
  say('withdrawn', {
    type: 'approval.closed',
    approval: 'apr_4',
    state: 'WITHDRAWN',
    by: 'corp:sam',
  })
}

function breakGlass(log: LogBuilder, say: Say, rules: string): void {
  say('glass', glass(log, { glass: 'bgl_1', clearance: 'clr_5', functions: ['crm.*'], uses: 100 }))
  say('glass-claim', claim('clr_5', 'bgl_1', { call: 'c51', digest: 'd51' }))
  const use = { clearance: 'clr_5', id: 'bgl_1', by: ['corp:sam'] }
  const call = say('glass-call', paid(log, 'c51', rules, use), { args: payout(7000) })
  say('glass-outcome', outcome('c51', call))
  say('glass-returned', returned('clr_5', 'c51', 'ACTIVE'))
  say('glass-reviewed', review('bgl_1', 'justified'))
  say('bypass-asked', { ...question('apr_6', 'c61', 'finance', 'o6'), fn: 'crm.refund.create' })
  const one = { approval: 'apr_6', clearance: 'clr_6', functions: ['crm.refund.create'], uses: 1 }
  say('bypass', glass(log, { glass: 'bgl_2', ...one }))
  say('bypass-claim', claim('clr_6', 'apr_6', { call: 'c62', digest: 'd-apr_6' }))
  say('bypass-lost', closed('clr_6', 'UNKNOWN'))
  say('bypass-consumed', closed('clr_6', 'CONSUMED'))
  say('bypass-unjustified', review('bgl_2', 'unjustified'))
  say('bypass-reviewed', review('bgl_2', 'justified'))
  say('deferred', deferral('RUNNING'))
  say('deferred-done', { ...deferral('DONE'), ran: 'c32' })
  say('deferred-forgotten', deferral('FORGOTTEN'))
}

export function question(approval: string, call: string, group: string, offer: string): Fields {
  return {
    type: 'approval.requested',
    approval,
    call,
    session: 'ses_1',
    fn: group === 'treasury' ? 'crm.payout.create' : 'crm.refund.create',
    groups: [group],
    digest: `d-${approval}`,
    offer,
    terms: { kind: 'call' },
    steps: [{ flow: group, groups: [group], quorum: 1 }],
    excluded: [],
    rules: ['payouts'],
    decideBy: '2026-03-02T08:00:00.000Z',
  }
}

export function decided(approval: string, by: string, more: object): Fields {
  const least = { verdict: 'approve', state: 'PENDING', step: 0, channel: 'admin' }
  return { type: 'approval.decided', approval, by, ...least, ...more }
}

export function returned(clearance: string, call: string, state: string): Fields {
  return { type: 'clearance.returned', clearance, call, state }
}

export function closed(clearance: string, state: string): Fields {
  return { type: 'clearance.closed', clearance, state }
}

export function glass(log: LogBuilder, more: object): Fields {
  return {
    type: 'break-glass.opened',
    by: 'corp:sam',
    reason: 'customers cannot be paid out',
    incident: 'INC-1',
    amr: ['pwd', 'otp'],
    acr: 'strong',
    signedIn: later(log, -60_000),
    expires: later(log, 1_800_000),
    reviewBy: later(log, 3_600_000),
    ...more,
  }
}

export function review(of: string, verdict: string, by: string = 'corp:dana'): Fields {
  return { type: 'break-glass.reviewed', glass: of, by, verdict }
}

export function deferral(state: string): Fields {
  return { type: 'deferral.changed', call: 'c31', approval: 'apr_3', state }
}

type Use = { readonly clearance: string; readonly id: string; readonly by: readonly string[] }

function paid(log: LogBuilder, call: string, rules: string, use: Use): Fields {
  const called = { name: 'crm.payout.create', rules: ['support-payout'], masks: [] }
  return used(facts(log, call, rules, called), 'treasury', use)
}

function refunded(log: LogBuilder, call: string, rules: string, use: Use): Fields {
  const called = { name: 'crm.refund.create', rules: ['support-refund'], masks: [] }
  return used(facts(log, call, rules, called), 'finance', use)
}

function used(
  { decision, ...rest }: ReturnType<typeof facts>,
  group: string,
  { clearance, id, by }: Use,
): Fields {
  return {
    type: 'call.authorized',
    ...rest,
    decision: { ...decision, obligations: [`approval:${group}`] },
    masked: [],
    approvals: by.map((one) => ({ by: one, id })),
    clearance,
  }
}

function later(log: LogBuilder, ms: number): string {
  return new Date(log.now + 1 + ms).toISOString()
}
