import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Client as ModernClient } from '@modelcontextprotocol/client'
import { StdioClientTransport as ModernStdio } from '@modelcontextprotocol/client/stdio'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { dana, type House, openHouse, until } from './house.ts'
import { startModernPeer } from './mcp-peers.ts'
import { writeRulebook } from './rules.ts'

const root = join(import.meta.dirname, '../../..')
const bin = join(root, 'packages/gateway/bin/sallyport.js')
const guide = readFileSync(join(root, 'docs/guides/connect-an-agent.md'), 'utf8')

/** The guide's snippets, by the name that stands behind their language. */
const snippets = new Map(
  [...guide.matchAll(/```(?:json|python) ([a-z-]+)\n([\s\S]*?)```/g)].map(
    ([, name = '', text = '']) => [name, text],
  ),
)

/** How a client is to reach the gateway, by one of the snippets. */
type Way = { readonly url: string; readonly headers: Readonly<Record<string, string>> } | Command
type Command = {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** What each client's configuration has to look like, and where in it the way stands. */
const shapes: Readonly<Record<string, (config: Json) => Json>> = {
  'claude-code-http': ({ mcpServers }) => typed(mcpServers.sallyport, 'http'),
  'claude-code-stdio': ({ mcpServers }) => typed(mcpServers.sallyport, 'stdio'),
  'cursor-http': ({ mcpServers }) => mcpServers.sallyport,
  'cursor-stdio': ({ mcpServers }) => mcpServers.sallyport,
  'vscode-http': ({ inputs, servers }) => typed(prompted(inputs, servers.sallyport), 'http'),
  'vscode-stdio': ({ inputs, servers }) => typed(prompted(inputs, servers.sallyport), 'stdio'),
}

// biome-ignore lint/suspicious/noExplicitAny: a configuration is looked at member by member, as its client would.
type Json = Record<string, any>

function typed({ type, ...way }: Json, expected: string): Json {
  assert.equal(type, expected)
  return way
}

/** VS Code puts what it asked for where the server wants it. */
function prompted(inputs: readonly Json[], way: Json): Json {
  const [{ type, id, password } = {}, ...others] = inputs
  assert.deepEqual([type, password, others], ['promptString', true, []])
  assert.ok(JSON.stringify(way).includes(`\${input:${id}}`))
  return way
}

/** Where the way stands in a program: the arguments of whatever opens the connection. */
function wayInPython(text: string): Way {
  const url = /"url": "([^"]+)"/.exec(text)?.[1]
  const header = /"Authorization": f"Bearer \{os\.environ\['(\w+)'\]\}"/.exec(text)?.[1]
  if (url !== undefined) return { url, headers: { Authorization: `Bearer \${${header}}` } }
  const command = /"command": "([^"]+)"/.exec(text)?.[1] ?? ''
  const args = [...(/"args": \[([^\]]*)\]/.exec(text)?.[1] ?? '').matchAll(/"([^"]+)"/g)]
  const env = [...text.matchAll(/"([A-Z_]+)": (?:"([^"]+)"|os\.environ\["([A-Z_]+)"\])/g)]
  return {
    command,
    args: args.map(([, one = '']) => one),
    env: Object.fromEntries(
      env.map(([, name = '', text, taken]) => [name, text ?? `\${${taken}}`]),
    ),
  }
}

function wayOf(name: string): Way {
  const text = snippets.get(name) ?? ''
  const shape = shapes[name]
  const way: Json = shape ? shape(JSON.parse(text)) : wayInPython(text)
  if ('url' in way) {
    assert.deepEqual(Object.keys(way), ['url', 'headers'])
    return { url: way.url, headers: way.headers }
  }
  assert.deepEqual(Object.keys(way), ['command', 'args', 'env'])
  return { command: way.command, args: way.args, env: way.env }
}

/** The snippet with this house's address, and with what its variables stand for. */
function inHouse(house: House, way: Way): Way {
  const variable = /\$\{(?:env:|input:)?(SALLYPORT_TOKEN|sallyport-token)\}/g
  const text = JSON.stringify(way)
    .replaceAll('http://127.0.0.1:7433', house.url())
    .replace(variable, house.token)
    .replaceAll(`\${PATH}`, '')
  assert.ok(text.includes(house.token) && !text.includes(`\${`), text)
  const changed: Way = JSON.parse(text)
  return changed
}

const rules = (url: string) => ({
  'connections/notes.yaml': `id: notes\nprotocol: mcp\nupstream: ${url}\ncredential: none\nshared: true\n`,
  'functions/notes.yaml': `connection: notes
functions:
  - name: echo
    purpose: Says it again
    owner: team
    sensitivity: public
    risk: low
    mcp: tools/call echo
    arguments: { type: object, properties: { text: { type: string } }, required: [text] }
  - name: steps
    purpose: Has to be approved
    owner: team
    sensitivity: public
    risk: high
    mcp: tools/call steps
    arguments: { type: object, properties: {} }
  - name: wait
    purpose: Is permitted to nobody
    owner: team
    sensitivity: public
    risk: low
    mcp: tools/call wait
`,
  'policies/notes.cedar': `@id("notes")
@owner("team")
@reason("for the guide")
@review("90d")
permit (principal in Group::"callers", action == Action::"notes.echo", resource);

@id("steps")
@owner("team")
@reason("for the guide")
@review("90d")
permit (principal in Group::"runners", action == Action::"notes.steps", resource);

@id("steps-approved")
@reason("for the guide")
@approval("approvers")
forbid (principal, action == Action::"notes.steps", resource)
unless { context has approval && context.approval.groups.contains("approvers") };
`,
})

