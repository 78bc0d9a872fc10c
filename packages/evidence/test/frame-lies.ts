import { digestOf } from './healthy-rulebook.ts'
import { change, type Row } from './lying.ts'

const raw = '{"ssn":"078-05-1120","name":"Ada"}'
const hidden = '{"ssn":"[REDACTED:ssn]","name":"Ada"}'
const gone = '[REDACTED:unreadable]'

type Method = 'tools/call' | 'resources/read' | 'prompts/get'
const functions = {
  'tools/call': 'crm.tickets.find',
  'resources/read': 'crm.ticket',
  'prompts/get': 'crm.greeting',
} as const

/** Of a call of an MCP function that hides `$.ssn`: what came, and what went back by its record. */
function frame(method: Method, result: object, returned: object): Row[1] {
  const name = functions[method]
  const fn = { name, server: 'crm', schema: digestOf(name) }
  return {
    'under-2': change(
      { fn },
      { args: method === 'resources/read' ? '{"uri":"ticket://1"}' : '{}' },
    ),
    'under-2-outcome': change(
      {},
      { result: JSON.stringify(result), returned: JSON.stringify(returned) },
    ),
  }
}

/** The same, where nothing is there but what went back. */
function frameAlone(method: Method, returned: object): Row[1] {
  return {
    ...frame(method, returned, returned),
    'under-2-outcome': change({}, { returned: JSON.stringify(returned) }),
  }
}

/** The places of a frame where a value can stand, each with `value` there. */
const places: readonly (readonly [string, Method, (value: string) => object])[] = [
  ['structured', 'tools/call', (value) => ({ result: { structuredContent: JSON.parse(value) } })],
  ['a text', 'tools/call', (value) => tool({ type: 'text', text: value })],
  [
    'a text of an embedded resource',
    'tools/call',
    (value) => tool({ type: 'resource', resource: { uri: 'a://1', text: value } }),
  ],
  [
    'the second text',
    'tools/call',
    (value) => tool({ type: 'text', text: '' }, { type: 'text', text: value }),
  ],
  [
    'a description that is JSON',
    'tools/call',
    (value) => tool({ type: 'resource_link', uri: 'a://1', name: '', description: value }),
  ],
  [
    'the text of a resource',
    'resources/read',
    (text) => ({ result: { contents: [{ uri: 'ticket://1', text }] } }),
  ],
  [
    'a message of a prompt',
    'prompts/get',
    (text) => ({ result: { messages: [{ role: 'user', content: { type: 'text', text } }] } }),
  ],
  [
    'several blocks of a message',
    'prompts/get',
    (text) => ({ result: { messages: [{ role: 'user', content: [{ type: 'text', text }] }] } }),
  ],
  [
    'deep in _meta',
    'tools/call',
    (value) => ({ result: { _meta: { 'x/y': [{ z: JSON.parse(value) }] } } }),
  ],
  [
    'structured, as text',
    'tools/call',
    (structuredContent) => ({ result: { structuredContent, isError: false } }),
  ],
]

function tool(...content: readonly object[]): object {
  return { result: { content } }
}

/** What no declared path leads into, and what has to become of it. */
const unreachable: readonly (readonly [string, Method, object, object])[] = [
  [
    'a sentence',
    'tools/call',
    tool({ type: 'text', text: 'It is 078-05-1120.' }),
    tool({ type: 'text', text: gone }),
  ],
  [
    'JSON that is cut off',
    'tools/call',
    tool({ type: 'text', text: raw.slice(0, -1) }),
    tool({ type: 'text', text: gone }),
  ],
  [
    'an image',
    'tools/call',
    tool({ type: 'image', mimeType: 'image/png', data: 'AAAA' }),
    tool({ type: 'image', mimeType: 'image/png', data: '' }),
  ],
  [
    'bytes of a resource',
    'resources/read',
    { result: { contents: [{ uri: 'ticket://1', blob: 'AAAA' }] } },
    { result: { contents: [{ uri: 'ticket://1', blob: '' }] } },
  ],
  [
    'a member that the protocol does not name',
    'tools/call',
    { result: { content: [], toolResult: { n: 1, of: { n: 2 } } } },
    { result: { content: [], toolResult: {} } },
  ],
  [
    'a number that the protocol does not name',
    'tools/call',
    { result: { content: [], total: 780_51_120 } },
    { result: { content: [], total: gone } },
  ],
  [
    'what is attached to an error',
    'tools/call',
    { error: { code: -32_602, message: 'Unknown ticket', data: { n: 1 } } },
    { error: { code: -32_602, message: 'Unknown ticket', data: {} } },
  ],
]

const left: Row[2] = [['mask-not-applied', 'under-2-outcome']]

/** About results of MCP functions: what declared masks had to hide in them. */
export const frameLies: readonly Row[] = [
  ...places.flatMap(([name, method, at]): readonly Row[] => [
    [`MCP: ${name}, masked`, frame(method, at(raw), at(hidden)), []],
    [`MCP: ${name}, unmasked`, frame(method, at(raw), at(raw)), left],
    [`MCP: ${name}, masked, and nothing to compare`, frameAlone(method, at(hidden)), []],
    [`MCP: ${name}, unmasked, and nothing to compare`, frameAlone(method, at(raw)), left],
    [
      `MCP: ${name}, something else masked`,
      frame(method, at(raw), at(raw.replace('Ada', '***'))),
      left,
    ],
  ]),
  ...unreachable.flatMap(([name, method, before, after]): readonly Row[] => [
    [`MCP: ${name}, hidden`, frame(method, before, after), []],
    [`MCP: ${name}, let through`, frame(method, before, before), left],
    [`MCP: ${name}, hidden, and nothing to compare`, frameAlone(method, after), []],
    [`MCP: ${name}, let through, and nothing to compare`, frameAlone(method, before), left],
  ]),
  [
    'MCP: a part of what had to be emptied',
    frame(
      'tools/call',
      { result: { toolResult: { n: 1, of: { n: 2 } } } },
      { result: { toolResult: { n: 1 } } },
    ),
    left,
  ],
  [
    'MCP: JSON in a text that was hidden as a whole',
    frame('tools/call', tool({ type: 'text', text: raw }), tool({ type: 'text', text: gone })),
    [],
  ],
  [
    'MCP: what the protocol says stays',
    frame(
      'tools/call',
      { result: { resultType: 'complete', isError: false, _meta: { n: 1 }, content: [] } },
      { result: { resultType: 'complete', isError: false, _meta: { n: 1 }, content: [] } },
    ),
    [],
  ],
  [
    'MCP: the same value where no path leads to',
    frame(
      'tools/call',
      { result: { structuredContent: { ssn: '1', other: { ssn: '1' } } } },
      { result: { structuredContent: { ssn: '[REDACTED:ssn]', other: { ssn: '1' } } } },
    ),
    [],
  ],
]
