import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { HTTPException } from 'hono/http-exception'
import { Refusal } from '../call/refusal.ts'
import { Conflict, PayloadDamaged, Unavailable } from '../store/store.ts'
import { type AdminEnv, requirePerson } from './access.ts'
import { openEventStreams } from './events.ts'
import type { AdminNeeds } from './needs.ts'
import { type AdminApp, openApp } from './openapi.ts'
import { Refused, writeProblem } from './problem.ts'
import { approvalRoutes } from './routes/approvals.ts'
import { breakGlassRoutes } from './routes/break-glass.ts'
import { callRoutes } from './routes/calls.ts'
import { channelRoutes } from './routes/channels.ts'
import { clearanceRoutes } from './routes/clearances.ts'
import { delegationRoutes } from './routes/delegations.ts'
import { erasureRoutes } from './routes/erasures.ts'
import { evidenceRoutes } from './routes/evidence.ts'
import { exportRoutes } from './routes/exports.ts'
import { functionHoldRoutes } from './routes/function-holds.ts'
import { functionRoutes } from './routes/functions.ts'
import { grantActRoutes } from './routes/grant-acts.ts'
import { grantRoutes } from './routes/grants.ts'
import { keyRoutes } from './routes/keys.ts'
import { lockRoutes } from './routes/locks.ts'
import { payloadRoutes } from './routes/payloads.ts'
import { probeRoutes } from './routes/probes.ts'
import { recordRoutes } from './routes/records.ts'
import { reviewItemRoutes } from './routes/review-items.ts'
import { reviewRoutes } from './routes/reviews.ts'
import { rulebookRoutes } from './routes/rulebook.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { signInRoutes } from './routes/sign-in.ts'
import { timedGrantRoutes } from './routes/timed-grants.ts'
import { voteRoutes } from './routes/votes.ts'
import { openWaits } from './waits.ts'

export type Admin = { readonly url: string; readonly close: () => Promise<void> }

/** Listens. `close` ends event streams, lets requests that are under way finish, then stops. */
export async function openAdmin(needs: AdminNeeds): Promise<Admin> {
  const { host, port } = needs.listen
  const closing = new AbortController()
  const app = adminApp(needs, closing.signal)
  const listening = Promise.withResolvers<AddressInfo>()
  const server = serve({ fetch: app.fetch, hostname: host, port }, listening.resolve)
  server.once('error', listening.reject)
  const address = await listening.promise
  const shownHost = host.includes(':') ? `[${host}]` : host
  return {
    url: `http://${shownHost}:${address.port}`,
    close: async () => {
      closing.abort()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        if ('closeIdleConnections' in server) server.closeIdleConnections()
      })
    },
  }
}

/** The whole admin API: what every request passes, then one file of routes for each noun. */
function adminApp(needs: AdminNeeds, closing: AbortSignal): AdminApp {
  const root = openApp()
  root.use(dress(needs), checkHost(needs.listen.host), checkBody(needs))
  root.onError((thrown, c) => writeProblem(refusedFor(thrown, c, needs), c.get('requestId')))
  root.notFound((c) => writeProblem(unknownRoute(root, c), c.get('requestId')))
  probeRoutes(root, needs)

  const api = openApp()
  signInRoutes(api, needs)
  api.use(requirePerson(needs))
  const events = openEventStreams(needs, closing)
  functionHoldRoutes(api, needs)
  functionRoutes(api, needs)
  rulebookRoutes(api, needs)
  approvalRoutes(api, needs, { events, waits: openWaits(needs, closing) })
  voteRoutes(api, needs)
  clearanceRoutes(api, needs)
  breakGlassRoutes(api, needs)
  delegationRoutes(api, needs)
  grantRoutes(api, needs)
  grantActRoutes(api, needs)
  timedGrantRoutes(api, needs)
  reviewRoutes(api, needs)
  reviewItemRoutes(api, needs)
  callRoutes(api, needs, events)
  sessionRoutes(api, needs)
  keyRoutes(api, needs)
  channelRoutes(api, needs)
  lockRoutes(api, needs)
  recordRoutes(api, needs)
  payloadRoutes(api, needs)
  erasureRoutes(api, needs)
  evidenceRoutes(api, needs)
  exportRoutes(api, needs)
  root.route(base, api)

  root.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'A session from `POST /sign-in`, or a token of an identity provider.',
  })
  root.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'Sallyport admin API', version: 'v1', license: { name: 'MIT' } },
    security: [{ bearer: [] }],
  })
  return root
}

