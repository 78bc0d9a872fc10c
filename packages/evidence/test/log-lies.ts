import { result, returned } from './healthy-calls.ts'
import type { Lie } from './healthy-log.ts'
import { digestOf } from './healthy-rulebook.ts'
import {
  beat,
  chain,
  change,
  changeDecision,
  leaveOut,
  noDigest,
  preceded,
  type Row,
  recovery,
  silence,
  stop,
  wait,
} from './lying.ts'

/** Before it, rotations from the log's first key to each of these. */
const rotated =
  (...keys: readonly string[]): Lie =>
  (step, log) => [
    ...keys.map((key) => ({
      fields: { type: 'key.rotated', key, previous: log.key.vkey, by: 'corp:kim' },
      payloads: {},
    })),
    step,
  ]

/** About the log itself: its chains, its keys, its clock, and what became of payloads. */
/** The outcome says that this was found; by the rulebook it may be: mail, in results, redacted or kept. */
function found(
  how: string,
  part: object,
  finds: Row[2] = [['mask-undeclared', 'committed-outcome']],
): Row {
  const mail = { entity: 'EMAIL_ADDRESS', how: 'redact', n: 1, path: '$.note', rule: 'mail' }
  const masked = [{ ...mail, ...part }]
  return [`a value that was found, ${how}`, { 'committed-outcome': change({ masked }) }, finds]
}

/** Of a question to the caller: what it receives is masked as a result. */
const ofQuestion = (step: 'committed' | 'committed-outcome', ...masked: readonly object[]) => {
  const name = 'crm.elicitation'
  const fn = { name, server: 'crm', schema: digestOf(name) }
  const asked = change({ fn, ...(step === 'committed' && { masked }) })
  const ended = change({ ...(step === 'committed-outcome' ? { masked } : { masked: [] }) })
  return { committed: asked, 'committed-outcome': ended }
}
const mailFound = { entity: 'EMAIL_ADDRESS', how: 'redact', n: 1, path: '$.message', rule: 'mail' }
const echo = { how: 'credential', n: 1, path: '$', rule: 'credential' }

const wholeText = { how: 'redact', n: 1, path: '$', rule: 'unreadable' }

