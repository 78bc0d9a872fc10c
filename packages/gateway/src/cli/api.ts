import type { Page, Problem } from '../admin/contract.ts'
import { readAddress } from './address.ts'
import { type Exit, Failure } from './exit.ts'
import { readSession } from './session-file.ts'

/**
 * The admin API as a command sees it. Every "no" becomes a `Failure` with the API's title, detail and
 * errors. `Answer` is what admin/contract.ts promises for the path; its texts are still others' words
 * and are made visible where they are printed.
 */
export type Api = {
  readonly url: string
  readonly get: <Answer>(path: string, query?: Query) => Promise<Answer>
  /** What is no JSON, as it came. */
  readonly read: (
    path: string,
  ) => Promise<{ readonly bytes: Uint8Array; readonly headers: Headers }>
  readonly post: <Answer>(path: string, body: unknown) => Promise<Answer>
  readonly delete: (path: string) => Promise<void>
  /** Rows of a list in its order, page by page, up to `max`. `more`: there are others. */
  readonly list: <Row>(
    path: string,
    options: { readonly query?: Query; readonly max: number },
  ) => Promise<{ readonly rows: readonly Row[]; readonly more: boolean }>
  /** Server-sent events until the signal aborts; connects again where the stream broke off. */
  readonly events: (
    path: string,
    options: {
      readonly query?: Query
      readonly signal: AbortSignal
      /** Called once events flow, so that what is read then and what comes later leave no gap. */
      readonly onOpen?: () => Promise<void>
      readonly onEvent: (event: ServerEvent) => Promise<void> | void
    },
  ) => Promise<void>
}

export type Query = Readonly<Record<string, string | number | undefined>>
export type ServerEvent = { readonly id: string; readonly event: string; readonly text: string }

export const defaultAdminUrl = 'http://127.0.0.1:7434'

type Environment = Readonly<Record<string, string | undefined>>

/** A flag beats the environment, the environment beats the session file. */
export function signedInApi(adminUrl: string | undefined, env: Environment): Api {
  const fromEnv = env.SALLYPORT_ADMIN_TOKEN
  const saved = fromEnv ? undefined : readSession(env)
  const url = readAddress(adminUrl ?? saved?.adminUrl ?? defaultAdminUrl)
  if (saved && saved.adminUrl !== url)
    throw notSignedIn(url, `You are signed in at ${saved.adminUrl}.`)
  const token = fromEnv ?? saved?.token
  if (!token) throw notSignedIn(url)
  return openApi({ url, token })
}

function notSignedIn(url: string, detail?: string): Failure {
  return new Failure('sign-in', `You are not signed in at ${url}.`, {
    ...(detail !== undefined && { detail }),
    cure: 'sallyport login   (or set SALLYPORT_ADMIN_TOKEN)',
  })
}

const timeoutMs = 30_000
const rowsPerPage = 200

export function openApi(at: { readonly url: string; readonly token: string }): Api {
  const get = async <Answer>(path: string, query: Query = {}): Promise<Answer> =>
    readJson(await ask(at, { method: 'GET', path: withQuery(path, query) }))
  return {
    url: at.url,
    get,
    read: async (path) => {
      const response = await ask(at, { method: 'GET', path })
      return { bytes: new Uint8Array(await response.arrayBuffer()), headers: response.headers }
    },
    post: async (path, body) => readJson(await ask(at, { method: 'POST', path, body })),
    delete: async (path) => {
      await ask(at, { method: 'DELETE', path })
    },
    list: async <Row>(path: string, { query, max }: { query?: Query; max: number }) => {
      const rows: Row[] = []
      let cursor: string | undefined
      do {
        const limit = Math.min(rowsPerPage, max - rows.length)
        const page: Page<Row> = await get(path, { ...query, limit, cursor })
        rows.push(...page.data)
        cursor = page.next_cursor ?? undefined
      } while (cursor !== undefined && rows.length < max)
      return { rows, more: cursor !== undefined }
    },
    events: (path, options) => followEvents(at, path, options),
  }
}

function withQuery(path: string, query: Query): string {
  const pairs = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) pairs.set(name, String(value))
  }
  return pairs.size === 0 ? path : `${path}?${pairs}`
}

type Asked = {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

async function ask(
  { url, token }: { readonly url: string; readonly token: string },
  { method, path, body, headers, signal }: Asked,
): Promise<Response> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json, application/problem+json, text/event-stream',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    // A redirect could carry the token to somebody else.
    redirect: 'error',
    signal: signal ?? AbortSignal.timeout(timeoutMs),
  }).catch((thrown: unknown) => {
    if (signal?.aborted) throw thrown
    throw unreachable(url, thrown)
  })
  if (!response.ok) throw await failureOf(response)
  return response
}

/** What the platform says about a connection that did not come about. */
export function unreachable(url: string, thrown: unknown): Failure {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  const timedOut = cause instanceof Error && cause.name === 'TimeoutError'
  const detail = timedOut ? 'It did not answer in time.' : code
  return new Failure('unreachable', `The gateway at ${url} cannot be reached.`, {
    detail,
    cure: 'Is it running (`sallyport serve`)? Is the address right? `sallyport doctor` looks.',
  })
}

