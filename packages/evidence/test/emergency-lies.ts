import { glass, review } from './approval-story.ts'
import type { Lie } from './healthy-log.ts'
import { change, leaveOut, type Row, twice } from './lying.ts'

const badGlass = (name: string, fields: object): Row => [
  `a glass broken ${name}`,
  { glass: change(fields) },
  [['break-glass-not-allowed', 'glass']],
]
const brokenBy = (by: string): Readonly<Record<string, Lie>> => ({
  glass: change({ by }),
  'glass-call': change({ approvals: [{ by, id: 'bgl_1' }] }),
})

/** About people who let calls of their own through. */
export const emergencyLies: readonly Row[] = [
  // how it is broken
  badGlass('with a weak sign-in', { acr: 'weak' }),
  badGlass('without saying how they signed in', { acr: undefined }),
  badGlass('without a second factor', { amr: ['pwd'] }),
  badGlass('long after signing in', { signedIn: '2026-03-01T08:00:00.000Z' }),
  badGlass('before signing in', { signedIn: '2026-03-01T10:00:00.000Z' }),
  badGlass('for hardly any reason', { reason: 'urgent' }),
  badGlass('without an incident', { incident: ' ' }),
  badGlass('for others to look at some day', { reviewBy: '2026-04-01T08:00:00.000Z' }),
  badGlass('for longer than the rulebook lets', { expires: '2026-03-01T09:45:00.000Z' }),
  badGlass('for functions beyond those of the rulebook', { functions: ['crm.*', 'erp.*'] }),
  [
    'a glass broken for two hours',
    { glass: change({ expires: '2026-03-01T11:00:00.000Z' }) },
    [
      ['break-glass-too-long', 'glass'],
      ['break-glass-not-allowed', 'glass'],
    ],
  ],
  [
    'a glass broken for a function that is called by another name',
    { glass: change({ functions: ['crm.refund.create'] }) },
    [['approval-other-call', 'glass-call']],
  ],
  [
    'a glass broken by somebody who is not named',
    brokenBy('corp:kim'),
    [
      ['break-glass-not-allowed', 'glass'],
      ['break-glass-other-person', 'glass-call'],
    ],
  ],
  [
    'a glass broken for calls of somebody else',
    brokenBy('corp:lee'),
    [['break-glass-other-person', 'glass-call']],
  ],
  [
    'a glass broken for the question of somebody else',
    { bypass: change({ by: 'corp:lee' }) },
    [['break-glass-other-person', 'bypass']],
  ],
  [
    'a glass broken too often',
    { 'bypass-reviewed': (step, log) => [step, { ...step, fields: third(log) }] },
    [['break-glass-not-allowed', 77]],
  ],
  [
    'a glass broken by an API key',
    {
      glass: change({ by: 'key:k1' }),
      'glass-call': change({ approvals: [{ by: 'key:k1', id: 'bgl_1' }] }),
    },
    [
      ['approval-not-a-person', 'glass'],
      ['break-glass-not-allowed', 'glass'],
      ['break-glass-other-person', 'glass-call'],
    ],
  ],
  [
    'a glass broken for what people had answered',
    { bypass: change({ approval: 'apr_4' }), 'bypass-claim': change({ approval: 'apr_4' }) },
    [['approval-closed', 'bypass']],
  ],
  [
    'two glasses under one id',
    { bypass: change({ glass: 'bgl_1' }) },
    [
      ['break-glass-repeated', 'bypass'],
      ['break-glass-unknown', 'bypass-unjustified'],
      ['break-glass-unknown', 'bypass-reviewed'],
    ],
  ],
  // what others think of it
  [
    'a glass broken again after one was found unjustified',
    { 'glass-reviewed': change({ verdict: 'unjustified' }) },
    [['break-glass-suspended', 'bypass']],
  ],
  [
    'a glass broken again after one that nobody reviewed in time',
    { glass: change({ reviewBy: '2026-03-01T08:00:00.000Z' }), 'glass-reviewed': leaveOut },
    [['break-glass-suspended', 'bypass']],
  ],
  ['a glass broken again before it had to be reviewed', { 'glass-reviewed': leaveOut }, []],
  [
    'a glass broken again after a finding was overturned',
    {
      'glass-reviewed': (step) => [
        { ...step, fields: review('bgl_1', 'unjustified') },
        { ...step, fields: review('bgl_1', 'justified') },
      ],
    },
    [],
  ],
  [
    'a review of what nobody had broken',
    { 'glass-reviewed': change({ glass: 'bgl_9' }) },
    [['break-glass-unknown', 'glass-reviewed']],
  ],
  [
    'a review by the same person',
    { 'glass-reviewed': change({ by: 'corp:sam' }) },
    [
      ['break-glass-own-review', 'glass-reviewed'],
      ['break-glass-reviewer', 'glass-reviewed'],
    ],
  ],
  [
    'a review by the same person under another account',
    { 'glass-reviewed': change({ by: 'hub:sammy' }) },
    [
      ['break-glass-own-review', 'glass-reviewed'],
      ['break-glass-reviewer', 'glass-reviewed'],
    ],
  ],
  [
    'a review by somebody who is not named',
    { 'glass-reviewed': change({ by: 'corp:kim' }) },
    [['break-glass-reviewer', 'glass-reviewed']],
  ],
  ['a review again', { 'glass-reviewed': twice }, [['break-glass-reviewed-twice', 70]]],
]

function third(log: Parameters<typeof glass>[0]) {
  return glass(log, { glass: 'bgl_3', clearance: 'clr_7', functions: ['crm.*'], uses: 100 })
}
