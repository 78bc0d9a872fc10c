import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { type House, openHouse } from './house.ts'
import { startModernPeer } from './mcp-peers.ts'

export const resource = 'https://gw.example/mcp'

export async function openMcpHouse(t: TestContext, settings: object = {}): Promise<House> {
  const peer = await startModernPeer()
  t.after(() => peer.close())
  const house = await openHouse(t, settings)
  const files = {
    'connections/demo.yaml': `id: demo
protocol: mcp
upstream: ${peer.url}
credential: none
`,
    'functions/demo.yaml': `connection: demo
functions:
  - { name: echo, purpose: Say it again, owner: team, sensitivity: internal, risk: low, mcp: tools/call echo, arguments: { text: { type: string, required: true } } }
  - { name: steps, purpose: Tell of steps, owner: team, sensitivity: internal, risk: low, mcp: tools/call steps }
  - { name: locked, purpose: Nobody may, owner: team, sensitivity: internal, risk: low, mcp: tools/call locked }
`,
    'policies/mcp.cedar': `@id("callers-speak")
@owner("team")
@reason("Callers speak MCP")
@review("90d")
permit (principal in Group::"callers", action in [Action::"demo.echo", Action::"demo.steps"], resource);
`,
  }
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(house.rulebook, dirname(path)), { recursive: true })
    writeFileSync(join(house.rulebook, path), content)
  }
  await house.restart()
  return house
}

export const meta = (capabilities: object = {}, version = '2026-07-28'): object => ({
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientCapabilities': capabilities,
})

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at member by member, as a client would.
export type Said = any
type Asked = {
  readonly method?: string
  readonly path?: string
  readonly token?: string | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** A text is sent as it is. */
  readonly body?: unknown
}
type Seen = {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly json: () => Said
}

/** Sends headers as they are: fetch would not send some of them. */
export function ask(house: House, token: string, asked: Asked): Promise<Seen> {
  const { method = 'POST', path = '/mcp/demo', body } = asked
  const given = 'token' in asked ? asked.token : token
  const url = new URL(`${house.url()}${path}`)
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method,
      agent: false,
      headers: {
        ...(given !== undefined && { authorization: `Bearer ${given}` }),
        ...(method === 'POST' && { 'content-type': 'application/json' }),
        accept: 'application/json, text/event-stream',
        ...asked.headers,
      },
    })
    sent.on('error', reject)
    sent.on('response', async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) {
        text += chunk
        // A stream that is open without end is known by its first words.
        if (text.startsWith(': still there\n\n')) {
          sent.destroy()
          break
        }
      }
      const { statusCode = 0, headers } = response
      resolve({ status: statusCode, headers, text, json: () => JSON.parse(text) })
    })
    sent.end(
      body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    )
  })
}

export const modern = (
  method: string,
  params: object = {},
  headers: Record<string, string> = {},
): Asked => ({
  headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...headers },
  body: { jsonrpc: '2.0', id: 7, method, params: { _meta: meta(), ...params } },
})
export const legacy = (
  method: string,
  params: object = {},
  headers: Record<string, string> = {},
): Asked => ({
  headers,
  body: { jsonrpc: '2.0', id: 7, method, params },
})
export const echo = { name: 'echo', arguments: { text: 'hi' } }
export const named = { 'mcp-name': 'echo' }

export type Row = {
  readonly asked: Asked
  readonly status: number
  /** JSON-RPC code; 0 for a result. */
  readonly code?: number
  /** Code of the denial that was recorded; undefined: nothing was. */
  readonly denied?: string
  readonly sees?: (seen: Seen) => void
}