async function readJson<Answer>(response: Response): Promise<Answer> {
  const text = await response.text()
  try {
    const answer: Answer = JSON.parse(text)
    return answer
  } catch {
    throw new Failure('failed', 'The answer is not one of the admin API.', {
      cure: `Is ${new URL(response.url).origin} the admin API, not the address for calls?`,
    })
  }
}

async function failureOf(response: Response): Promise<Failure> {
  const problem = readProblem(await response.text())
  const errors = (problem?.errors ?? []).map(({ pointer, detail }) => `${pointer || '/'} ${detail}`)
  const detail = [problem?.detail, ...errors].filter((line) => line !== undefined).join('\n')
  const request = problem?.request_id === undefined ? '' : ` (request ${problem.request_id})`
  return new Failure(
    exitOfStatus(response.status),
    problem?.title ?? `The admin API answered ${response.status}.`,
    { ...(detail !== '' && { detail }), cure: cureOf(problem?.code, request), code: problem?.code },
  )
}

function readProblem(text: string): Partial<Problem> | undefined {
  try {
    const problem: Partial<Problem> | null = JSON.parse(text)
    return typeof problem === 'object' && problem !== null ? problem : undefined
  } catch {
    return undefined
  }
}

function exitOfStatus(status: number): Exit {
  if (status === 401) return 'sign-in'
  if (status === 403) return 'denied'
  return status >= 502 ? 'unreachable' : 'failed'
}

function cureOf(code: string | undefined, request: string): string | undefined {
  return code !== undefined && Object.hasOwn(cures, code)
    ? `${cures[code]}${code === 'internal' ? request : ''}`
    : undefined
}

const cures: Readonly<Record<string, string>> = {
  unauthenticated: 'sallyport login   (or set SALLYPORT_ADMIN_TOKEN)',
  'step-up-required': 'sallyport login   (again; as strongly as the detail says)',
  forbidden: 'Ask an administrator for the role; `sallyport whoami` shows yours.',
  'not-found': 'Check the id; the `ls` commands list what there is.',
  'not-integrated': 'Wait a second, or `--wait`: the log is published every second.',
  conflict: 'Somebody was faster. Look at it again, then decide.',
  'rulebook-invalid': 'Mend the problems, then `sallyport apply` again.',
  'rulebook-missing': 'sallyport apply',
  'too-many-attempts': 'Wait a minute.',
  'payload-damaged': 'The database was changed. The gateway’s log names the record.',
  'store-unavailable': 'Look at the gateway’s log: its store cannot write.',
  overloaded: 'Try again in a moment.',
  internal: 'Quote the request to the operator of the gateway.',
}

const retryMs = 1_000
const eventCharsMax = 1_048_576

async function followEvents(
  at: { readonly url: string; readonly token: string },
  path: string,
  options: Parameters<Api['events']>[1],
): Promise<void> {
  const { signal, onEvent, onOpen, query = {} } = options
  let last: string | undefined
  let connected = false
  while (!signal.aborted) {
    try {
      const headers = last === undefined ? {} : { 'last-event-id': last }
      const asked = { method: 'GET', path: withQuery(path, query), headers, signal }
      const response = await ask(at, asked)
      connected = true
      // Connected again without an event to go on from: what happened meanwhile has to be read again.
      if (last === undefined) await onOpen?.()
      for await (const event of readEvents(response.body)) {
        if (event.id !== '') last = event.id
        await onEvent(event)
      }
    } catch (thrown) {
      if (signal.aborted) return
      // The first connection has to come about; later ones may be lost and found again.
      if (thrown instanceof Failure && !(connected && thrown.exit === 'unreachable')) throw thrown
    }
    await pause(retryMs, signal)
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}

/** Server-sent events (WHATWG HTML section 9.2) of a response. */
export async function* readEvents(
  body: AsyncIterable<Uint8Array> | null,
): AsyncGenerator<ServerEvent> {
  if (!body) return
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true })
    if (rest.length > eventCharsMax) throw new Failure('failed', 'An event is longer than 1 MiB.')
    for (let end = boundary.exec(rest); end; end = boundary.exec(rest)) {
      const block = rest.slice(0, end.index)
      rest = rest.slice(end.index + end[0].length)
      const event = readEvent(block)
      if (event) yield event
    }
  }
}

const boundary = /\r?\n\r?\n/

function readEvent(block: string): ServerEvent | undefined {
  const fields: Record<'id' | 'event' | 'data', string[]> = { id: [], event: [], data: [] }
  for (const line of block.split(/\r?\n/)) {
    const [, name = '', value = ''] = /^(\w+):? ?(.*)$/.exec(line) ?? []
    if (name === 'id' || name === 'event' || name === 'data') fields[name].push(value)
  }
  if (fields.data.length === 0) return undefined
  return {
    id: fields.id.at(-1) ?? '',
    event: fields.event.at(-1) ?? 'message',
    text: fields.data.join('\n'),
  }
}
