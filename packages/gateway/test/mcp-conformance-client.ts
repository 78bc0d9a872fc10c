import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Revision } from './mcp-conformance-suite.ts'

// biome-ignore lint/suspicious/noExplicitAny: what comes back is passed on as it is.
type Said = any

/** What a client of the official SDK does in a scenario; the context is what the suite gave it. */
export type Played = (client: Client, context: Said) => Promise<unknown>

const lists: Played = (client) => client.listTools()
const calling =
  (name: string, args: object = {}): Played =>
  async (client) => {
    await client.listTools()
    return client.callTool({ name, arguments: { ...args } })
  }

/** Scenarios of the suite that are run, by the revision they are run at. */
export const scenarios: readonly (readonly [Revision, string, Played])[] = [
  ['2025-11-25', 'initialize', lists],
  ['2025-11-25', 'tools_call', calling('add_numbers', { a: 2, b: 3 })],
  [
    '2025-11-25',
    'elicitation-sep1034-client-defaults',
    calling('test_client_elicitation_defaults'),
  ],
  ['2025-11-25', 'sse-retry', calling('test_reconnection')],
  ['2025-11-25', 'json-schema-2020-12-preservation', echoesSchema],
  ['2026-07-28', 'tools_call', calling('add_numbers', { a: 2, b: 3 })],
  ['2026-07-28', 'request-metadata', lists],
  ['2026-07-28', 'sep-2322-client-request-state', answersQuestions],
  ['2026-07-28', 'http-standard-headers', readsEverything],
  ['2026-07-28', 'http-custom-headers', callsAsTold],
  ['2026-07-28', 'http-invalid-tool-headers', callsAll],
  ['2026-07-28', 'json-schema-ref-no-deref', lists],
  ['2026-07-28', 'json-schema-2020-12-preservation', echoesSchema],
  ['2025-11-25', 'auth/client-credentials-basic', calling('test-tool')],
  ['2025-11-25', 'auth/client-credentials-jwt', calling('test-tool')],
  ['2026-07-28', 'auth/client-credentials-basic', calling('test-tool')],
  ['2026-07-28', 'auth/client-credentials-jwt', calling('test-tool')],
]

/** Plays one scenario against the endpoint at this URL. */
export async function play(
  given: { readonly url: string; readonly token: string; readonly revision: Revision },
  played: Played,
  context: Said,
): Promise<void> {
  const client = new Client(
    { name: 'a client', version: '1' },
    {
      capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
      ...(given.revision === '2026-07-28' && {
        versionNegotiation: { mode: { pin: given.revision } },
      }),
    },
  )
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: {} }))
  const requestInit = { headers: { authorization: `Bearer ${given.token}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL(given.url), { requestInit }))
  try {
    await played(client, context)
  } finally {
    await client.close()
  }
}

async function echoesSchema(client: Client): Promise<void> {
  const { tools } = await client.listTools()
  const focal = tools.find(({ name }) => name === 'json_schema_2020_12_tool')
  await client.callTool({ name: 'json_schema_echo', arguments: { schema: focal?.inputSchema } })
}

async function answersQuestions(client: Client): Promise<void> {
  await client.listTools()
  const names = ['echo_state', 'no_state', 'unrelated', 'no_result_type']
  await Promise.all(names.map((name) => client.callTool({ name: `test_mrtr_${name}` })))
}

async function readsEverything(client: Client): Promise<void> {
  for (const { name } of (await client.listTools()).tools) await client.callTool({ name })
  for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri })
  for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name })
}

async function callsAsTold(client: Client, context: Said): Promise<void> {
  await client.listTools()
  for (const call of context.toolCalls) await client.callTool(call)
}

/** Calls what is listed, with a text for each argument; what nobody may call is refused, which is the point. */
async function callsAll(client: Client): Promise<void> {
  for (const { name, inputSchema } of (await client.listTools()).tools) {
    const names = Object.keys(inputSchema.properties ?? {})
    const args = Object.fromEntries(names.map((one) => [one, 'eu']))
    await client.callTool({ name, arguments: args })
  }
}
