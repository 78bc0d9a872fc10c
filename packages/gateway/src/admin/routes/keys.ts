import { createRoute } from '@hono/zod-openapi'
import type { ApiKey } from '../../model/api-key.ts'
import { requireRole } from '../access.ts'
import type { KeyListed } from '../contract.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import type { AdminNeeds } from '../needs.ts'
import {
  type AdminApp,
  answers,
  createdAnswers,
  emptyAnswers,
  idParams,
  jsonBody,
  pageQuery,
} from '../openapi.ts'
import { Refused } from '../problem.ts'
import { keyAsked, keyIssued, keyListed, page } from '../schema.ts'

const tags = ['Keys']

/** Keys for callers that have no identity provider. */
export function keyRoutes(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/keys',
      tags,
      request: { query: pageQuery },
      responses: answers(page(keyListed), 'Newest first.'),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const { limit, cursor } = c.req.valid('query')
      const before = readIdCursor(cursor)
      const keys = await needs.store.apiKeys({ limit, ...(before !== undefined && { before }) })
      const last = keys.length === limit ? keys.at(-1) : undefined
      const next_cursor = last ? writeCursor(last.id) : null
      return c.json({ data: keys.map(listed), next_cursor }, 200)
    },
  )
  issueRoute(app, needs)
  revokeRoute(app, needs)
}

function issueRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/keys',
      tags,
      request: jsonBody(keyAsked),
      responses: createdAnswers(keyIssued, 'Issued. The key is shown this once and kept nowhere.'),
    }),
    async (c) => {
      requireRole(c, needs, 'admin')
      const asked = c.req.valid('json')
      const now = needs.now()
      const expiresAt = Date.parse(asked.expires_at)
      const lifeMs = expiresAt - now
      if (!(lifeMs > 0 && lifeMs <= needs.limits.apiKeyLifetimeMsMax)) {
        const days = Math.floor(needs.limits.apiKeyLifetimeMsMax / 86_400_000)
        const detail = `Has to lie in the future, and no more than ${days} days ahead.`
        throw new Refused('request-invalid', { errors: [{ pointer: '/expires_at', detail }] })
      }
      checkScope(needs, asked.scope)
      const createdBy = c.get('person').subject.id
      const { name, kind, groups, scope } = asked
      const issued = needs.issueKey({ name, kind, groups, scope, expiresAt, createdBy, now })
      await needs.store.commit({
        record: {
          type: 'key.issued',
          time: new Date(now).toISOString(),
          key: issued.record.id,
          name,
          scope,
          expires: new Date(expiresAt).toISOString(),
          by: createdBy,
        },
        payloads: [],
        change: { kind: 'key.issue', key: issued.record },
      })
      return c.json({ ...listed(issued.record), key: issued.key }, 201)
    },
  )
}

function revokeRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/keys/{id}',
      tags,
      request: { params: idParams },
      responses: emptyAnswers('Revoked: refused from the next call on.'),
    }),
    async (c) => {
      requireRole(c, needs, 'admin')
      const { id } = c.req.valid('param')
      const at = needs.now()
      const by = c.get('person').subject.id
      // Conflict, when it is not there or revoked already, is answered in app.ts.
      await needs.store.commit({
        record: { type: 'key.revoked', time: new Date(at).toISOString(), key: id, by },
        payloads: [],
        change: { kind: 'key.revoke', id, at },
      })
      return c.body(null, 204)
    },
  )
}

/** A scope that covers nothing is a slip of the pen, and would come to cover whatever gets that name. */
function checkScope({ rulebooks }: AdminNeeds, scope: readonly string[]): void {
  const rulebook = rulebooks.loaded()?.rulebook
  if (!rulebook) throw new Refused('rulebook-missing')
  const known = (entry: string) =>
    entry.endsWith('.*')
      ? rulebook.connections.some(({ id }) => `${id}.*` === entry)
      : rulebook.functions.some(({ id }) => id === entry)
  const errors = scope.flatMap((entry, at) =>
    known(entry) ? [] : [{ pointer: `/scope/${at}`, detail: 'No such function or connection.' }],
  )
  if (errors.length > 0) throw new Refused('request-invalid', { errors })
}

function listed(key: ApiKey): KeyListed {
  return {
    id: key.id,
    name: key.name,
    kind: key.kind,
    groups: [...key.groups],
    scope: [...key.scope],
    created_by: key.createdBy,
    created_at: new Date(key.createdAt).toISOString(),
    expires_at: new Date(key.expiresAt).toISOString(),
    revoked_at: key.revokedAt === undefined ? null : new Date(key.revokedAt).toISOString(),
  }
}
