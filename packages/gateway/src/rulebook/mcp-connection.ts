import type { McpChild, McpConnection } from '../model/connection.ts'
import type { McpConnectionForm } from './connection-form.ts'
import { describedEveryMs } from './connections.ts'
import { hasDigest } from './digest.ts'
import type { Flaw } from './flaw.ts'
import { oauthFlaws, readCredential } from './read-credential.ts'

/** One MCP connection's form as the gateway uses it, and what is wrong with it. */
export function readMcpConnection(form: McpConnectionForm): {
  readonly connection: McpConnection
  readonly flaws: readonly Flaw[]
} {
  const { upstream, stdio, revision, definitions = {}, timeout } = form
  const { maxAge = 0, every = describedEveryMs } = definitions
  const connection: McpConnection = {
    id: form.id,
    protocol: 'mcp',
    upstream: stdio ? `stdio:${stdio.command}` : (upstream ?? ''),
    ...(stdio && { stdio: readChild(stdio) }),
    credential: readCredential(form.credential),
    ...(revision !== undefined && { revision }),
    shared: form.shared ?? false,
    definitionMaxAgeMs: maxAge,
    describedEveryMs: every,
    ...(timeout !== undefined && { timeoutMs: timeout }),
  }
  const flaws = [
    ...placeFlaws(form),
    ...headerFlaws(form, connection),
    ...oauthFlaws(connection.credential),
  ]
  if (!hasDigest(form)) flaws.push({ path: [], message: 'Some text here is not Unicode.' })
  return { connection, flaws }
}

type ChildForm = NonNullable<McpConnectionForm['stdio']>

function readChild({ command, args = [], env = {}, cwd }: ChildForm): McpChild {
  return { command, args, env, ...(cwd !== undefined && { cwd }) }
}

function placeFlaws({ upstream, stdio }: McpConnectionForm): readonly Flaw[] {
  if (upstream === undefined && !stdio) {
    const hint = 'Write `upstream: https://…`, or `stdio: { command: … }`.'
    return [{ path: [], message: 'This does not say where the server is.', hint }]
  }
  if (upstream === undefined) return stdio ? childFlaws(stdio) : []
  if (stdio) {
    const message = 'A server is behind a URL or a child process, not both.'
    return [{ path: ['stdio'], message, hint: 'Remove one of the two.' }]
  }
  const flaw = (message: string, hint: string): Flaw[] => [{ path: ['upstream'], message, hint }]
  const example = 'Write https://host:port/mcp.'
  if (!URL.canParse(upstream)) return flaw('The upstream is not a URL.', example)
  const { protocol, username, password } = new URL(upstream)
  if (protocol !== 'http:' && protocol !== 'https:') {
    return flaw('An MCP upstream is an http or https URL.', `${example} Or use \`stdio\`.`)
  }
  if (username !== '' || password !== '') {
    return flaw('A URL is no place for a credential.', 'Use `credential: { basic: … }`.')
  }
  return /#/.test(upstream) ? flaw('An upstream has no fragment.', example) : []
}

/** Looked up in PATH by name, or exactly where it says: never where the gateway happens to have been started. */
function childFlaws({ command, cwd }: ChildForm): readonly Flaw[] {
  const flaws: Flaw[] = []
  if (/[/\\]/.test(command) && !isAbsolute(command)) {
    const hint = 'Write the whole path, or a name that is found in PATH.'
    flaws.push({ path: ['stdio', 'command'], message: 'A path is absolute here.', hint })
  }
  if (/\s/.test(command) && !/[/\\]/.test(command)) {
    const hint = 'Write one argument an entry of `args`: no shell reads this.'
    flaws.push({ path: ['stdio', 'command'], message: 'This is one program’s name.', hint })
  }
  if (cwd !== undefined && !isAbsolute(cwd)) {
    flaws.push({ path: ['stdio', 'cwd'], message: 'A path is absolute here.' })
  }
  return flaws
}

function isAbsolute(path: string): boolean {
  return /^(?:\/|[A-Za-z]:[\\/])/.test(path)
}

function headerFlaws({ stdio }: McpConnectionForm, { credential }: McpConnection): Flaw[] {
  if (stdio && credential.kind !== 'none') {
    const hint = 'Write `credential: none`, and its secrets as `env: { NAME: { env: … } }`.'
    const message = 'A child process gets its credentials in its environment.'
    return [{ path: ['credential'], message, hint }]
  }
  if (credential.kind !== 'header' || !hopHeader.test(credential.name)) return []
  const message = `${credential.name} belongs to the hop or to the protocol.`
  return [{ path: ['credential', 'header', 'name'], message }]
}

const hopHeader =
  /^(?:sallyport-.*|mcp-.*|accept|accept-encoding|connection|content-encoding|content-length|content-type|expect|host|keep-alive|last-event-id|te|trailer|traceparent|transfer-encoding|upgrade)$/i
