import { marks, styleOf } from '../style.ts'
import type { AdminClient } from './admin-client.ts'
import { awaitPerson } from './person.ts'
import type { DemoWorld } from './world.ts'

const style = styleOf(process.stdout, process.env)

type To = {
  readonly ci: boolean
  readonly tell: (line?: string) => void
  readonly clock: () => string
}

/**
 * The same agent, by MCP and with the official client, as any other would use it: it lists what it may call, reads, is
 * refused, and waits for a person. Returns what is not as told; nothing is told where the client is not installed.
 */
export async function tellMcp(
  world: DemoWorld,
  admin: AdminClient,
  { ci, tell, clock }: To,
): Promise<readonly string[]> {
  const { tickets } = world
  const library = await import('@modelcontextprotocol/client').catch(() => undefined)
  if (!library || !tickets) return []
  const client = new library.Client(
    { name: 'refund-bot', version: '1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  )
  const headers = { authorization: `Bearer ${world.agentToken}` }
  const url = new URL(`${world.gatewayUrl}/mcp`)
  await client.connect(new library.StreamableHTTPClientTransport(url, { requestInit: { headers } }))
  try {
    tell('  refund-bot goes on with the ticket by MCP, with the official client')
    const call = async (name: string, args: Readonly<Record<string, string>>) => {
      const { content, isError } = await client.callTool({ name, arguments: { ...args } })
      const [first] = content
      return { text: first?.type === 'text' ? first.text : '', isError: isError === true }
    }
    const line = (mark: string, name: string, note: string) =>
      tell(`  ${clock()}  ${mark}  ${name.padEnd(22)} ${note}`)

    const listed = (await client.listTools()).tools.map(({ name }) => name)
    line(style.green(`${marks.ok} allowed`), 'tools/list', listed.join(', '))

    const read = await call('tickets__read', { id: 'OPS-311' })
    const isHidden = !read.text.includes('maria.schneider@') && read.text.includes('Maria')
    line(style.yellow(`${marks.masked} masked `), 'tickets.read', 'hidden: opened_by.email')

    const purged = await call('tickets__purge', { id: 'OPS-311' })
    const why = /^Refused by the gateway \(([a-z-]+)\)/.exec(purged.text)?.[1] ?? purged.text
    line(style.red(`${marks.refused} blocked`), 'tickets.purge', `the model reads: ${why}`)

    const asking = call('tickets__reply', { id: 'OPS-311', text: 'The second charge is refunded.' })
    const approval = await admin.questionAbout('tickets.reply')
    const known = tickets.reached.length
    line(style.cyan(`${marks.held} held   `), 'tickets.reply', `wants a person · ${approval}`)
    if (ci) await admin.decide(approval, 'approve')
    else if ((await awaitPerson(admin, approval, tell)) === 'stopped') return []
    const replied = await asking
    const isSent = replied.text === '{"sent":true}'
    line(
      isSent ? style.green(`${marks.ok} allowed`) : style.red(`${marks.refused} refused`),
      'tickets.reply',
      isSent ? 'the client came back by itself, and the reply went out' : replied.text,
    )
    tell()
    const expectations: readonly (readonly [holds: boolean, what: string])[] = [
      [listed.join() === 'tickets__read,tickets__reply', `MCP listed ${listed.join()}`],
      [isHidden, 'the ticket was not masked as told'],
      [purged.isError && why === 'policy-denied', `the purge ended in ${purged.text}`],
      [known === 1 && !tickets.reached.includes('purge'), 'a tool was reached that should not be'],
      [isSent || !ci, `the approved reply ended in ${replied.text}`],
    ]
    return expectations.flatMap(([holds, what]) => (holds ? [] : [what]))
  } finally {
    await client.close()
  }
}
