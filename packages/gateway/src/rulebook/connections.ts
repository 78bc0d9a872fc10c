import {
  type HttpConnection,
  mcpSegment,
  metadataSegments,
  reservedSegment,
  vaultUpstream,
} from '../model/connection.ts'
import type { CredentialUse } from '../model/secret.ts'
import type { HttpConnectionForm } from './connection-form.ts'
import { hasDigest } from './digest.ts'
import type { Flaw } from './flaw.ts'
import { oauthFlaws, readCredential } from './read-credential.ts'

/** One HTTP connection's form as the gateway uses it, and what is wrong with it. */
export function readHttpConnection(form: HttpConnectionForm): {
  readonly connection: HttpConnection
  readonly flaws: readonly Flaw[]
} {
  const forwardHeaders = (form.forwardHeaders ?? []).map((name) => name.toLowerCase()).toSorted()
  const credential = readCredential(form.credential)
  const connection: HttpConnection = {
    id: form.id,
    protocol: form.protocol,
    upstream: form.upstream.replace(/\/+$/, ''),
    ...(form.prefix !== undefined && { prefix: form.prefix }),
    ...(form.host !== undefined && { host: form.host.toLowerCase() }),
    credential,
    forwardHeaders: [...new Set(forwardHeaders)],
    ...(form.timeout !== undefined && { timeoutMs: form.timeout }),
    ...(form.describedBy && { describedBy: readDescription(form.describedBy, form.upstream) }),
    ...(form.definitionHeader !== undefined && {
      definitionHeader: form.definitionHeader.toLowerCase(),
    }),
  }
  const flaws = [
    ...addressFlaws(form),
    ...upstreamFlaws(form),
    ...oauthFlaws(credential),
    ...descriptionFlaws(form),
  ]
  if (!hasDigest(form)) flaws.push({ path: [], message: 'Some text here is not Unicode.' })
  for (const [index, name] of (form.forwardHeaders ?? []).entries()) {
    const problem = headerProblem(name, credential)
    if (problem) flaws.push({ path: ['forwardHeaders', index], message: problem })
  }
  if (credential.kind === 'header' && hopHeader.test(credential.name.toLowerCase())) {
    const message = `${credential.name} belongs to the hop or to the gateway.`
    flaws.push({ path: ['credential', 'header', 'name'], message })
  }
  return { connection, flaws }
}

/** Path segments of a connection's prefix: `/crm/v2` is two. */
export function prefixSegments(connection: HttpConnection): readonly string[] {
  return (connection.prefix ?? '/').split('/').filter((segment) => segment !== '')
}

/** Below which path of the gateway's own these segments lead, if they do. */
export function takenPath(segments: readonly (string | undefined)[]): string | undefined {
  const own = [[reservedSegment], [mcpSegment], metadataSegments]
  const taken = own.find((path) => path.every((one, index) => segments[index] === one))
  return taken && `/${taken.join('/')}`
}

/** Why a caller's header may not be sent on, if it may not. */
export function headerProblem(name: string, credential?: CredentialUse): string | undefined {
  const lower = name.toLowerCase()
  if (/^(?:authorization|proxy-authorization|cookie)$/.test(lower)) {
    return `${name} carries the caller's own credential, which the upstream never sees.`
  }
  if (credential?.kind === 'header' && credential.name.toLowerCase() === lower) {
    return `${name} carries this connection's credential; a caller may not set it.`
  }
  return hopHeader.test(lower) ? `${name} belongs to the hop or to the gateway.` : undefined
}

const hopHeader =
  /^(?:sallyport-.*|x-forwarded-.*|accept-encoding|connection|content-encoding|content-length|content-type|expect|forwarded|host|http2-settings|keep-alive|prefer|proxy-connection|set-cookie|te|trailer|transfer-encoding|upgrade|via|x-real-ip)$/

/** Five minutes: as long as people wait for one of their changes to be noticed. */
export const describedEveryMs = 300_000

