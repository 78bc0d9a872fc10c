import { partyId } from '../src/record.ts'
import { parties, refund, type SessionParty } from './healthy-calls.ts'
import { type Lie, shown, vote } from './healthy-log.ts'
import type { Fields } from './log-builder.ts'
import { beat, change, changeDecision, leaveOut, preceded, type Row, twice, wait } from './lying.ts'

/** After a jump of the clock the instance goes on saying that it lives. */
const beatOn = { 'rulebook-2': preceded(beat(45_000)) }

/** What an approval was asked for, of whom and for how long, against what was voted on and used. */
export const approvalLies: readonly Row[] = [
  // groups
  [
    'two groups that both said yes',
    {
      requested: change(asking('finance', 'legal')),
      vote: (step) => [
        { ...step, fields: pending(step.fields) },
        { ...step, fields: { ...vote('corp:lee', 'legal'), step: 1 } },
      ],
      approved: approvedBy(['finance', 'legal'], ['corp:dana', 'corp:lee']),
    },
    [],
  ],
  [
    'two groups required and one asked',
    { approved: changeDecision({ obligations: ['approval:finance', 'approval:legal'] }) },
    [['approval-groups', 'approved']],
  ],
  [
    'a group asked that nobody required',
    {
      requested: change(asking('janitors')),
      vote: change(vote('corp:dana', 'janitors')),
    },
    [['approval-groups', 'approved']],
  ],
  [
    'nobody asked',
    { requested: change(asking()), vote: leaveOut },
    [
      ['clearance-unknown', 'claimed'],
      ['clearance-unknown', 'approved'],
      ['clearance-unknown', 'consumed'],
    ],
  ],
  [
    'an approval that nothing required',
    { approved: changeDecision({ obligations: [] }) },
    [['approval-groups', 'approved']],
  ],
  [
    'a yes for a group that was not asked',
    { vote: change(vote('corp:dana', 'legal')) },
    [['approval-vote-group', 'vote']],
  ],
  [
    'two people saying yes for one of two groups',
    {
      requested: change(asking('finance', 'legal')),
      vote: (step) => [
        { ...step, fields: pending(step.fields) },
        { ...step, fields: vote('corp:lee') },
      ],
      approved: approvedBy(['finance', 'legal'], ['corp:dana', 'corp:lee']),
    },
    [
      ['approval-step', 16],
      ['approval-unmet', 16],
    ],
  ],
  [
    'a vote of an API key',
    {
      vote: change(vote('key:k9')),
      approved: change({ approvals: [{ by: 'key:k9', id: 'apr_1' }] }),
    },
    [['approval-not-a-person', 'vote']],
  ],
  [
    'an approval by who issued the key',
    {
      requested: askedIn([{ iss: 'key', sub: 'k1', kind: 'service', groups: ['support'] }]),
      vote: change({ by: 'corp:kim' }),
      approved: change({
        approvals: [{ by: 'corp:kim', id: 'apr_1' }],
        caller: { iss: 'key', sub: 'k1', authn: 'api-key', cred: 'c' },
        obo: [],
        session: 'ses_7',
      }),
      'approved-outcome': change({ session: 'ses_7' }),
    },
    [
      ['approval-own-call', 'vote'],
      ['approval-own-call', 'approved'],
    ],
  ],
  // the call
  [
    'an approval of another function',
    { requested: change({ fn: 'crm.notes.list' }, { args: refund(150) }) },
    [['approval-other-call', 'approved']],
  ],
  [
    'an approval asked for in a session nobody opened',
    { requested: change({ session: 'ses_7' }) },
    [['session-unknown', 'requested']],
  ],
  [
    'an approval asked for by somebody else',
    { requested: askedIn([{ iss: 'corp', sub: 'eve', kind: 'user', groups: ['support'] }]) },
    [['approval-other-call', 'approved']],
  ],
  [
    'an approval asked for by the person without their agent',
    { requested: askedIn(parties.slice(0, 1)) },
    [['approval-other-call', 'approved']],
  ],
  [
    'an approval asked for in another session of the same parties',
    { requested: askedIn(parties) },
    [],
  ],
  ['an approval of the arguments that were used', disclosing(refund(150)), []],
  [
    'an approval of other arguments',
    disclosing(refund(999_999)),
    [['approval-other-call', 'approved']],
  ],
  // deadlines
  [
    'a claim half a day later',
    { claimed: wait(43_200_000), ...beatOn },
    [['clearance-late', 'claimed']],
  ],
  [
    'a claim as late as clocks differ',
    { claimed: until('2026-03-01T12:00:03.000Z'), ...beatOn },
    [],
  ],
  [
    'a claim later than that',
    { claimed: until('2026-03-01T12:00:05.000Z'), ...beatOn },
    [['clearance-late', 'claimed']],
  ],
  [
    'a vote after the time for it',
    {
      requested: change({ decideBy: '2026-03-01T07:59:00.000Z' }),
    },
    [['approval-late', 'vote']],
  ],
  [
    'a yes that says nothing of the claim',
    { vote: change({ claimBy: undefined }) },
    [
      ['approval-state', 'vote'],
      ['clearance-late', 'claimed'],
    ],
  ],
  [
    'a question asked twice, the second for longer',
    { requested: twice },
    [['approval-repeated', 14]],
  ],
]

/** One yes of each of these groups, side by side. */
function asking(...groups: readonly string[]): object {
  return { groups, steps: groups.map((flow) => ({ flow, groups: [flow], quorum: 1 })) }
}

/** A vote that was not the last that was needed. */
function pending(fields: Fields): Fields {
  return { ...fields, state: 'PENDING', clearance: undefined, claimBy: undefined }
}

function approvedBy(groups: readonly string[], people: readonly string[]): Lie {
  return (step) => {
    const decision = {
      ...Object(step.fields.decision),
      obligations: groups.map((group) => `approval:${group}`),
    }
    const approvals = people.map((by) => ({ by, id: 'apr_1' }))
    return [{ ...step, fields: { ...step.fields, decision, approvals } }]
  }
}

/** Asked in a session of its own, of these parties. */
function askedIn(of: readonly SessionParty[]): Lie {
  const opened = preceded({ type: 'session.opened', session: 'ses_7', parties: of })
  const ids = of.map((party) => ({ id: partyId(party) }))
  const payloads = { args: refund(150), forwarded: shown(150, { parties: ids }) }
  return (step, log) => opened({ fields: { ...step.fields, session: 'ses_7' }, payloads }, log)
}

function until(time: string): Lie {
  return (step, log) => {
    log.now = Date.parse(time) - 1
    return [step]
  }
}

/** The call is made with these arguments, and they are disclosed as well as those that were approved. */
export function disclosing(args: string): Readonly<Record<string, Lie>> {
  let path = ''
  let kept: Uint8Array | undefined
  return {
    approved: change({}, { args }),
    'approved-outcome': (step, log) => {
      path = `payloads/${log.leaves.length - 1}.args`
      kept = log.payloads.get(path)
      return [step]
    },
    expired: leaveOut,
    countered: (step, log) => {
      if (kept) log.payloads.set(path, kept)
      return [step]
    },
  }
}
