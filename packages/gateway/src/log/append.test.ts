import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordDraft } from '@sallyport/evidence/record'
import { approvedOf, identifiedOf } from '../../test/call-stages.ts'
import { httpFunctionOf, principalOf } from '../../test/rulebook-parts.ts'
import { Refusal, refuseLocked } from '../call/refusal.ts'
import type { Accepted, Approved, Identified } from '../call/stage.ts'
import type { DutyMark } from '../model/duty.ts'
import type { Party, Principal } from '../model/principal.ts'
import { Conflict, type ConflictAbout, type Ledger, Unavailable } from '../store/store.ts'
import { openLog } from './append.ts'

const bot: Party = { kind: 'agent', id: 'corp:bot', groups: ['agents'] }
const sam: Party = { kind: 'user', id: 'corp:sam', groups: ['support'] }

function of(session: string, changes: Partial<Principal> = {}): Principal {
  return principalOf({ subject: sam, actors: [bot], session, ...changes })
}
const promoted = { ...sam, groups: ['support', 'leads'] }

function identified(principal: Principal): Identified {
  return identifiedOf({ principal })
}

/** A log of two remembered sessions; the commits whose numbers are in `failing` are refused. */
function openTestLog(failing: readonly number[] = []) {
  const records: RecordDraft[] = []
  let commits = 0
  const ledger: Ledger = {
    commit: async ({ record }) => {
      if (failing.includes(commits++)) throw new Unavailable('full')
      return { index: records.push(record) - 1 }
    },
  }
  return { log: openLog({ ledger, origin: 'log', now: () => 0, sessionsMax: 2 }), records }
}

type Step = Principal | readonly Principal[]
const lost = new Refusal('function-unknown')

/** Denials of these principals, those of one step at the same time; and what the log then holds. */
async function check(
  steps: readonly Step[],
  expected: readonly string[],
  failing: readonly number[] = [],
): Promise<void> {
  const { log, records } = openTestLog(failing)
  for (const step of steps) {
    const together = Array.isArray(step) ? step : [step]
    await Promise.allSettled(together.map((one) => log.appendDenial(identified(one), lost)))
  }
  const seen = records.map((record) =>
    record.type === 'session.opened'
      ? `${record.session} opened: ${record.parties.map(({ groups }) => groups.join('+'))}`
      : `${'session' in record ? record.session : '-'} denied`,
  )
  assert.deepEqual(seen, expected)
}

const one = of('ses_1')
const two = of('ses_2')
const opened = (name: string) => `${name} opened: support,agents`
const rows: readonly (readonly [string, readonly Step[], readonly string[], number[]?])[] = [
  [
    'a session is opened once, before its first record',
    [one, one, of('ses_1')],
    [opened('ses_1'), 'ses_1 denied', 'ses_1 denied', 'ses_1 denied'],
  ],
  [
    'calls that come together open it once',
    [[one, of('ses_1'), two, one]],
    [
      opened('ses_1'),
      'ses_1 denied',
      'ses_1 denied',
      opened('ses_2'),
      'ses_2 denied',
      'ses_1 denied',
    ],
  ],
  [
    'other groups are written down before the first record made under them',
    [[one, of('ses_1', { subject: promoted }), of('ses_1')]],
    [
      opened('ses_1'),
      'ses_1 denied',
      'ses_1 opened: support+leads,agents',
      'ses_1 denied',
      opened('ses_1'),
      'ses_1 denied',
    ],
  ],
  [
    'a forgotten session is written again, the longest unused first',
    [one, two, one, of('ses_3'), one, two],
    [
      opened('ses_1'),
      'ses_1 denied',
      opened('ses_2'),
      'ses_2 denied',
      'ses_1 denied',
      opened('ses_3'),
      'ses_3 denied',
      'ses_1 denied',
      opened('ses_2'),
      'ses_2 denied',
    ],
  ],
  [
    'an opening that failed is made up for by the next record',
    [one, one],
    [opened('ses_1'), 'ses_1 denied'],
    [0, 1],
  ],
  [
    'a group that is no Unicode does not keep the call from being recorded',
    [of('ses_1', { subject: { ...sam, groups: ['a\ud800'] } })],
    ['ses_1 opened: a\ufffd,agents', 'ses_1 denied'],
  ],
]
for (const [name, steps, expected, failing] of rows) {
  test(name, () => check(steps, expected, failing))
}

test('a record whose session could not be opened is not said to be recorded', async () => {
  const { log } = openTestLog([0])
  await assert.rejects(log.appendDenial(identified(one), lost), Unavailable)
})

test('who writes a record of a session elsewhere waits until it is opened', async () => {
  const { log, records } = openTestLog()
  await log.sessionOpened(one)
  assert.deepEqual(
    records.map(({ type }) => type),
    ['session.opened'],
  )
})

test('whoever is locked is named in the denial, and their session is opened before', async () => {
  const { log, records } = openTestLog()
  const { principal: _, ...stranger } = identified(one)
  const at: Accepted = { ...stranger, stage: 'accepted' }
  await log.appendDenial(at, refuseLocked(one))
  await log.appendDenial(at, new Refusal('unauthenticated'))
  const [session, denial, other] = records
  assert.equal(session?.type, 'session.opened')
  assert.ok(denial?.type === 'call.denied' && other?.type === 'call.denied')
  assert.deepEqual(
    [denial.stage, denial.caller?.sub, denial.obo],
    ['accepted', 'bot', [{ iss: 'corp', sub: 'sam' }]],
  )
  assert.equal(other.caller, undefined)
})

/** What an intent is refused as when this came before it in the log. */
const late: readonly (readonly [about: ConflictAbout, refusal: object])[] = [
  ['lock', { code: 'unauthenticated', detail: 'This principal is locked.', locked: one }],
  ['key', { code: 'unauthenticated', detail: 'The API key was revoked.' }],
  ['grant', { code: 'grant-revoked', grants: [{ party: 'p', grant: 'g', freshness: 'FRESH' }] }],
  ['function', { code: 'function-quarantined' }],
  ['duty', { code: 'duties-conflict', facts: { duties: ['two-people'] } }],
]
for (const [about, refusal] of late) {
  test(`an intent that a ${about} stands against`, async () => {
    const ledger: Ledger = { commit: () => Promise.reject(new Conflict('late', { about })) }
    const log = openLog({ ledger, origin: 'log', now: () => 0, sessionsMax: 2 })
    await assert.rejects(log.appendIntent(approved(one)), refusal)
  })
}

function approved(principal: Principal): Approved {
  return approvedOf({
    principal,
    fn: httpFunctionOf({ payloads: 'committed' }),
    used: [{ party: 'p', grant: 'g', freshness: 'FRESH' }],
    duties: { marks: [], bars: [bar, bar], met: [] },
  })
}

const bar: DutyMark = {
  ...{ rule: 'two-people', side: 'right', object: 'o', person: 'corp:sam', at: 0, since: 0 },
}