function readDescription(
  { openapi, every = describedEveryMs }: Described,
  upstream: string,
): NonNullable<HttpConnection['describedBy']> {
  const below = `${upstream.replace(/\/+$/, '')}/${openapi.replace(/^\/+/, '')}`
  return { openapi: /^[a-z][a-z0-9+.-]*:/i.test(openapi) ? openapi : below, everyMs: every }
}

type Described = NonNullable<HttpConnectionForm['describedBy']>

/** A mistake in the upstream is told there. */
function descriptionFlaws(form: HttpConnectionForm): Flaw[] {
  const { describedBy, definitionHeader, upstream } = form
  if (!describedBy && definitionHeader !== undefined) {
    const message = 'When it says that it is another, there is nothing to look at.'
    const hint = 'Write `describedBy` as well.'
    return [{ path: ['definitionHeader'], message, hint }]
  }
  if (!describedBy || !URL.canParse(upstream)) return []
  const flaw = (message: string): Flaw => ({
    path: ['describedBy', 'openapi'],
    message,
    hint: 'Write a path below the upstream, such as /openapi.json, or an http or https URL.',
  })
  const { openapi } = readDescription(describedBy, upstream)
  if (!URL.canParse(openapi)) return [flaw('This is no URL.')]
  const { protocol, username, password, hash } = new URL(openapi)
  if (protocol !== 'http:' && protocol !== 'https:') return [flaw('It is read over http or https.')]
  if (username !== '' || password !== '') return [flaw('A URL is no place for a credential.')]
  return hash === '' ? [] : [flaw('It has no fragment.')]
}

function addressFlaws({ prefix, host }: HttpConnectionForm): Flaw[] {
  const flaws: Flaw[] = []
  if (prefix === undefined && host === undefined) {
    flaws.push({
      path: [],
      message: 'Nobody can reach this connection: it has neither prefix nor host.',
      hint: 'Add `prefix: /name`, or `host: name.example`, or both.',
    })
  }
  const plain = /^(?:\/[A-Za-z0-9._~-]+)+$/
  if (prefix !== undefined && (!plain.test(prefix) || /\/\.{1,2}(?:\/|$)/.test(prefix))) {
    flaws.push({
      path: ['prefix'],
      message: 'A prefix is plain path segments without a slash at the end.',
      hint: 'For example /crm.',
    })
  }
  const taken = prefix === undefined ? undefined : takenPath(prefix.split('/').slice(1))
  if (taken !== undefined) {
    const message = `Paths below ${taken} are the gateway's own.`
    flaws.push({ path: ['prefix'], message, hint: 'For example /crm.' })
  }
  if (
    host !== undefined &&
    !/^(?:[a-z0-9](?:[a-z0-9-]{0,62})\.)*[a-z0-9][a-z0-9-]{0,62}$/i.test(host)
  ) {
    flaws.push({
      path: ['host'],
      message: 'This is no host name.',
      hint: 'Write it without scheme and port: crm.example.',
    })
  }
  return flaws
}

function upstreamFlaws({ upstream, credential }: HttpConnectionForm): Flaw[] {
  const flaw = (message: string, hint: string): Flaw[] => [{ path: ['upstream'], message, hint }]
  if (upstream === vaultUpstream) {
    const message = 'The vault is in the house, and asks for no credential.'
    return credential === 'none' ? [] : [{ path: ['credential'], message, hint: 'Write `none`.' }]
  }
  const example = 'Write https://host:port/base.'
  if (!URL.canParse(upstream)) return flaw('The upstream is not a URL.', example)
  const url = new URL(upstream)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return flaw('An http upstream is an http or https URL.', example)
  }
  if (url.username !== '' || url.password !== '') {
    return flaw('A URL is no place for a credential.', 'Use `credential: { basic: … }`.')
  }
  if (/[?#]/.test(upstream)) return flaw('An upstream has no query or fragment.', example)
  if (/[/\\]\.{1,2}(?:[/\\]|$)|\\|%/.test(upstream)) {
    return flaw(
      'The base path is plain segments.',
      'Write it without dot segments, backslashes and %.',
    )
  }
  return []
}
