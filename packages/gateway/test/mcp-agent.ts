import { ask, type Seen } from './caller.ts'
import type { House } from './house.ts'

const revision = '2026-07-28'

/** What a caller of 2026-07-28 says of itself with each request. */
export const metaOf = (capabilities: object = {}): object => ({
  'io.modelcontextprotocol/protocolVersion': revision,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': capabilities,
})

export type Said = {
  readonly path?: string
  readonly token?: string | null
  readonly method?: string
  readonly name?: string
  readonly args?: unknown
  /** Members of `params` beside name and arguments. */
  readonly params?: object
  readonly capabilities?: object
  /** Instead of, or beside, those that belong to it; `undefined` leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** The whole body instead. */
  readonly body?: string
}

/** One request of an agent that speaks 2026-07-28 by hand. */
export function askModern(house: Pick<House, 'url' | 'token'>, said: Said): Promise<Seen> {
  const { path = '/mcp', method = 'tools/call', name, args = {} } = said
  const params = {
    ...(name !== undefined && { name, arguments: args }),
    ...said.params,
    _meta: metaOf(said.capabilities),
  }
  const named: Record<string, string | undefined> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': revision,
    'mcp-method': method,
    'mcp-name': name,
    ...said.headers,
  }
  const headers = Object.fromEntries(
    Object.entries(named).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
  const body = said.body ?? JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const token = said.token === undefined ? house.token : said.token
  return ask(house.url(), path, { method: 'POST', token, headers, body })
}
