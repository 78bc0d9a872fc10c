import { disclosing } from './approval-lies.ts'
import { getCustomer, refund } from './healthy-calls.ts'
import { shown } from './healthy-log.ts'
import { digestOf } from './healthy-rulebook.ts'
import { change, type Row } from './lying.ts'

const ssn = { 'under-2': change({}, { args: getCustomer, forwarded: getCustomer }) }

const send = (body: object | string, line = 'POST /crm/notes/ann'): string => {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return `${line}\ncontent-type: application/json\n\n${text}`
}
const sent = {
  note: 'call me',
  cards: ['4111', '4222'],
  text: 'write to ann@example.com, ok?',
  pay: 150,
}
const hidden = {
  note: '[REDACTED:note]',
  cards: [],
  text: 'write to [REDACTED:EMAIL_ADDRESS], ok?',
  pay: 150,
}

/** A call of a function that hides things from its upstream: what came, what was forwarded, by which rules. */
function note(
  payloads: { readonly args: string; readonly forwarded?: string },
  rules: readonly string[] = ['note', 'card', 'mails'],
  name: 'crm.note.send' | 'crm.note.keep' | 'crm.note.part' = 'crm.note.send',
): Row[1] {
  const masked = rules.map((rule) => {
    const isFound = rule === 'mails'
    const how = rule === 'card' ? 'drop' : 'redact'
    const found = { entity: 'EMAIL_ADDRESS', validator: 'form', band: 'high' }
    return { how, n: 1, path: `$.${rule}`, rule, ...(isFound && found) }
  })
  const fn = { name, server: 'crm', schema: digestOf(name) }
  return {
    'under-2': ({ fields }) => [
      {
        fields: {
          ...fields,
          fn,
          masked,
          decision: { ...Object(fields.decision), obligations: [] },
        },
        payloads: { ...payloads },
      },
    ],
    'under-2-outcome': change({ masked: [] }),
  }
}

const openings = `${'[REDACTED:'.repeat(2000)}% `

const asked = (forwarded: string): Row[1] => ({
  requested: change({}, { args: refund(150), forwarded }),
})
const other: Row[2] = [['question-altered', 'requested']]
const altered: Row[2] = [['forwarded-altered', 'under-2']]
const shows = (members: object): string => send({ ...hidden, ...members })

/** What people were shown, and what an upstream was sent, against what was received, by the rules that hide something from it. */
export const forwardedLies: readonly Row[] = [
  ['a question about a smaller amount', asked(shown(15)), other],
  ['a question about another function', asked(shown(150, { function: { id: 'crm.x' } })), other],
  ['a question of other people', asked(shown(150, { parties: [{ id: 'corp:eve' }] })), other],
  ['a question that is none', asked('{"shown":true}'), other],
  ['what was forwarded, where nothing is hidden', ssn, [['forwarded-unexplained', 'under-2']]],
  [
    'another amount than people approved',
    {
      ...disclosing(refund(150)),
      approved: change({}, { args: refund(150), forwarded: refund(999_999) }),
    },
    [['forwarded-unexplained', 'approved']],
  ],
  [
    'another call than was received',
    { 'under-2': change({}, { args: getCustomer, forwarded: 'DELETE /crm/customers/7\n\n' }) },
    [['forwarded-unexplained', 'under-2']],
  ],
  [
    'arguments of another verb',
    { 'under-2': change({}, { args: 'DELETE /crm/customers/7\n\n' }) },
    [['arguments-other-function', 'under-2']],
  ],
  [
    'arguments of another path',
    { 'under-2': change({}, { args: 'GET /crm/notes/7\n\n' }) },
    [['arguments-other-function', 'under-2']],
  ],
  ['what rules hide from the upstream', note({ args: send(sent), forwarded: send(hidden) }), []],
  [
    'a list that is left out with all that was in it',
    note({ args: send(sent), forwarded: shows({ cards: undefined }) }),
    [],
  ],
  [
    'a list of which less is left out',
    note({ args: send(sent), forwarded: shows({ cards: ['4222'] }) }),
    altered,
  ],
  [
    'a mark in text that is full of its beginning',
    note({
      args: send({ ...sent, text: `${openings}ann@example.com` }),
      forwarded: shows({ text: `${openings}[REDACTED:EMAIL_ADDRESS]` }),
    }),
    [],
  ],
  [
    'another beginning before a mark in text that is full of it',
    note({
      args: send({ ...sent, text: `${openings}ann@example.com` }),
      forwarded: shows({ text: `${openings}.[REDACTED:EMAIL_ADDRESS]` }),
    }),
    altered,
  ],
  ['another number', note({ args: send(sent), forwarded: shows({ pay: 151 }) }), altered],
  [
    'a number that is another by less than a double tells',
    note({
      args: send(JSON.stringify(sent).replace('150', '9007199254740993')),
      forwarded: send(JSON.stringify(hidden).replace('150', '9007199254740992')),
    }),
    altered,
  ],
  ['a member more', note({ args: send(sent), forwarded: shows({ more: true }) }), altered],
  ['a member less', note({ args: send(sent), forwarded: shows({ pay: undefined }) }), altered],
  [
    'words around what was found',
    note({
      args: send(sent),
      forwarded: shows({ text: 'pay to [REDACTED:EMAIL_ADDRESS], ok?' }),
    }),
    altered,
  ],
  [
    'something else where a mask was',
    note({ args: send(sent), forwarded: shows({ note: 'pay eve' }) }),
    altered,
  ],
  [
    'what was found, by a rule that the record does not name',
    note({ args: send(sent), forwarded: send(hidden) }, ['note', 'card']),
    altered,
  ],
  [
    'another path argument',
    note({ args: send(sent), forwarded: send(hidden, 'POST /crm/notes/eve') }),
    altered,
  ],
  [
    'another verb',
    note({ args: send(sent), forwarded: send(hidden, 'PUT /crm/notes/ann') }),
    altered,
  ],
  ['what cannot be read', note({ args: send(sent), forwarded: send('{"note":') }), altered],
  [
    'a value that was to be hidden',
    note({ args: send(sent), forwarded: shows({ note: 'call me' }) }),
    [['mask-not-applied', 'under-2']],
  ],
  [
    'nothing hidden of what was to be',
    note({ args: send({ note: 'call me' }) }, []),
    [['mask-not-applied', 'under-2']],
  ],
  ['nothing there that was to be hidden', note({ args: send({ pay: 1 }) }, []), []],
  [
    'what the record must not see, forwarded otherwise',
    note(
      {
        args: send({ note: '[REDACTED:note]' }, 'POST /crm/kept'),
        forwarded: send({ note: 'call me' }, 'POST /crm/kept'),
      },
      ['secret'],
      'crm.note.keep',
    ),
    [['forwarded-unexplained', 'under-2']],
  ],
  [
    'what the record must not see, and shows',
    note({ args: send({ note: 'call me' }, 'POST /crm/kept') }, [], 'crm.note.keep'),
    [['mask-not-applied', 'under-2']],
  ],
  [
    'something that the record must not see, and something else that the upstream must not',
    note(
      { args: send({ note: 'call me', secret: '[REDACTED:secret]' }, 'POST /crm/parted') },
      ['note', 'secret'],
      'crm.note.part',
    ),
    [],
  ],
  [
    'what the record must not see',
    note(
      { args: send({ note: '[REDACTED:note]' }, 'POST /crm/kept') },
      ['secret'],
      'crm.note.keep',
    ),
    [],
  ],
]