/** Every answer, whatever it is, carries an id and is not kept or guessed at by anybody. */
function dress({ newId }: AdminNeeds): MiddlewareHandler<AdminEnv> {
  return async (c, next) => {
    const requestId = newId()
    c.set('requestId', requestId)
    await next()
    c.res.headers.set('x-request-id', requestId)
    c.res.headers.set('cache-control', 'no-store')
    c.res.headers.set('x-content-type-options', 'nosniff')
    // A refused body may be left unread; whoever reused the connection would be cut off in the middle.
    if (c.res.status >= 400 && carriesBody(c)) c.res.headers.set('connection', 'close')
  }
}

/**
 * On a loopback address only local names are answered: a web page that points its own name at this
 * machine (DNS rebinding) is not.
 */
function checkHost(boundTo: string): MiddlewareHandler<AdminEnv> {
  const isLoopback = boundTo === 'localhost' || boundTo === '::1' || /^127\./.test(boundTo)
  return async (c, next) => {
    const name = (c.req.header('host') ?? '').replace(/:\d+$/, '').toLowerCase()
    if (isLoopback && !localNames.includes(name) && name !== boundTo) {
      throw new Refused('host-refused')
    }
    await next()
  }
}

function checkBody({ limits }: AdminNeeds): MiddlewareHandler<AdminEnv> {
  const limited = bodyLimit({
    maxSize: limits.adminBodyBytes,
    onError: () => {
      throw new Refused('request-too-large')
    },
  })
  return async (c, next) => {
    const { headers } = c.req.raw
    const type = (headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
    if (carriesBody(c) && type !== 'application/json') throw new Refused('media-type-refused')
    return limited(c, next)
  }
}

function carriesBody(c: Context): boolean {
  const { headers } = c.req.raw
  return headers.has('transfer-encoding') || Number(headers.get('content-length') ?? 0) > 0
}

/** The one place where whatever was thrown becomes an answer. What is not expected says nothing of itself. */
function refusedFor(thrown: unknown, c: Context<AdminEnv>, { logFault }: AdminNeeds): Refused {
  if (thrown instanceof Refused) return thrown
  if (thrown instanceof Refusal && thrown.code === 'unauthenticated') {
    return new Refused(
      'unauthenticated',
      thrown.detail === undefined ? {} : { detail: thrown.detail },
    )
  }
  if (thrown instanceof Conflict) return new Refused('conflict')
  const requestId = c.get('requestId')
  if (thrown instanceof HTTPException && thrown.status < 500) {
    return new Refused('request-invalid', { detail: 'The body is not JSON.' })
  }
  logFault({ requestId, cause: thrown })
  if (thrown instanceof PayloadDamaged) return new Refused('payload-damaged')
  return new Refused(thrown instanceof Unavailable ? 'store-unavailable' : 'internal')
}

/** A path that is known under another method is said to be. */
function unknownRoute(app: AdminApp, c: Context): Refused {
  const allowed = app.routes
    .filter(({ method, path }) => method !== 'ALL' && patternOf(path).test(c.req.path))
    .map(({ method }) => method)
  if (allowed.length === 0) return new Refused('not-found')
  return new Refused('method-refused', { headers: { allow: [...new Set(allowed)].join(', ') } })
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')}$`)
}

const base = '/api/v1'
const localNames = ['localhost', '127.0.0.1', '[::1]']
