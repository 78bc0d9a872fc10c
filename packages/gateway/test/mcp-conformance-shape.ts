/**
 * The tools, prompts and resources that the server scenarios of the MCP conformance suite ask a server for, in no
 * revision's terms: how something is asked of the client is the server's business.
 */

// biome-ignore lint/suspicious/noExplicitAny: what the suite sends is looked at member by member.
type Said = any

export type Requests = Readonly<
  Record<string, { readonly method: string; readonly params: object }>
>

export type Talk = {
  readonly args: Readonly<Record<string, Said>>
  readonly progressToken: string | number | undefined
  /** What the client says it can do. */
  readonly capabilities: Readonly<Record<string, unknown>>
  readonly notify: (method: string, params: object) => Promise<void>
  readonly log: (said: string) => Promise<void>
  /** The client's answers; one that `keeps` is asked for with a state of the server's. */
  readonly need: (
    requests: Requests,
    options?: { readonly keeps?: boolean },
  ) => Promise<Readonly<Record<string, Said>>>
}

export type Asked = (talk: Talk) => Promise<Said> | Said

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='
const wav = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA='

const text = (said: string) => ({ type: 'text', text: said })
const image = { type: 'image', data: png, mimeType: 'image/png' }
const plain = (uri: string, said: string) => ({ uri, mimeType: 'text/plain', text: said })
const json = (uri: string, said: object) => ({
  ...{ uri, mimeType: 'application/json' },
  text: JSON.stringify(said),
})
const embedded = (resource: object) => ({ type: 'resource', resource })
const shown =
  (...content: object[]): Asked =>
  () => ({ content })

const string = (more: object = {}) => ({ type: 'string', ...more })
const wanting = (properties: object, required?: readonly string[]) => ({
  ...{ type: 'object', properties },
  ...(required && { required }),
})
const form = (message: string, requestedSchema: object) => ({
  method: 'elicitation/create',
  params: { message, requestedSchema },
})
const askFor = (message: string, member: string, type = 'string') =>
  form(message, wanting({ [member]: { type } }, [member]))
const sample = (prompt: string, maxTokens = 100) => ({
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: text(prompt) }], maxTokens },
})
const roots = { method: 'roots/list', params: {} }

const pause = () => new Promise((resolve) => setTimeout(resolve, 20))
const told = (answer: Said) =>
  `Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`

/** A tool that asks once, then says what it was told. */
const asking =
  (requests: Requests, options?: { readonly keeps: boolean }): Asked =>
  async ({ need }) => ({
    content: [text(`state-ok ${JSON.stringify(await need(requests, options))}`)],
  })

const defaults = wanting({
  name: string({ default: 'John Doe' }),
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: string({ enum: ['active', 'inactive', 'pending'], default: 'active' }),
  verified: { type: 'boolean', default: true },
})
const three = (word: string) => [`${word}1`, `${word}2`, `${word}3`]
const titled = three('value').map((value, at) => ({ const: value, title: `Choice ${at + 1}` }))
const enums = wanting({
  untitledSingle: string({ enum: three('option') }),
  titledSingle: string({ oneOf: titled }),
  legacyEnum: string({ enum: three('opt'), enumNames: ['Option 1', 'Option 2', 'Option 3'] }),
  untitledMulti: { type: 'array', items: string({ enum: three('option') }) },
  titledMulti: { type: 'array', items: { anyOf: titled } },
})

const elicits =
  (schema: object): Asked =>
  async ({ need }) => {
    const { asked } = await need({ asked: form('Look at these', schema) })
    return { content: [text(told(asked))] }
  }

const mixed = json('test://mixed-content-resource', { test: 'data', value: 123 })
const inside = plain('test://embedded-resource', 'This is an embedded resource content.')

const behind: Readonly<Record<string, Asked>> = {
  test_simple_text: shown(text('This is a simple text response for testing.')),
  test_image_content: shown(image),
  test_audio_content: shown({ type: 'audio', data: wav, mimeType: 'audio/wav' }),
  test_embedded_resource: shown(embedded(inside)),
  test_multiple_content_types: shown(text('Multiple content types test:'), image, embedded(mixed)),
  test_error_handling: () => {
    throw new Error('This tool intentionally returns an error for testing')
  },
  test_tool_with_logging: async ({ log }) => {
    for (const said of ['execution started', 'processing data', 'execution completed']) {
      await log(`Tool ${said}`)
      await pause()
    }
    return { content: [text('logged')] }
  },
  test_logging_tool: async ({ log }) => {
    await log('nobody asked')
    return { content: [text('done')] }
  },
  test_tool_with_progress: async ({ progressToken, notify }) => {
    for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
      await notify('notifications/progress', { progressToken, progress, total: 100 })
      await pause()
    }
    return { content: [text(String(progressToken))] }
  },
  test_sampling: async ({ args, need }) => {
    const { said } = await need({ said: sample(args.prompt) })
    return { content: [text(`LLM response: ${said.content.text}`)] }
  },
  test_elicitation: async ({ args, need }) => {
    const member = (description: string) => string({ description })
    const properties = { username: member('Who it is'), email: member('Where to write') }
    const { asked } = await need({
      asked: form(args.message, wanting(properties, ['username', 'email'])),
    })
    return { content: [text(`User response: ${JSON.stringify(asked)}`)] }
  },
  test_elicitation_sep1034_defaults: elicits(defaults),
  test_elicitation_sep1330_enums: elicits(enums),
  test_streaming_elicitation: asking({ sure: askFor('Sure?', 'sure', 'boolean') }),
  test_missing_capability: asking({ said: sample('Say something') }),
  test_trigger_tool_change: shown(text('nothing changes here')),
  test_trigger_prompt_change: shown(text('nothing changes here')),
  test_input_required_result_elicitation: asking({
    user_name: askFor('What is your name?', 'name'),
  }),
  test_input_required_result_sampling: asking({
    capital_question: sample('What is the capital of France?'),
  }),
  test_input_required_result_list_roots: asking({ client_roots: roots }),
  test_input_required_result_request_state: asking(
    { confirm: askFor('Please confirm', 'ok', 'boolean') },
    { keeps: true },
  ),
  test_input_required_result_tampered_state: asking(
    { confirm: askFor('Please confirm', 'ok', 'boolean') },
    { keeps: true },
  ),
  test_input_required_result_multiple_inputs: asking(
    {
      user_name: askFor('What is your name?', 'name'),
      greeting: sample('Generate a greeting', 50),
      client_roots: roots,
    },
    { keeps: true },
  ),
  test_input_required_result_multi_round: async ({ need }) => {
    await need({ step1: askFor('Step 1: What is your name?', 'name') }, { keeps: true })
    await need({ step2: askFor('Step 2: What is your favorite color?', 'color') }, { keeps: true })
    return { content: [text('both are known')] }
  },
  test_input_required_result_capabilities: async ({ need, capabilities }) => {
    const could: Requests = {
      ...('sampling' in capabilities && { said: sample('Say something') }),
      ...('elicitation' in capabilities && { name: askFor('What is your name?', 'name') }),
    }
    return { content: [text(JSON.stringify(await need(could)))] }
  },
}

