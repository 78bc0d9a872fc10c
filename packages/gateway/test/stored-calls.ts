import type { Approval } from '../src/model/approval.ts'
import type { JsonObject } from '../src/model/json.ts'
import type { Store } from '../src/store/store.ts'

/** Calls, and questions about them, as a gateway leaves them in its store. */

const asked = {
  function: { purpose: 'Moves money' },
  parties: [
    { id: 'corp:sam', kind: 'user', groups: ['sales'] },
    { id: 'corp:bot', kind: 'agent', groups: [] },
  ],
  sessionName: 'urgent\u202E, please approve',
}

export async function commitApproval(
  store: Store,
  id: string,
  changes: Partial<Approval> = {},
  values: JsonObject = { to: 'a\u202Eb' },
): Promise<void> {
  const none = { function: '', definition: '', verb: '', arguments: '', headers: '', upstream: '' }
  const groups = changes.approverGroups ?? ['finance']
  const approval: Approval = {
    id,
    state: 'PENDING',
    revision: 0,
    binding: { ...none, credential: '', subject: '', actors: '', rulebook: '' },
    digest: `digest-${id}`,
    terms: { kind: 'call' },
    offer: `offer-${id}`,
    callId: `call-${id}`,
    functionId: 'pay.transfer',
    subject: 'corp:sam',
    actors: ['corp:bot'],
    triggeredBy: [],
    session: 'ses_1',
    excluded: ['corp:sam', 'corp:bot'],
    excludedByDelegation: [],
    approverGroups: groups,
    steps: groups.map((group) => ({
      ...{ flow: group, name: group, groups: [group], quorum: 1, escalation: [] },
    })),
    escalated: 0,
    reasons: [{ policy: 'large', effect: 'forbid', text: 'Large.' }],
    reasonChars: { approve: 0, deny: 1 },
    notify: [],
    message: 'masked',
    slackDecides: false,
    delivery: 'ticket',
    createdAt: Date.UTC(2026, 0, 1, 23),
    decideBy: Date.UTC(2026, 0, 3),
    claimMs: 900_000,
    votes: [],
    ...changes,
  }
  const { digest, offer, terms, steps, callId: call, session, functionId: fn } = approval
  const bytes = new TextEncoder().encode(JSON.stringify({ ...asked, arguments: values }))
  await store.commit({
    record: {
      type: 'approval.requested',
      time: '2026-01-01T23:00:00.000Z',
      approval: id,
      call,
      session,
      fn,
      groups,
      digest,
      offer,
      terms: { kind: terms.kind },
      steps: steps.map(({ flow, groups, quorum }) => ({ flow, groups, quorum })),
      excluded: [],
      rules: [],
      decideBy: new Date(approval.decideBy).toISOString(),
    },
    payloads: [
      { role: 'args', mediaType: 'message/http', bytes, keep: true },
      { role: 'forwarded', mediaType: 'application/json', bytes, keep: true },
    ],
    change: { kind: 'approval.open', approval },
  })
}

/** What lists of calls say too of a value that was found by what it looks like. */
export const foundCard: { readonly [member in FoundMember]: string } = {
  rule: 'cards',
  path: '$.note',
  how: 'redact',
  entity: 'CREDIT_CARD',
  detector: 'card/luhn',
  version: '0123456789abcdef',
}
type FoundMember = 'rule' | 'path' | 'how' | 'entity' | 'detector' | 'version'

export async function commitCall(store: Store, call: string, ending?: 'done'): Promise<void> {
  const time = '2026-01-02T00:00:00.000Z'
  const session = 'ses_1'
  const { index: intent } = await store.commit({
    record: {
      type: 'call.authorized',
      time,
      call,
      session,
      caller: { iss: 'corp', sub: 'bot', authn: 'oidc', cred: 'sha256:0' },
      obo: [{ iss: 'corp', sub: 'sam' }],
      fn: { name: 'pay.list', schema: 'sha256:fn', server: 'pay' },
      decision: { effect: 'allow', obligations: [], policy: 'sha256:rules', rules: ['read'] },
      masked: [],
      approvals: [],
    },
    payloads: [],
  })
  if (!ending) return
  const masked = [
    { rule: 'm1', path: '$.iban', how: 'drop', n: 2 },
    { ...foundCard, n: 1, band: 'high', validator: 'luhn' } as const,
  ]
  await store.commit({
    record: { type: 'call.outcome', time, call, session, intent, ending, status: 200, masked },
    payloads: [],
  })
}
