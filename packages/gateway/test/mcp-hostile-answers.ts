import { type RawAnswer, sayEvents, sayJson } from './mcp-raw-server.ts'

type Hostile = readonly [tool: string, answer: RawAnswer, sees: RegExp, ending: string]
const text = (id: unknown, said: string) => ({
  jsonrpc: '2.0',
  id,
  result: { resultType: 'complete', content: [{ type: 'text', text: said }] },
})

/** What servers say that are not what they should be: what the agent sees, and what the record says. */
export const hostileAnswers: readonly Hostile[] = [
  ['garbage', (response) => sayJson(response, '<html>'), /upstream-failed/, 'upstream-failed'],
  ['unknown', (response) => sayJson(response, text(77, 'x')), /upstream-failed/, 'upstream-failed'],
  [
    'wrong-type',
    (response, { id }) => sayJson(response, text(String(id), 'x')),
    /upstream-failed/,
    'upstream-failed',
  ],
  [
    'twice',
    (response, { id }) => sayEvents(response, [text(id, 'the first'), text(id, 'the second')]),
    /the first/,
    'done',
  ],
  [
    'rpc',
    (response, { id }) =>
      sayJson(response, { jsonrpc: '2.0', id, error: { code: -32001, message: 'as told' } }),
    /as told/,
    'done',
  ],
  ['gone', (response) => response.destroy(), /upstream-(?:failed|unreachable)/, 'upstream-failed'],
  [
    'moved',
    (response) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
    /upstream-failed/,
    'upstream-failed',
  ],
]

const floods = ['flood-strangers', 'flood-news', 'flood-lists', 'flood-pings'] as const

/** The same of child processes; `fine` at the end: it was started again. */
export const hostileChildren: readonly (readonly [string, RegExp, string])[] = [
  ['fine', /fine/, 'done'],
  ['banner', /after the banner/, 'done'],
  ['garbage', /upstream-failed/, 'upstream-failed'],
  ['list', /upstream-failed/, 'upstream-failed'],
  ['wrong-type', /of the number/, 'done'],
  ['unknown', /of the call/, 'done'],
  ['twice', /the first/, 'done'],
  ['silent', /upstream-timeout/, 'upstream-timeout'],
  ['crash', /upstream-failed/, 'upstream-failed'],
  ['oversized', /upstream-failed/, 'upstream-failed'],
  ['fine', /fine/, 'done'],
]

/** The same of 2026-07-28, and what is too much. Nothing here waits for a time to be over. */
export const hostileModernChildren: typeof hostileChildren = [
  ...hostileChildren.filter(([name]) => name !== 'silent'),
  // One that answers in between is started again at once.
  ...floods.flatMap((name) => [
    [name, /upstream-failed/, 'upstream-failed'] as const,
    ['fine', /fine/, 'done'] as const,
  ]),
]
