import { getCustomer, returned } from './healthy-calls.ts'
import type { Lie } from './healthy-log.ts'
import type { Fields, LogBuilder } from './log-builder.ts'
import { change, preceded, type Row } from './lying.ts'

const kim = { requestedBy: 'corp:kim' }
const erasedBy = (name: string, by: string): Row => [
  `an erasure by ${name}`,
  { erased: change({ ...kim, by }) },
  [['erasure-not-a-person', 'erased']],
]
const lock = (principal: string): Fields => ({
  ...{ type: 'principal.locked', principal, reason: 'left', by: 'corp:kim' },
})
/** Before the two people come, somebody is locked for so long, and not any more after they have come. */
const lockedFor = (principal: string, ms: number): Readonly<Record<string, Lie>> => ({
  erasure: (step, log) => {
    log.add(lock(principal))
    log.now += ms
    return [step]
  },
  expired: preceded({ type: 'principal.unlocked', principal, by: 'corp:kim' }),
})

/** Payloads of the question that was asked first are gone under this class. */
const questionGone = (name: string): Readonly<Record<string, Lie>> => {
  let record = 0
  return {
    held: (step, log) => {
      record = log.leaves.length - 1
      return [step]
    },
    'late-beat': (step, log) => {
      for (const role of ['args', 'forwarded']) log.payloads.delete(`payloads/${record}.${role}`)
      const period = 3_600_000
      log.add({ type: 'payload.expired', class: name, period, records: [record] })
      return [step]
    },
  }
}
/** The record behind the one the lie put before it. */
const gone = 'late-beat'

/** The last session and its call are those of the holder of an API key. */
const byKey = (sub: string): Readonly<Record<string, Lie>> => ({
  'late-session': change({ parties: [{ iss: 'key', sub, kind: 'service', groups: ['support'] }] }),
  'late-intent': change(
    { caller: { iss: 'key', sub, authn: 'api-key', cred: 'sha256:0' }, obo: [] },
    { args: getCustomer },
  ),
})
/** Reads what the lie finds in the log by then. */
const readOf =
  (name: (log: LogBuilder) => { readonly record: number; readonly role: string }): Lie =>
  (step, log) => [{ ...step, fields: { ...step.fields, ...name(log) } }]
const indexOf = (log: LogBuilder, member: string, value: string): number =>
  log.leaves.findIndex((leaf) => JSON.parse(String(leaf))[member] === value)
const unfounded: Row[2] = [['reading-unfounded', 'read']]
/** After both were destroyed. */
const readLate = (call: string): Readonly<Record<string, Lie>> => ({
  'late-beat': (step, log) => {
    const by = 'corp:dana'
    log.add({ type: 'payload.read', record: indexOf(log, 'call', call), role: 'args', by })
    return [step]
  },
})
const exported = (members: object): Readonly<Record<string, Lie>> => {
  const by = 'corp:dana'
  const fields = { type: 'evidence.exported', by, scope: 'range', from: 2, to: 9, payloads: false }
  return { read: preceded({ ...fields, ...members }) }
}
const impossible: Row[2] = [['export-impossible', 'read']]

const revoked: Fields = { type: 'key.revoked', key: 'k1', by: 'corp:kim' }
const issuedAgain: Fields = {
  ...{ type: 'key.issued', key: 'k1', name: 'ci', scope: ['crm.*'], by: 'corp:kim' },
  expires: '2027-01-01T00:00:00.000Z',
}

