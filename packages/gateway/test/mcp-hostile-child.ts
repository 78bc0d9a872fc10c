import { createInterface } from 'node:readline'

/** A child process that says what no server should; which, is the name of the tool. Of whichever revision it is asked. */
const say = (text: string) => process.stdout.write(`${text}\n`)
const result = (id: unknown, text: string) =>
  JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } })

const hostile: Readonly<Record<string, (id: number) => void>> = {
  fine: (id) => say(result(id, 'fine')),
  crash: () => process.exit(3),
  banner: (id) => {
    say('Listening, as programs say')
    say(result(id, 'after the banner'))
  },
  garbage: (id) => {
    say('{"jsonrpc":')
    say(result(id, 'after garbage'))
  },
  oversized: () => say('x'.repeat(9_000_000)),
  'wrong-type': (id) => {
    say(result(String(id), 'of a text'))
    say(result(id, 'of the number'))
  },
  list: (id) => {
    say(result([id], 'of a list'))
    say(result(id, 'of the number'))
  },
  unknown: (id) => {
    say(result(id + 1_000_000, 'of nobody'))
    say(result(id, 'of the call'))
  },
  twice: (id) => {
    say(result(id, 'the first'))
    say(result(id, 'the second'))
  },
  silent: () => {},
  'flood-strangers': () => flood({ method: 'notifications/strange' }),
  'flood-news': () =>
    flood({ method: 'notifications/resources/updated', params: { uri: 'file:///nobody' } }),
  'flood-lists': () => flood({ method: 'notifications/tools/list_changed' }),
  'flood-pings': () => flood({ id: 'q', method: 'ping' }),
}

/** More than any server has to say. */
function flood(message: object): void {
  say(
    Array(20_000)
      .fill(JSON.stringify({ jsonrpc: '2.0', ...message }))
      .join('\n'),
  )
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line)
  if (method === 'initialize') {
    const serverInfo = { name: 'hostile', version: '1' }
    const { protocolVersion } = params
    const said = { protocolVersion, capabilities: { tools: {} }, serverInfo }
    say(JSON.stringify({ jsonrpc: '2.0', id, result: said }))
  } else if (method === 'server/discover') {
    const said = { resultType: 'complete', supportedVersions: ['2026-07-28'] }
    const capabilities = { tools: { listChanged: true } }
    say(JSON.stringify({ jsonrpc: '2.0', id, result: { ...said, capabilities } }))
  } else if (method === 'tools/call') hostile[params.name]?.(id)
  else if (id !== undefined) say(JSON.stringify({ jsonrpc: '2.0', id, result: { tools: [] } }))
}
