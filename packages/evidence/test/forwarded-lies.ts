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
  name: string = 'crm.note.send',
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

const uri = (text: string): string => JSON.stringify({ uri: text })
const file = (forwarded: string, args: string = 'file:///ann/a/b'): Row[1] =>
  note({ args: uri(args), forwarded: uri(forwarded) }, ['note'], 'crm.file')
const letter = (forwarded: string): Row[1] =>
  note(
    { args: uri('letter:///ann@example.com/home/1'), forwarded: uri(forwarded) },
    ['note', 'mails'],
    'crm.letter',
  )
const answered = (values: object, answers: object): string =>
  JSON.stringify({ arguments: values, inputResponses: answers })
const ask = (values: object, answers: object): Row[1] => {
  const args = answered({ note: 'call me', n: 1 }, { q: { pay: 150 }, note: 'or me' })
  return note({ args, forwarded: answered(values, answers) }, ['note'], 'crm.ask')
}
const noted = { note: '[REDACTED:note]' }

/** Another question, before the one about a refund: what came, and what people were shown. */
const askedAs = (fn: string, args: string, values: object): Row[1] => ({
  requested: (step, log) => {
    const id = { approval: 'apr_9', call: 'c90', offer: 'o9', digest: 'd9' }
    const { purpose, owner } = { purpose: 'For tests', owner: 'team-crm' }
    const forwarded = shown(150, { function: { id: fn, purpose, owner }, arguments: values })
    log.add({ ...step.fields, ...id, fn }, { args, forwarded })
    return [step]
  },
})
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
  // MCP: what stands in a URI, and what a caller answered
  ['a resource of a template', note({ args: uri('page://1/a/b') }, [], 'crm.page'), []],
  [
    'a resource of no template',
    note({ args: uri('page://1') }, [], 'crm.page'),
    [['arguments-other-function', 'under-2']],
  ],
  ['a part of a URI that is hidden', file('file:///%5BREDACTED%3Anote%5D/a/b'), []],
  ['another part of a URI that is altered', file('file:///%5BREDACTED%3Anote%5D/a/c'), altered],
  ['a URI that is altered as a whole', file('file:///'), altered],
  [
    'a part of a URI that was to be hidden',
    file('file:///ann/a/b'),
    [['mask-not-applied', 'under-2']],
  ],
  [
    'a URI in which something is found',
    note(
      {
        args: uri('mail:///ann@example.com/a'),
        forwarded: uri('mail:///[REDACTED:EMAIL_ADDRESS]/a'),
      },
      ['mails'],
      'crm.mailbox',
    ),
    [],
  ],
  [
    'a URI in which something is found, and something else is altered',
    note(
      {
        args: uri('mail:///ann@example.com/a'),
        forwarded: uri('mail:///[REDACTED:EMAIL_ADDRESS]/b'),
      },
      ['mails'],
      'crm.mailbox',
    ),
    altered,
  ],
  [
    'a part of a URI that is hidden, and another in which something is found',
    letter('letter:///[REDACTED:EMAIL_ADDRESS]/%5BREDACTED%3Anote%5D/1'),
    [],
  ],
  [
    'the same, and something else is altered',
    letter('letter:///[REDACTED:EMAIL_ADDRESS]/%5BREDACTED%3Anote%5D/2'),
    altered,
  ],
  [
    'a part of a URI that is hidden, and the others because of what is found across parts',
    letter('letter:///%5BREDACTED%3AURI%5D/%5BREDACTED%3Anote%5D/%5BREDACTED%3AURI%5D'),
    [],
  ],
  [
    'answers beside arguments, both hidden',
    ask({ ...noted, n: 1 }, { q: { pay: 150 }, ...noted }),
    [],
  ],
  ['answers that are altered', ask({ ...noted, n: 1 }, { q: { pay: 15 }, ...noted }), altered],
  [
    'arguments that are altered, beside answers',
    ask({ ...noted, n: 2 }, { q: { pay: 150 }, ...noted }),
    altered,
  ],
  [
    'an answer that was to be hidden',
    ask({ ...noted, n: 1 }, { q: { pay: 150 }, note: 'or me' }),
    [['mask-not-applied', 'under-2']],
  ],
  [
    'a question about a resource of a template',
    askedAs('crm.page', uri('page://1/a/b'), { chapter: '1', name: 'a/b', uri: 'page://1/a/b' }),
    [],
  ],
  [
    'a question about another one',
    askedAs('crm.page', uri('page://1/a/b'), { chapter: '1', name: 'a/c', uri: 'page://1/a/c' }),
    other,
  ],
  [
    'a question about another one, of which only the URI tells',
    askedAs('crm.page', uri('page://1/a/b'), { chapter: '1', name: 'a/b', uri: 'page://1/a/c' }),
    other,
  ],
  [
    'a question that hides a part of a URI',
    askedAs('crm.file', uri('file:///ann/a'), {
      ...{ folder: '[REDACTED:note]', name: 'a', uri: 'file:///%5BREDACTED%3Anote%5D/a' },
    }),
    [],
  ],
  [
    'a question about answers',
    askedAs('crm.ask', answered({ n: 1 }, { q: 2 }), {
      ...{ arguments: { n: 1 }, inputResponses: { q: 2 } },
    }),
    [],
  ],
  [
    'a question about other answers',
    askedAs('crm.ask', answered({ n: 1 }, { q: 2 }), {
      ...{ arguments: { n: 1 }, inputResponses: { q: 3 } },
    }),
    other,
  ],
  [
    'a question that leaves answers out',
    askedAs('crm.ask', answered({ n: 1 }, { q: 2 }), { n: 1 }),
    other,
  ],
]
