import { once } from 'node:events'
import { createServer } from 'node:http'

/** A ticket system behind MCP, made with the official library; it accepts only its own credential. */
export type Tickets = {
  readonly url: string
  /** Names of the tools that were reached. */
  readonly reached: readonly string[]
  readonly close: () => Promise<void>
}

/** Undefined where the library is not installed: it is there for development only. */
export async function startTickets(credential: string): Promise<Tickets | undefined> {
  const library = await Promise.all([
    import('@modelcontextprotocol/server'),
    import('@modelcontextprotocol/node'),
  ]).catch(() => undefined)
  if (!library) return undefined
  const [{ createMcpHandler, fromJsonSchema, McpServer }, { toNodeHandler }] = library
  const reached: string[] = []
  const textOf = (name: string, text: string) => {
    reached.push(name)
    return { content: [{ type: 'text' as const, text }] }
  }
  const handle = toNodeHandler(
    createMcpHandler(() => {
      const server = new McpServer({ name: 'tickets', version: '1' })
      const text = { type: 'string' as const }
      const one = fromJsonSchema({ type: 'object', properties: { id: text }, required: ['id'] })
      const properties = { id: text, text }
      const answer = fromJsonSchema({ type: 'object', properties, required: ['id', 'text'] })
      server.registerTool('read', { description: 'Reads one ticket.', inputSchema: one }, () =>
        textOf('read', JSON.stringify(ticket)),
      )
      server.registerTool('reply', { description: 'Answers it.', inputSchema: answer }, () =>
        textOf('reply', JSON.stringify({ sent: true })),
      )
      server.registerTool('purge', { description: 'Deletes it.', inputSchema: one }, () =>
        textOf('purge', JSON.stringify({ deleted: true })),
      )
      return server
    }),
  )
  const server = createServer((request, response) => {
    const { authorization } = request.headers
    if (authorization !== `Bearer ${credential}`) response.writeHead(401).end()
    // The same object, for types that say less than Node's.
    else void handle(Object.assign(request), response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    reached,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const ticket = {
  id: 'OPS-311',
  subject: 'Charged twice',
  opened_by: { name: 'Maria Schneider', email: 'maria.schneider@mail.example' },
}
