import { createRoute, z } from '@hono/zod-openapi'
import { openLanes } from '../../approval/lanes.ts'
import type { GrantListed as Grant } from '../../model/grant.ts'
import type { GrantShown } from '../../review/grant-view.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import { freshnessState, grantDetail, grantListed, risk, whatCan, whoCan } from '../grant-schema.ts'
import { detailedGrant, listedGrant } from '../grant-shown.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import { type AdminApp, answers, filter, idParams, pageQuery } from '../openapi.ts'
import { approvalRules, isInOne, seesAll } from '../part.ts'
import { Refused } from '../problem.ts'
import { page } from '../schema.ts'
import { whatTheyCan, whoCanCall } from '../who-can.ts'

const tags = ['Grants']

/** Who may call what, and where that stands. */
export function grantRoutes(app: AdminApp, needs: AdminNeeds): void {
  listRoute(app, needs)
  app.openapi(
    createRoute({
      method: 'get',
      path: '/grants/{id}',
      tags,
      request: { params: idParams },
      responses: answers(grantDetail, 'One grant, with all that a reviewer is shown.'),
    }),
    async (c) => {
      const person = c.get('person')
      const view = await needs.reviews.grant(c.req.valid('param').id)
      if (!view || !maySee(needs, person, view)) throw new Refused('not-found')
      return c.json(await detailedGrant(needs, view, person), 200)
    },
  )
  whoCanRoute(app, needs)
  whatCanRoute(app, needs)
}

function listRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/grants',
      tags,
      request: {
        query: pageQuery.extend({
          state: freshnessState.optional(),
          owner: filter,
          function: filter,
          risk: risk.optional(),
          q: filter,
        }),
      },
      responses: answers(
        page(grantListed),
        'By id: all of them for administrators and auditors, for others those whose owner they stand for.',
      ),
    }),
    async (c) => {
      const person = c.get('person')
      const { limit, cursor, state, ...wanted } = c.req.valid('query')
      const after = readIdCursor(cursor)
      const sees = seeing(needs, person)
      const found = await needs.reviews.grants({
        fits: (grant) =>
          (after === undefined || grant.id > after) && fits(grant, wanted) && sees(grant),
        ...{ state, limit: limit + 1 },
      })
      const rows = found.slice(0, limit)
      const data = await Promise.all(rows.map((row) => listedGrant(needs, row, person)))
      const last = found.length > limit ? rows.at(-1) : undefined
      return c.json({ data, next_cursor: last ? writeCursor(last.grant.id) : null }, 200)
    },
  )
}

type Wanted = {
  readonly owner?: string | undefined
  readonly function?: string | undefined
  readonly risk?: string | undefined
  readonly q?: string | undefined
}

function fits(grant: Grant, wanted: Wanted): boolean {
  const { owner, function: fn, risk, q } = wanted
  const text = `${grant.id} ${grant.reason ?? ''} ${grant.owner ?? ''}`.toLowerCase()
  return (
    (owner === undefined || grant.owner === owner) &&
    (fn === undefined || grant.functions.includes(fn)) &&
    (risk === undefined || grant.tier === risk) &&
    (q === undefined || text.includes(q.toLowerCase()))
  )
}

/** Administrators and auditors see every grant; others those whose owner they stand for. */
export function maySee(
  needs: AdminNeeds,
  person: SignedInPerson,
  { grant }: Pick<GrantShown, 'grant'>,
): boolean {
  return seeing(needs, person)(grant)
}

/** The same for many grants of few owners. */
function seeing(needs: AdminNeeds, person: SignedInPerson): (grant: Grant) => boolean {
  if (seesAll(needs, person)) return () => true
  const rules = needs.rulebooks.loaded()
  const stands = new Map<string, boolean>()
  return ({ owner }) => {
    if (owner === undefined || !rules) return false
    const known = stands.get(owner)
    if (known !== undefined) return known
    const found = isInOne(person, rules.inForce.ownerGroups(owner), approvalRules(needs))
    stands.set(owner, found)
    return found
  }
}

function whoCanRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/grants/who-can/{id}',
      tags,
      request: { params: idParams },
      description: 'Every grant that leads to a function, and what stands above them.',
      responses: answers(whoCan, 'Grants by id, then timed ones.'),
    }),
    async (c) => {
      if (!seesAll(needs, c.get('person'))) throw new Refused('forbidden')
      const found = await whoCanCall(needs, c.req.valid('param').id)
      if (!found) throw new Refused('not-found')
      return c.json(found, 200)
    },
  )
}

const groups = z.array(z.string().min(1).max(256)).max(256)

function whatCanRoute(app: AdminApp, needs: AdminNeeds): void {
  const inLine = openLanes()
  app.openapi(
    createRoute({
      method: 'get',
      path: '/grants/what-can/{id}',
      tags,
      request: {
        params: idParams,
        query: z.strictObject({
          kind: z.enum(['user', 'agent', 'workload', 'service']).default('user'),
          group: z
            .union([
              groups,
              z
                .string()
                .min(1)
                .max(256)
                .transform((one) => [one]),
            ])
            .default([])
            .openapi({ type: 'array', items: { type: 'string' } }),
        }),
      },
      description:
        'What a principal in these groups may call at best, by the policy engine itself. Anybody may ask about themselves.',
      responses: answers(whatCan, 'Functions by id; what nothing leads to is left out.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { id } = c.req.valid('param')
      const { kind, group } = c.req.valid('query')
      const isSelf = id === person.subject.id && kind === 'user'
      if (!isSelf && !seesAll(needs, person)) throw new Refused('forbidden')
      const party = isSelf && group.length === 0 ? person.subject : { kind, id, groups: group }
      // One at a time for one person, however often they ask.
      const found = await inLine(person.subject.id, () => whatTheyCan(needs, party))
      if (!found) throw new Refused('rulebook-missing')
      return c.json(found, 200)
    },
  )
}