export const logLies: readonly Row[] = [
  ['no lie', {}, []],
  // chains
  ['no genesis', { genesis: leaveOut }, [['genesis-missing', 0]]],
  ['a genesis of another log', { genesis: change({ origin: 'other' }) }, [['genesis-origin', 0]]],
  [
    'a second genesis',
    { vote: preceded({ type: 'log.genesis', origin: 'log.example/gateway', key: 'k' }) },
    [['genesis-again', 'vote']],
  ],
  ['a gap in the chain', { vote: chain({ seq: 90 }) }, [['chain-gap', 'vote']]],
  ['a place taken twice', { vote: chain({ seq: 1 }) }, [['chain-repeated', 'vote']]],
  ['another predecessor', { vote: chain({ prev: noDigest }) }, [['chain-broken', 'vote']]],
  [
    'a start that cites nothing',
    { restart: change({ after: undefined }) },
    [['boot-unlinked', 'restart']],
  ],
  [
    'a start that cites another end',
    { restart: change({ after: { boot: 'boot-0', hash: noDigest, seq: 5 } }) },
    [['boot-unlinked', 'restart']],
  ],
  [
    'a boot without a start',
    { restart: change({ type: 'emitter.stop', version: undefined, after: undefined }) },
    [
      ['boot-unannounced', 'restart'],
      ['stop-not-last', 'reconciled'],
    ],
  ],
  [
    'a start in the middle',
    { vote: preceded({ type: 'emitter.start', version: '1' }) },
    [['boot-again', 'vote']],
  ],
  ['a record after the stop', { vote: preceded(stop) }, [['stop-not-last', 16]]],
  // commitments
  [
    'a commitment that is none',
    {
      'approved-outcome': change({ result: { alg: 'HMAC-SHA-256', c: 'x', len: 1, mt: 't' } }, {}),
    },
    [['payload-malformed', 'approved-outcome']],
  ],
  [
    'an erasure by one person',
    { erased: change({ by: 'corp:kim' }) },
    [['erasure-one-person', 'erased']],
  ],
  [
    'an erasure by one person, once as an operator',
    { erased: change({ by: 'operator:Kim' }) },
    [['erasure-one-person', 'erased']],
  ],
  ['an erasure nobody asked for', { erasure: leaveOut }, [['erasure-unasked', 'erased']]],
  [
    'an erasure of another record',
    { erasure: change({ record: 9 }) },
    [
      ['erasure-mismatch', 'erased'],
      ['erasure-unfounded', 'erasure'],
    ],
  ],
  [
    'an erasure of more than was asked',
    { erasure: change({ roles: ['args', 'forwarded'] }) },
    [['erasure-mismatch', 'erased']],
  ],
  [
    'an erasure asked for by its own approver',
    { erasure: change({ by: 'corp:dana' }) },
    [
      ['erasure-one-person', 'erased'],
      ['erasure-mismatch', 'erased'],
    ],
  ],
  [
    'an erasure that is not recorded',
    { erased: leaveOut, erasure: leaveOut },
    [['payload-missing', 'intent']],
  ],
  ['payloads that a recovery lost', { expired: leaveOut, restart: recovery({}) }, []],
  [
    'payloads that a recovery kept',
    { expired: leaveOut, restart: recovery({ kept: 20 }) },
    [['payload-missing', 'approved']],
  ],
  [
    'a recovery of more than there was',
    { restart: recovery({ more: 1 }) },
    [['recovery-misplaced', 35]],
  ],
  [
    'a recovery in the middle of a boot',
    { vote: preceded({ type: 'log.recovered', kept: 0, size: 14 }) },
    [['recovery-misplaced', 'vote']],
  ],
  ['an expiry that is not recorded', { expired: leaveOut }, [['payload-missing', 'approved']]],
  [
    'an erasure of what is still there',
    {
      'late-beat': preceded({
        ...{ type: 'payload.expired', class: 'standard', period: 3_600_000, records: [8] },
      }),
    },
    [
      ['payload-present', 'late-beat'],
      ['payload-present', 'late-beat'],
    ],
  ],
  // heartbeats
  [
    'silence',
    {
      'beat-2': (step, log) => {
        log.now += 30_000
        return [
          { ...step, fields: { ...step.fields, elapsed: Number(step.fields.elapsed) + 30_000 } },
        ]
      },
    },
    [['heartbeat-gap', 'beat-2']],
  ],
  [
    'silence before the stop',
    {
      'late-beat-2': (_, log) => {
        log.now += 60_000
        return [{ fields: stop, payloads: {} }]
      },
    },
    [['heartbeat-gap', 'late-beat-2']],
  ],
  [
    'a steady clock that runs backwards',
    { 'beat-2': change(beat(1)) },
    [['heartbeat-backwards', 'beat-2']],
  ],
  [
    'a record dated before others',
    { vote: wait(-3_600_000), claimed: wait(3_600_000) },
    [['clock-backwards', 'vote']],
  ],
  [
    'a date that is none',
    { vote: change({ time: '2026-02-30T00:00:00.000Z' }) },
    [['time-malformed', 'vote']],
  ],
  [
    'a date without milliseconds',
    { vote: change({ time: '2026-03-01T08:00:00Z' }) },
    [['time-malformed', 'vote']],
  ],
  ['silence that an outage explains', { 'beat-2': silence({ outageMs: 30_000 }) }, []],
  [
    'silence that is longer than its outage',
    { 'beat-2': silence({ outageMs: 30_000, restMs: 30_000 }) },
    [['heartbeat-gap', 11]],
  ],
  [
    'an outage that begins before the last record',
    { 'beat-2': silence({ outageMs: 30_000, fromMs: -1 }) },
    [
      ['heartbeat-gap', 11],
      ['outage-mismatch', 'beat-2'],
    ],
  ],
  [
    'silence after an outage that another beat follows',
    { 'beat-1': silence({ outageMs: 1 }), 'beat-2': silence({ restMs: 30_000 }) },
    [['heartbeat-gap', 'beat-2']],
  ],
  [
    'silence before the stop that an outage explains',
    { 'late-beat-2': silence({ outageMs: 60_000, next: stop }) },
    [],
  ],
  // masks
  [
    'a mask of no function',
    { outcome: change({ masked: [{ how: 'redact', n: 1, path: '$.x', rule: 'other' }] }) },
    [['mask-undeclared', 'outcome']],
  ],
  [
    'an argument mask of no function',
    { stream: change({ masked: [{ how: 'redact', n: 1, path: '$.x', rule: 'other' }] }) },
    [['mask-undeclared', 'stream']],
  ],
  [
    'an MCP result in which a text was hidden as a whole',
    { 'committed-outcome': change({ masked: [wholeText] }) },
    [],
  ],
  [
    'the same of a function that has no such texts',
    { outcome: change({ masked: [wholeText] }) },
    [['mask-undeclared', 'outcome']],
  ],
  [
    'the same and not hidden',
    { 'committed-outcome': change({ masked: [{ ...wholeText, how: 'keep' }] }) },
    [['mask-undeclared', 'committed-outcome']],
  ],
  found('shown to whoever sees more', { how: 'keep' }, []),
  found('and became what its rule does not do', { how: 'mask' }),
  found('of a type its rule does not look for', { entity: 'US_SSN' }),
  found('of no type', { entity: undefined }),
  found('by a rule the function does not have', { rule: 'post' }),
  found('by nobody: its end was not waited for', { entity: undefined, rule: 'unsettled' }, []),
  found('by nobody, and kept', { entity: undefined, rule: 'unsettled', how: 'keep' }),
  found('by nobody in a body let through unread, against the rulebook', {
    ...{ entity: undefined, rule: 'unread', how: 'pass', path: '$' },
  }),
  [
    'a value that was found where only results are looked at',
    {
      committed: change({
        masked: [{ entity: 'EMAIL_ADDRESS', how: 'redact', n: 1, path: '$.q', rule: 'mail' }],
      }),
    },
    [['mask-undeclared', 'committed']],
  ],
  ['the same of a question to the caller', ofQuestion('committed', mailFound), []],
  ['a credential in a question to the caller', ofQuestion('committed', echo), []],
  [
    'a credential in the arguments of another function',
    { committed: change({ masked: [echo] }) },
    [['mask-undeclared', 'committed']],
  ],
  [
    'a value that was found in what the caller answered, where only results are looked at',
    ofQuestion('committed-outcome', mailFound),
    [['mask-undeclared', 'committed-outcome']],
  ],
  [
    'a mask that was not required',
    { stream: changeDecision({ obligations: [] }) },
    [['mask-not-obliged', 'stream']],
  ],
  [
    'a result that went back unmasked',
    { outcome: change({}, { result }) },
    [['mask-not-applied', 'outcome']],
  ],
  [
    'a result that went back unmasked, of which only that is there',
    { outcome: change({}, { returned: result }) },
    [['mask-not-applied', 'outcome']],
  ],
  [
    'a masked result, of which only what went back is there',
    { outcome: change({}, { returned }) },
    [],
  ],
  [
    'a result nested beyond reason',
    { outcome: change({}, { result: '['.repeat(200_000), returned: '{}' }) },
    [],
  ],
  [
    'a result nested beyond reason, soundly',
    { outcome: change({}, { result: `${'['.repeat(9000)}${']'.repeat(9000)}`, returned: '{}' }) },
    [],
  ],
  [
    'a value that another mask hid',
    {
      outcome: change(
        {},
        {
          result,
          returned: returned.replace('[REDACTED:ssn]', '078-05-1120').replace('Ada', '***'),
        },
      ),
    },
    [['mask-not-applied', 'outcome']],
  ],
  // keys
  [
    'a rotation from another key',
    { vote: preceded({ type: 'key.rotated', key: 'k2', previous: 'k0', by: 'corp:kim' }) },
    [['key-rotation-broken', 'vote']],
  ],
  ['a rotation said twice', { vote: rotated('k2', 'k2'), claimed: rotated('k2') }, []],
  [
    'a second rotation from the same key',
    { vote: rotated('k2'), claimed: rotated('k3') },
    [['key-rotation-broken', 'claimed']],
  ],
  [
    'a genesis with a key that signs nothing',
    { genesis: change({ key: 'another' }) },
    [['key-unrecorded', 'x']],
  ],
  // leaves
  [
    'a record of no known type',
    { read: change({ type: 'call.eaten' }) },
    [
      ['leaf-malformed', 'read'],
      ['chain-gap', 26],
    ],
  ],
  [
    'a record with another member',
    { read: change({ more: 1 }) },
    [
      ['leaf-malformed', 'read'],
      ['chain-gap', 26],
    ],
  ],
  ...(
    [
      ['a word of no closed list', { role: 'everything' }],
      ['a string that holds more than ids do', { by: 'x'.repeat(1025) }],
      ['less than nothing left out', { truncated: -1 }],
    ] as const
  ).map(
    ([name, fields]): Row => [
      `a record with ${name}`,
      { read: change(fields) },
      [
        ['leaf-malformed', 'read'],
        ['chain-gap', 26],
      ],
    ],
  ),
]
