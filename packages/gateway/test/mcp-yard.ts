import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { toNodeHandler } from '@modelcontextprotocol/node'
import type { McpServer as LegacyServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpHandler, type McpServer } from '@modelcontextprotocol/server'
import { parse, stringify } from 'yaml'
import type { McpConnection } from '../src/model/connection.ts'
import type { Credential } from '../src/model/secret.ts'
import { importMcp } from '../src/rulebook/mcp-import.ts'
import { type House, openHouse } from './house.ts'
import { noCredential, openForwarder } from './mcp-exchange.ts'
import { writeRulebook } from './rules.ts'

/** Where one MCP server is, as connections/<id>.yaml says it. */
export type McpPlace = {
  readonly upstream?: string
  readonly stdio?: { readonly command: string; readonly args: readonly string[] }
  readonly revision?: McpConnection['revision']
  readonly shared?: boolean
  /** What it wants of whoever imports from it. */
  readonly credential?: Credential
}

/** A server of the current SDK: 2026-07-28, and without sessions the revisions before. */
export function serveModern(t: TestContext, build: () => McpServer): Promise<string> {
  const node = toNodeHandler(createMcpHandler(build))
  return listening(t, (request, response) => node(Object.assign(request), response))
}

/** A server of the SDK before, with sessions. */
export function serveLegacy(t: TestContext, build: () => LegacyServer): Promise<string> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  return listening(t, async (request, response) => {
    const named = request.headers['mcp-session-id']
    const known = sessions.get(String(named))
    if (known) return known.handleRequest(request, response)
    if (named !== undefined) {
      response.writeHead(404).end()
      return
    }
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
      onsessionclosed: (id) => void sessions.delete(id),
    })
    // Its types do not know exactOptionalPropertyTypes.
    await build().connect(transport as never)
    return transport.handleRequest(request, response)
  })
}

type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void

/** A server on a free port; the URL of its MCP endpoint. */
export async function listening(t: TestContext, handle: Handle): Promise<string> {
  const server: Server = createServer((request, response) => {
    Promise.resolve(handle(request, response)).catch(() => response.destroy())
  })
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address)
  return `http://127.0.0.1:${address.port}/mcp`
}

/** A gateway with these servers behind it, their functions imported as `sallyport functions import mcp` does it. */
export async function openMcpYard(
  t: TestContext,
  given: {
    readonly places: Readonly<Record<string, McpPlace>>
    readonly files: Readonly<Record<string, string>>
    /** Entries of each connection's functions, beside what it lists. */
    readonly functions?: readonly object[]
    /** Members of imported functions, by name. */
    readonly change?: Readonly<Record<string, object>>
    readonly settings?: object
  },
): Promise<House> {
  const house = await openHouse(t, given.settings)
  await house.stop()
  const files: Record<string, string> = { ...given.files }
  for (const [id, place] of Object.entries(given.places)) {
    files[`connections/${id}.yaml`] = stringify({
      ...{ id, protocol: 'mcp', credential: 'none' },
      ...place,
    })
    files[`functions/${id}.yaml`] = await importedFrom(id, place, given)
  }
  writeRulebook(house.rulebook, files)
  await house.restart()
  return house
}

/** functions/<id>.yaml of what a server lists now, with these changes. */
export async function importedFrom(
  id: string,
  place: McpPlace,
  given: {
    readonly functions?: readonly object[]
    readonly change?: Readonly<Record<string, object>>
  } = {},
): Promise<string> {
  const read = parse(await importedText(id, place))
  const functions = read.functions.map((one: { readonly name: string }) => ({
    ...one,
    ...given.change?.[one.name],
  }))
  return stringify({ ...read, functions: [...functions, ...(given.functions ?? [])] })
}

/** What `sallyport functions import mcp` writes. */
export async function importedText(id: string, place: McpPlace): Promise<string> {
  const peer = openForwarder()
  try {
    const { upstream, stdio, revision } = place
    const connection: McpConnection = {
      ...{ id, protocol: 'mcp', credential: { kind: 'none' }, shared: false },
      ...{ definitionMaxAgeMs: 0, describedEveryMs: 3_600_000 },
      upstream: stdio ? `stdio:${stdio.command}` : (upstream ?? ''),
      ...(stdio && { stdio: { ...stdio, env: {} } }),
      ...(revision && { revision }),
    }
    const credential = place.credential ?? noCredential
    const listing = await peer.describe(connection, credential, AbortSignal.timeout(60_000))
    assert.ok(!('problem' in listing), `${id}: ${'problem' in listing && listing.problem}`)
    const imported = importMcp(listing, { connection: id, owner: 'team' })
    assert.ok('yaml' in imported, JSON.stringify(imported))
    return imported.yaml
  } finally {
    await peer.close()
  }
}
