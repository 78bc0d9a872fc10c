import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import { z } from 'zod'

const bin = join(import.meta.dirname, '../../bin/sallyport.js')

type Serve = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void

async function listen(serve: Serve): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers['mcp-method']} ${request.headers['mcp-name']}`)
    void serve(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return { url: `http://127.0.0.1:${address.port}`, asked }
}

async function run(url: string, args: readonly string[], cwd: string = tmpdir()) {
  const env = { SALLYPORT_TOKEN: 'a-token', SALLYPORT_URL: url, NO_COLOR: '1' }
  const child = spawn(process.execPath, [bin, 'call', ...args], { env, cwd })
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const said: Buffer[] = []
    stream.on('data', (chunk) => said.push(Buffer.from(chunk)))
    return said
  })
  const [code] = await once(child, 'close')
  const text = (said: readonly Buffer[] | undefined) => Buffer.concat(said ?? []).toString()
  return { code, out: text(out), err: text(err) }
}

// --- A real server ---

function server(): McpServer {
  const made = new McpServer({ name: 'crm', version: '1' })
  const shape = z.object({ id: z.string(), n: z.unknown() })
  made.registerTool('find', { inputSchema: shape }, async (args) => ({
    content: [{ type: 'text', text: JSON.stringify(args) }],
  }))
  const outputSchema = z.object({ big: z.number() })
  made.registerTool('count', { outputSchema }, async () => ({
    content: [{ type: 'text', text: 'counted' }],
    structuredContent: { big: 1e21 },
  }))
  made.registerTool('fail', {}, async () => {
    throw new Error('no such customer')
  })
  const argsSchema = z.object({ whom: z.string() })
  made.registerPrompt('greet', { argsSchema }, ({ whom }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Greet ${whom}.` } }],
  }))
  const template = new ResourceTemplate('crm://notes/{id}', { list: undefined })
  made.registerResource('notes', template, {}, async (uri) => ({
    contents: [{ uri: uri.href, text: `note ${uri.pathname}` }],
  }))
  return made
}
const newest = toNodeHandler(createMcpHandler(server))
const real = await listen((request, response) =>
  newest(request as Parameters<typeof newest>[0], response),
)

/** The functions of that server, as a rulebook has them. */
const folder = mkdtempSync(join(tmpdir(), 'sallyport-call-'))
test.after(() => rmSync(folder, { recursive: true }))
for (const part of ['connections', 'functions', 'policies']) mkdirSync(join(folder, part))
writeFileSync(
  join(folder, 'connections/crm.yaml'),
  'id: crm\nprotocol: mcp\nupstream: http://127.0.0.1:1/mcp\ncredential: none\n',
)
const described = (name: string, mcp: string) =>
  `  - { name: ${name}, purpose: Looks., owner: crm, sensitivity: public, risk: low, mcp: '${mcp}' }\n`
writeFileSync(
  join(folder, 'functions/crm.yaml'),
  `connection: crm\nfunctions:\n${described('find', 'tools/call find')}${described('prompt.greet', 'prompts/get greet')}${described('resource.note', 'resources/read crm://notes/{id}')}`,
)

type Called = readonly [
  name: string,
  args: readonly string[],
  out: string,
  code?: number,
  asked?: string,
]
const calls: readonly Called[] = [
  [
    'a tool by its name alone',
    ['mcp/crm.find', '--arg', 'id=c-1', 'n=[1,2]'],
    '{"id":"c-1","n":[1,2]}\n',
    0,
    '/mcp/crm tools/call find',
  ],
  [
    'a tool by its prefixed name',
    ['mcp/crm__find', '--arg', 'id=7 up', 'n=null'],
    '{"id":"7 up","n":null}\n',
  ],
  [
    '--arg beside -d',
    ['mcp/crm.find', '-d', '{"id":"c-1","n":1}', '--arg', 'n=true'],
    '{"id":"c-1","n":true}\n',
  ],
  ['structured content', ['mcp/crm.count'], '{"big":1e+21}\n'],
  ['a tool that fails', ['mcp/crm.fail'], 'no such customer\n', 8],
  ['a tool that does not exist', ['mcp/crm.none'], '', 8],
  [
    'a function of the rulebook',
    ['crm.find', '--arg', 'id=c', 'n=1', '--rulebook', folder],
    '{"id":"c","n":1}\n',
  ],
  [
    'the same as mcp/',
    ['mcp/crm.prompt.greet', '--arg', 'whom=Tess', '--rulebook', folder],
    'user: Greet Tess.\n',
  ],
  [
    'a resource by its template',
    ['crm.resource.note', '--arg', 'id=a/b', '--rulebook', folder],
    'note /a%2Fb\n',
    0,
    '/mcp/crm resources/read crm://notes/a%2Fb',
  ],
  ['no such function', ['crm.nothing', '--rulebook', folder], '', 1],
  ['an argument without a value', ['mcp/crm.find', '--arg', 'id'], '', 2],
]
for (const [name, args, out, code = 0, asked] of calls) {
  test(`calls: ${name}`, { timeout: 120_000 }, async () => {
    const seen = await run(real.url, args)
    if (name === 'a tool that does not exist') assert.match(seen.out, /none/)
    else assert.equal(seen.out, out, seen.err)
    assert.equal(seen.code, code, seen.err)
    if (asked !== undefined) assert.ok(real.asked.includes(asked))
  })
}

const instead: readonly (readonly [asked: readonly string[], cure: RegExp])[] = [
  [['--defer'], /make the same call again once it is approved/],
  [['--clearance', '1h'], /asks for itself alone/],
  [['--body', 'a.json'], /--arg or -d/],
]
for (const [asked, cure] of instead) {
  test(`says what to use instead of ${asked[0]}`, { timeout: 120_000 }, async () => {
    const seen = await run('http://127.0.0.1:1', ['mcp/crm.find', ...asked])
    assert.equal(seen.code, 2, seen.err)
    assert.match(seen.err, cure)
  })
}

// --- What a gateway says ---

const json = { 'content-type': 'application/json' }
const told = (message: object) => (_: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(200, json).end(JSON.stringify({ jsonrpc: '2.0', id: 1, ...message }))
const facts = { refusal: 'policy-denied', title: 'Policy says no.', record: 'log#7' }
const approval = { refusal: 'approval-required', title: 'Ask.', approval: 'a-1' }

type Told = readonly [name: string, serve: Serve, code: number, err: RegExp]
const answers: readonly Told[] = [
  [
    'a tool’s no',
    told({ result: { content: [], isError: true, _meta: { 'io.sallyport/refusal': facts } } }),
    5,
    /Policy says no\. \(policy-denied\)\n.*log#7/,
  ],
  [
    'a no that is an error',
    told({ error: { code: -31403, message: 'no', data: facts } }),
    5,
    /policy-denied/,
  ],
  [
    'a call that waits',
    told({
      result: {
        resultType: 'input_required',
        requestState: 's',
        _meta: { 'io.sallyport/approval': 'a-1' },
      },
    }),
    6,
    /approvals approve a-1/,
  ],
  [
    'a call that waited too long',
    told({ result: { content: [], isError: true, _meta: { 'io.sallyport/refusal': approval } } }),
    6,
    /approvals approve a-1/,
  ],
  [
    'a question',
    told({ result: { resultType: 'input_required', inputRequests: {}, requestState: 's' } }),
    1,
    /cannot give/,
  ],
  [
    'a token that does not count',
    (_, response) => void response.writeHead(401).end(),
    4,
    /does not accept the token/,
  ],
  [
    'something else',
    (_, response) => void response.writeHead(404).end('<html>'),
    1,
    /answered 404/,
  ],
  ['nothing', (_, response) => void response.writeHead(200, json).end(), 1, /broke off/],
]
for (const [name, serve, code, err] of answers) {
  test(`is told: ${name}`, { timeout: 120_000 }, async () => {
    const { url } = await listen(serve)
    const seen = await run(url, ['mcp/crm.find'])
    assert.equal(seen.code, code, seen.err)
    assert.match(seen.err, err)
  })
}

test('numbers are printed as they were written', { timeout: 120_000 }, async () => {
  const { url } = await listen((_, response) => {
    const result = '{"structuredContent":{"amount":10.00,"id":12345678901234567890}}'
    response.writeHead(200, json).end(`{"jsonrpc":"2.0","id":1,"result":${result}}`)
  })
  const { out } = await run(url, ['mcp/crm.find'])
  assert.equal(out, '{"amount":10.00,"id":12345678901234567890}\n')
  const whole = await run(url, ['mcp/crm.find', '--json'])
  assert.equal(whole.out, `{"structuredContent":${out.trim()}}\n`)
})
