import { createRoute, z } from '@hono/zod-openapi'
import { isSamePerson } from '../../approval/same-person.ts'
import type { PrincipalLock } from '../../model/principal-lock.ts'
import { requireRole } from '../access.ts'
import type { LockListed } from '../contract.ts'
import { readIndexCursor, writeCursor } from '../cursor.ts'
import type { AdminNeeds } from '../needs.ts'
import {
  type AdminApp,
  answers,
  createdAnswers,
  emptyAnswers,
  jsonBody,
  pageQuery,
} from '../openapi.ts'
import { Refused } from '../problem.ts'
import { lockAsked, lockListed, lockPrincipal, page } from '../schema.ts'

const tags = ['Principals']

/** Keeping a principal out, at once and whatever they hold. */
export function lockRoutes(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/principals/locks',
      tags,
      request: { query: pageQuery },
      responses: answers(page(lockListed), 'Who is locked; newest first.'),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const { limit, cursor } = c.req.valid('query')
      const before = readIndexCursor(cursor)
      const locks = await needs.store.locks({ limit, ...(before !== undefined && { before }) })
      const last = locks.length === limit ? locks.at(-1) : undefined
      const next_cursor = last ? writeCursor(last.record) : null
      return c.json({ data: locks.map(listed), next_cursor }, 200)
    },
  )
  lockRoute(app, needs)
  unlockRoute(app, needs)
}

function lockRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/principals/locks',
      tags,
      request: jsonBody(lockAsked),
      responses: createdAnswers(
        lockListed,
        'Locked: refused from the next call on, and signed out. The reason is a part of the record.',
      ),
    }),
    async (c) => {
      requireRole(c, needs, 'admin')
      const { principal, reason } = c.req.valid('json')
      const by = c.get('person').subject.id
      if (!needs.locks.isName(principal)) {
        // A lock that covers nobody is a slip of the pen.
        const detail = 'No issuer here names parties so. Write `<issuer>:<name>`.'
        throw new Refused('request-invalid', { errors: [{ pointer: '/principal', detail }] })
      }
      // Whoever locks is left: so there always is somebody who can unlock.
      if (isSamePerson(principal, by)) {
        throw new Refused('forbidden', { detail: 'Nobody locks themselves.' })
      }
      return c.json(listed(await needs.locks.lock({ principal, reason, by })), 201)
    },
  )
}

function unlockRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/principals/locks/{principal}',
      tags,
      request: { params: z.object({ principal: lockPrincipal }) },
      responses: emptyAnswers('Unlocked: from the next call on.'),
    }),
    async (c) => {
      requireRole(c, needs, 'admin')
      const { principal } = c.req.valid('param')
      await needs.locks.unlock({ principal, by: c.get('person').subject.id })
      return c.body(null, 204)
    },
  )
}

function listed({ principal, reason, by, at, record }: PrincipalLock): LockListed {
  return { principal, reason, locked_by: by, locked_at: new Date(at).toISOString(), record }
}