const behindPrompts: Readonly<Record<string, Asked>> = {
  test_simple_prompt: () => messages(text('This is a simple prompt for testing.')),
  test_prompt_with_arguments: ({ args: { arg1, arg2 } }) =>
    messages(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  test_prompt_with_embedded_resource: ({ args: { resourceUri } }) =>
    messages(
      embedded(plain(resourceUri, 'Embedded resource content for testing.')),
      text('Please process the embedded resource above.'),
    ),
  test_prompt_with_image: () => messages(image, text('Please analyze the image above.')),
  test_input_required_result_prompt: async ({ need }) => {
    const asked = askFor('What context should the prompt use?', 'context')
    const { user_context } = await need({ user_context: asked })
    return messages(text(JSON.stringify(user_context)))
  },
}

function messages(...contents: object[]): object {
  return { messages: contents.map((content) => ({ role: 'user', content })) }
}

const argumentsOf: Readonly<Record<string, readonly string[]>> = {
  test_sampling: ['prompt'],
  test_elicitation: ['message'],
  test_prompt_with_arguments: ['arg1', 'arg2'],
  test_prompt_with_embedded_resource: ['resourceUri'],
}

/** Of JSON Schema 2020-12, words that a server has to keep when it lists the tool. */
const manyWords = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      ...{ $anchor: 'addressDef', type: 'object' },
      properties: { street: string(), city: string() },
    },
  },
  properties: {
    name: string(),
    address: { $ref: '#/$defs/address' },
    contactMethod: string({ enum: ['phone', 'email'] }),
    phone: string(),
    email: string(),
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema.
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
}

/** Arguments that a caller of 2026-07-28 repeats in a header. */
const mirrored = wanting({ region: string({ 'x-mcp-header': 'Region' }) })

export const tools: readonly object[] = [
  ...Object.keys(behind).map((name) => {
    const names = argumentsOf[name] ?? []
    const properties = Object.fromEntries(names.map((one) => [one, string()]))
    return { name, description: `Does ${name}`, inputSchema: wanting(properties, names) }
  }),
  { name: 'json_schema_2020_12_tool', description: 'Many words', inputSchema: manyWords },
  { name: 'test_x_mcp_header', description: 'Has a header', inputSchema: mirrored },
]

export const prompts: readonly object[] = Object.keys(behindPrompts).map((name) => ({
  ...{ name, description: `Says ${name}` },
  arguments: (argumentsOf[name] ?? []).map((one) => ({ name: one, required: true })),
}))

const at = (uri: string, mimeType: string) => ({
  uri,
  name: uri,
  description: 'For tests',
  mimeType,
})
export const resources: readonly object[] = [
  at('test://static-text', 'text/plain'),
  at('test://static-binary', 'image/png'),
  at('test://watched-resource', 'text/plain'),
]
export const templates: readonly object[] = [
  {
    ...{ uriTemplate: 'test://template/{id}/data', name: 'data' },
    ...{ description: 'Data by id', mimeType: 'application/json' },
  },
]
export const completion: object = { completion: { values: ['paris', 'park'], hasMore: false } }

export function toolNamed(name: string): Asked {
  return behind[name] ?? shown(text('nothing to do'))
}

export function promptNamed(name: string): Asked {
  return behindPrompts[name] ?? (() => messages(text('nothing to say')))
}

/** What is at a URI; undefined: nothing. */
export function resourceAt(uri: string): object | undefined {
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1]
  if (id !== undefined) return json(uri, { id, templateTest: true, data: `Data for ID: ${id}` })
  if (uri === 'test://static-binary') return { uri, mimeType: 'image/png', blob: png }
  if (uri === 'test://watched-resource') return plain(uri, 'watched')
  if (uri !== 'test://static-text') return undefined
  return plain(uri, 'This is the content of the static text resource.')
}