/** About payloads that are gone, about streams, and about API keys. */
export const custodyLies: readonly Row[] = [
  // erasure
  erasedBy('an API key', 'key:k1'),
  erasedBy('a gateway', 'gateway:start'),
  erasedBy('nobody', ''),
  erasedBy('a name of no issuer', 'dana'),
  erasedBy('an agent', 'corp:bot'),
  [
    'an erasure asked for by an API key',
    { erasure: change({ by: 'key:k1' }), erased: change({ requestedBy: 'key:k1' }) },
    [['erasure-not-a-person', 'erasure']],
  ],
  [
    'an erasure by two accounts of one person',
    {
      erasure: change({ by: 'corp:sam' }),
      erased: change({ requestedBy: 'corp:sam', by: 'hub:sammy' }),
    },
    [['erasure-one-person', 'erased']],
  ],
  [
    'an erasure by two people who have several accounts',
    {
      erasure: change({ by: 'corp:sam' }),
      erased: change({ requestedBy: 'corp:sam', by: 'hub:lee9' }),
    },
    [],
  ],
  [
    'an erasure by somebody who was locked',
    lockedFor('corp:dana', 6000),
    [['erasure-locked', 'erased']],
  ],
  ['an erasure that was under way when somebody was locked', lockedFor('corp:dana', 10), []],
  [
    'an erasure by another account of somebody who was locked',
    { ...lockedFor('corp:lee', 6000), erased: change({ by: 'hub:lee9' }) },
    [['erasure-locked', 'erased']],
  ],
  [
    'an erasure of one payload that was asked for twice, and of another',
    {
      erasure: change({ record: 9, roles: ['args', 'args'] }),
      erased: change({ record: 9, roles: ['args', 'forwarded'] }),
    },
    [
      ['erasure-mismatch', 'erased'],
      ['erasure-unfounded', 'erasure'],
      ['payload-missing', 'intent'],
    ],
  ],
  [
    'an erasure asked for of a record that is not there yet',
    { erasure: change({ record: 9999 }), erased: change({ record: 9999 }) },
    [
      ['erasure-unfounded', 'erasure'],
      ['payload-missing', 'intent'],
    ],
  ],
  [
    'an erasure asked for of what its record cannot have',
    {
      erasure: change({ roles: ['args', 'result'] }),
      erased: change({ roles: ['args', 'result'] }),
    },
    [['erasure-unfounded', 'erasure']],
  ],
  [
    'an erasure asked for of what had expired right before',
    {
      erasure: (step, log) => {
        const records = [indexOf(log, 'call', 'c1')]
        const fields = { type: 'payload.expired', class: 'standard', period: 3_600_000, records }
        return [{ fields, payloads: {} }, step]
      },
    },
    [],
  ],
  // expiry
  ['an expiry after a moment', { expired: change({ period: 1 }) }, [['expiry-period', 'expired']]],
  ['an expiry after no time', { expired: change({ period: 0 }) }, [['expiry-period', 'expired']]],
  [
    'an expiry after more than a century',
    { expired: change({ period: 3_155_760_000_001 }) },
    [
      ['expiry-early', 'expired'],
      ['expiry-period', 'expired'],
    ],
  ],
  ['an expiry of what a question showed', questionGone('short'), []],
  [
    'an expiry of what a question showed, under a class of nobody',
    questionGone('invented'),
    [['expiry-class', gone]],
  ],
  // readings and exports
  ['a reading of what was never written', { read: change({ record: 9999 }) }, unfounded],
  [
    'a reading of itself',
    { read: readOf((log) => ({ record: log.leaves.length, role: 'args' })) },
    unfounded,
  ],
  ['a reading of a record of no call', { read: change({ record: 0 }) }, unfounded],
  ['a reading of what its record does not have', { read: change({ role: 'returned' }) }, unfounded],
  [
    'a reading of the arguments of a denial',
    { read: readOf((log) => ({ record: indexOf(log, 'call', 'c2'), role: 'args' })) },
    [],
  ],
  ['a reading of what was erased', readLate('c1'), [['reading-unfounded', 'late-beat']]],
  ['a reading of what had expired', readLate('c5'), [['reading-unfounded', 'late-beat']]],
  ['an export of some records', exported({}), []],
  ['an export of a session', exported({ scope: 'session', session: 'ses_1' }), []],
  ['an export that goes backwards', exported({ from: 9, to: 2 }), impossible],
  ['an export of nothing', exported({ from: 9, to: 9 }), impossible],
  ['an export of records to come', exported({ to: 9999 }), impossible],
  ['an export of the whole but for its beginning', exported({ scope: 'whole' }), impossible],
  ['an export of a session without its name', exported({ scope: 'session' }), impossible],
  ['an export of some records and a session', exported({ session: 'ses_1' }), impossible],
  // streams
  [
    'a stream that becomes shorter at its end',
    { chunk: change({}, { returned: `${returned} ` }) },
    [['stream-shrunk', 'stream-outcome']],
  ],
  [
    'a stream whose end commits to nothing',
    { 'stream-outcome': change({}, {}) },
    [['stream-shrunk', 'stream-outcome']],
  ],
  // API keys
  ['a call with an API key', byKey('k1'), []],
  [
    'an API key that is issued again under its id',
    { ...byKey('k1'), erasure: preceded(revoked), 'late-beat': preceded(issuedAgain) },
    [['key-issued-again', 'late-beat']],
  ],
  [
    'somebody locked who unlocks themselves',
    {
      'late-beat': preceded(lock('corp:zoe')),
      'late-session': preceded({
        type: 'principal.unlocked',
        principal: 'corp:zoe',
        by: 'corp:zoe',
      }),
    },
    [['lock-by-locked', 'late-session']],
  ],
  [
    'somebody locked who locks another',
    {
      'late-beat': preceded(lock('corp:zoe')),
      'late-session': preceded({ ...lock('corp:max'), by: 'corp:zoe' }),
    },
    [['lock-by-locked', 'late-session']],
  ],
  ['a call with an API key of nobody', byKey('k9'), [['key-unknown-called', 'late-intent']]],
  [
    'a call with an API key that was revoked',
    { ...byKey('k1'), 'late-beat': preceded(revoked) },
    [['key-ended-called', 'late-intent']],
  ],
  [
    'a call with an API key that was revoked after it',
    { ...byKey('k1'), 'late-outcome': preceded(revoked) },
    [],
  ],
  [
    'a call with an API key that had expired',
    { ...byKey('k1'), key: change({ expires: '2026-03-01T08:30:00.000Z' }) },
    [['key-ended-called', 'late-intent']],
  ],
]
