import { createRoute } from '@hono/zod-openapi'
import type { Clearance } from '../../model/clearance.ts'
import type { ClearanceListed } from '../approval-contract.ts'
import { clearanceListed, clearanceState, revokeAsked } from '../approval-schema.ts'
import { iso } from '../approval-shown.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import { type AdminApp, answers, filter, idParams, jsonBody, pageQuery } from '../openapi.ts'
import { mayRevoke, seesAll } from '../part.ts'
import { Refused } from '../problem.ts'
import { page } from '../schema.ts'

const tags = ['Clearances']

/** What approved questions and broken glasses allow. */
export function clearanceRoutes(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/clearances',
      tags,
      request: {
        query: pageQuery.extend({ state: clearanceState.optional(), subject: filter }),
      },
      responses: answers(
        page(clearanceListed),
        'Newest first, of those this person is served by, could give, owns the function of, or audits.',
      ),
    }),
    async (c) => {
      const { limit, cursor, state, subject } = c.req.valid('query')
      const { rows, more } = await visible(needs, c.get('person'), {
        limit,
        ...(state && { state }),
        ...(subject !== undefined && { subject }),
        before: readIdCursor(cursor),
      })
      const data = rows.map((row) => listed(needs, c.get('person'), row))
      return c.json({ data, next_cursor: more === undefined ? null : writeCursor(more) }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: '/clearances/{id}',
      tags,
      request: { params: idParams },
      responses: answers(clearanceListed, 'One clearance, as it stands now.'),
    }),
    async (c) => {
      const person = c.get('person')
      const clearance = await seen(needs, person, c.req.valid('param').id)
      return c.json(listed(needs, person, clearance), 200)
    },
  )
  revokeRoute(app, needs)
}

function revokeRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/clearances/{id}/revoke',
      tags,
      request: { params: idParams, ...jsonBody(revokeAsked) },
      description:
        'It allows nothing from here on, and calls under way with it are cut off. The reason is a part of the record.',
      responses: answers(clearanceListed, 'The clearance, revoked.'),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const person = c.get('person')
      const clearance = await seen(needs, person, id)
      if (!mayRevoke(needs, person, clearance)) {
        const detail =
          'It is revoked by those who could give it, whom it serves, or an administrator.'
        throw new Refused('forbidden', { detail })
      }
      const { reason } = c.req.valid('json')
      const revoked = await needs.desk.revoke(id, { party: person.subject.id, reason })
      if ('clearance' in revoked) return c.json(listed(needs, person, revoked.clearance), 200)
      if (revoked.refused === 'clearance-unknown') throw new Refused('not-found')
      if (revoked.refused === 'busy') throw new Refused('conflict')
      // Revoked twice it is as it was to be.
      const after = await seen(needs, person, id)
      if (after.state !== 'REVOKED') throw new Refused('clearance-closed')
      return c.json(listed(needs, person, after), 200)
    },
  )
}

/** Refuses `not-found`, also for what this person may not see. */
async function seen(needs: AdminNeeds, person: SignedInPerson, id: string): Promise<Clearance> {
  const clearance = await needs.desk.clearance(id)
  if (!clearance || !maySee(needs, person, clearance)) throw new Refused('not-found')
  return clearance
}

function maySee(needs: AdminNeeds, person: SignedInPerson, clearance: Clearance): boolean {
  return seesAll(needs, person) || mayRevoke(needs, person, clearance)
}

async function visible(
  needs: AdminNeeds,
  person: SignedInPerson,
  query: {
    readonly limit: number
    readonly state?: Clearance['state']
    readonly subject?: string
    readonly before: string | undefined
  },
): Promise<{ readonly rows: readonly Clearance[]; readonly more: string | undefined }> {
  const { limit, state, subject } = query
  const rows: Clearance[] = []
  let before = query.before
  for (let pages = 0; pages < storePagesMax; pages++) {
    // Of any state: what is stored as one may be another by now.
    const found = await needs.store.clearances({
      limit,
      ...(before !== undefined && { before }),
      ...(subject !== undefined && { subject }),
    })
    for (const { id } of found) {
      before = id
      const clearance = await needs.desk.clearance(id)
      if (!clearance || (state && clearance.state !== state)) continue
      if (maySee(needs, person, clearance)) rows.push(clearance)
      if (rows.length === limit) return { rows, more: before }
    }
    if (found.length < limit) return { rows, more: undefined }
  }
  return { rows, more: before }
}

function listed(needs: AdminNeeds, person: SignedInPerson, clearance: Clearance): ClearanceListed {
  return {
    id: clearance.id,
    state: clearance.state,
    kind: clearance.kind,
    approval: clearance.approval ?? null,
    break_glass: clearance.breakGlass ?? null,
    subject: clearance.subject,
    actors: [...clearance.actors],
    functions: [...clearance.functions],
    session: clearance.session ?? null,
    when: [...clearance.when],
    groups: [...clearance.groups],
    by: [...clearance.by],
    uses: clearance.uses,
    uses_max: clearance.usesMax,
    open: clearance.open.map(({ call }) => call),
    issued_at: iso(clearance.issuedAt),
    not_before: iso(clearance.notBefore),
    expires_at: iso(clearance.expiresAt),
    you: {
      may_revoke: revocable.includes(clearance.state) && mayRevoke(needs, person, clearance),
    },
  }
}

const revocable: readonly Clearance['state'][] = ['ISSUED', 'ACTIVE', 'IN_USE']
/** So that somebody with nothing to see costs a bounded number of reads; the cursor goes on from there. */
const storePagesMax = 10