async function openNotes(t: TestContext): Promise<House> {
  const peer = await startModernPeer()
  const house = await openHouse(t)
  t.after(peer.close)
  writeRulebook(house.rulebook, rules(peer.url))
  await house.restart()
  return house
}

type Official = Pick<Client, 'close'> & {
  readonly listTools: () => Promise<{ readonly tools: readonly { readonly name: string }[] }>
  readonly callTool: (asked: {
    readonly name: string
    readonly arguments: { readonly text: string }
  }) => Promise<{ readonly [member: string]: unknown }>
}

async function use(client: Official, prefix: string): Promise<void> {
  try {
    assert.deepEqual(
      (await client.listTools()).tools.map(({ name }) => name),
      [`${prefix}echo`],
    )
    const called = await client.callTool({ name: `${prefix}echo`, arguments: { text: 'hello' } })
    assert.deepEqual(called.content, [{ type: 'text', text: 'hello' }])
  } finally {
    await client.close()
  }
}

const client = () => new Client({ name: 'guide', version: '1' })
const started = ({ env }: Command, args: readonly string[]) => ({
  command: process.execPath,
  args: [bin, ...args],
  env: { ...env },
})

async function connect(way: Way): Promise<Official> {
  const connected = client()
  if ('url' in way) {
    const { headers } = way
    const options = { requestInit: { headers } }
    const transport = new StreamableHTTPClientTransport(new URL(way.url), options)
    await connected.connect(transport as Parameters<Client['connect']>[0])
  } else {
    assert.equal(way.command, 'sallyport')
    await connected.connect(new StdioClientTransport(started(way, way.args)))
  }
  return connected as Official
}

const clients = ['claude-code', 'cursor', 'vscode', 'openai', 'langchain']

test('the guide has both ways for each client', () => {
  assert.deepEqual(
    [...snippets.keys()],
    clients.flatMap((name) => [`${name}-http`, `${name}-stdio`]),
  )
})

test('its programs are Python', (t) => {
  const parse = 'import ast, sys; ast.parse(sys.stdin.read())'
  if (spawnSync('python3', ['-c', '']).status !== 0) return t.skip('there is no python3 here')
  for (const name of ['openai-http', 'openai-stdio', 'langchain-http', 'langchain-stdio']) {
    const { status, stderr } = spawnSync('python3', ['-c', parse], { input: snippets.get(name) })
    assert.equal(status, 0, `${name}: ${stderr}`)
  }
})

test('each way of the guide leads into a gateway', { timeout: 300_000 }, async (t) => {
  const house = await openNotes(t)
  for (const name of snippets.keys()) {
    await t.test(name, async () => use(await connect(inHouse(house, wayOf(name))), 'notes__'))
  }
  const env = { SALLYPORT_TOKEN: house.token, SALLYPORT_URL: house.url() }
  await t.test('the newest revision by stdio', async () => {
    const versionNegotiation = { mode: { pin: '2026-07-28' } }
    const modern = new ModernClient({ name: 'guide', version: '1' }, { versionNegotiation })
    await modern.connect(new ModernStdio(started({ command: '', args: [], env }, ['mcp-stdio'])))
    await use(modern as Official, 'notes__')
  })
  await t.test('one connection alone', async () => {
    const args = ['mcp-stdio', '--connection', 'notes']
    await use(await connect({ command: 'sallyport', args, env }), '')
  })
  await t.test('the command line', () => callsByHand(env))
  const token = await house.idp.token({ sub: 'rosa', groups: ['runners'] })
  await t.test('a call that people approve', () =>
    callsHeld(house, { ...env, SALLYPORT_TOKEN: token }),
  )
})

/** Told, approved, made again; and once more by a command that waits for that itself. */
async function callsHeld(house: House, env: Readonly<Record<string, string>>): Promise<void> {
  const held = await run(env, 'mcp/notes.steps')
  assert.equal(held.code, 6, held.err)
  const [, id = ''] = /approvals approve (\S+)/.exec(held.err) ?? []
  assert.equal((await house.approve(id)).status, 200)
  assert.deepEqual(await run(env, 'mcp/notes.steps', '--approval', id), {
    code: 0,
    out: 'done\n',
    err: '',
  })
  const waiting = run(env, 'mcp/notes.steps', '--wait', '10m')
  const pending = async () => {
    const seen = await house.admin(dana, 'GET', '/approvals?state=PENDING')
    const [one]: readonly { readonly id: string }[] = seen.json().data
    return one?.id
  }
  await until(async () => (await pending()) !== undefined, 'the command asked people')
  assert.equal((await house.approve((await pending()) ?? '')).status, 200)
  const made = await waiting
  assert.deepEqual([made.code, made.out], [0, 'done\n'], made.err)
}

async function run(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const child = spawn(process.execPath, [bin, 'call', ...args], { env: { ...env, NO_COLOR: '1' } })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  const [code] = await once(child, 'close')
  return { code, out, err }
}

/** The third step of the guide, and what it says when the answer is no. */
async function callsByHand(env: Readonly<Record<string, string>>): Promise<void> {
  assert.deepEqual(await run(env, 'mcp/notes.echo', '--arg', 'text=hello'), {
    code: 0,
    out: 'hello\n',
    err: '',
  })
  const refused = await run(env, 'mcp/notes.wait')
  assert.equal(refused.code, 5, refused.err)
  assert.match(refused.err, /policy-denied/)
  assert.match(refused.err, /Record /)
  const unknown = await run(env, 'mcp/notes.nothing')
  assert.equal(unknown.code, 1, unknown.err)
  assert.match(unknown.err, /function-unknown/)
}
