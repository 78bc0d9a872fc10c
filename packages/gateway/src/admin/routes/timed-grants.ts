import { createRoute } from '@hono/zod-openapi'
import type { TimedGrant } from '../../model/timed-grant.ts'
import type { TimedActed } from '../../review/asked.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import type { TimedGrantListed } from '../grant-contract.ts'
import { reasonGiven, timedGrantAsked, timedGrantListed, timedGrantState } from '../grant-schema.ts'
import { isTheirs, notReviewed, timedShown, timedState } from '../grant-shown.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import {
  type AdminApp,
  answers,
  createdAnswers,
  filter,
  idParams,
  jsonBody,
  pageQuery,
} from '../openapi.ts'
import { approvalRules, isAdmin, isInOne, seesAll } from '../part.ts'
import { Refused } from '../problem.ts'
import { page } from '../schema.ts'

const tags = ['Grants']

/** Access for a while: asked for by somebody, given by the people of the functions' owners. */
export function timedGrantRoutes(app: AdminApp, needs: AdminNeeds): void {
  listRoute(app, needs)
  app.openapi(
    createRoute({
      method: 'post',
      path: '/timed-grants',
      tags,
      request: jsonBody(timedGrantAsked),
      description:
        'Asks for access to functions until a date, for oneself or an agent of one’s own. Nothing is given by it.',
      responses: createdAnswers(timedGrantListed, 'The owners of the functions are asked.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { for: party, functions, when, until, reason } = c.req.valid('json')
      const acted = await needs.reviews.askTimed({
        ...{ person, functions, reason, endsAt: Date.parse(until) },
        ...(party !== undefined && { party }),
        ...(when && { when }),
      })
      return c.json(await after(needs, acted, person), 201)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: '/timed-grants/{id}',
      tags,
      request: { params: idParams },
      responses: answers(timedGrantListed, 'One of them, as it stands now.'),
    }),
    async (c) => {
      const person = c.get('person')
      const timed = await seen(needs, person, c.req.valid('param').id)
      return c.json(await timedShown(needs, timed, person), 200)
    },
  )
  decideRoutes(app, needs)
}

function listRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/timed-grants',
      tags,
      request: {
        query: pageQuery.extend({ state: timedGrantState.optional(), party: filter }),
      },
      responses: answers(
        page(timedGrantListed),
        'Newest first: all of them for administrators and auditors, for others their own and those they may decide.',
      ),
    }),
    async (c) => {
      const person = c.get('person')
      const { limit, cursor, state, party } = c.req.valid('query')
      const before = readIdCursor(cursor)
      const data: TimedGrantListed[] = []
      let more: string | undefined
      const query = {
        ...(party !== undefined && { party }),
        // One that has ended is a given one, as it is stored.
        ...(state !== undefined && { state: state === 'ended' ? ('given' as const) : state }),
      }
      const sees = seeing(needs, person)
      for (const timed of await needs.store.timedGrants(query)) {
        if (before !== undefined && timed.id >= before) continue
        if (state !== undefined && timedState(timed, needs.now()) !== state) continue
        if (!(await sees(timed))) continue
        const shown = await timedShown(needs, timed, person)
        if (data.length === limit) {
          more = data.at(-1)?.id
          break
        }
        data.push(shown)
      }
      return c.json({ data, next_cursor: more === undefined ? null : writeCursor(more) }, 200)
    },
  )
}

function decideRoutes(app: AdminApp, needs: AdminNeeds): void {
  for (const [verb, verdict] of [
    ['give', 'approve'],
    ['refuse', 'deny'],
  ] as const) {
    app.openapi(
      createRoute({
        method: 'post',
        path: `/timed-grants/{id}/${verb}`,
        tags,
        request: { params: idParams, ...jsonBody(reasonGiven) },
        responses: answers(timedGrantListed, 'What has become of it.'),
      }),
      async (c) => {
        const person = c.get('person')
        const { id } = await seen(needs, person, c.req.valid('param').id)
        const { reason } = c.req.valid('json')
        const acted = await needs.reviews.voteTimed({ id, person, verdict, reason })
        return c.json(await after(needs, acted, person), 200)
      },
    )
  }
  app.openapi(
    createRoute({
      method: 'post',
      path: '/timed-grants/{id}/revoke',
      tags,
      request: { params: idParams, ...jsonBody(reasonGiven) },
      responses: answers(timedGrantListed, 'It allows nothing any more.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { id } = await seen(needs, person, c.req.valid('param').id)
      const { reason } = c.req.valid('json')
      const asked = { id, person, reason, isAdmin: isAdmin(needs, person) }
      return c.json(await after(needs, await needs.reviews.revokeTimed(asked), person), 200)
    },
  )
}

/** Refuses `not-found`, also for what this person may not see. */
async function seen(needs: AdminNeeds, person: SignedInPerson, id: string): Promise<TimedGrant> {
  const timed = await needs.store.timedGrant(id)
  if (!timed || !(await seeing(needs, person)(timed))) throw new Refused('not-found')
  return timed
}

/** Whoever decided about it still sees it, and so do the others who could have. */
function seeing(
  needs: AdminNeeds,
  person: SignedInPerson,
): (timed: TimedGrant) => boolean | Promise<boolean> {
  if (seesAll(needs, person)) return () => true
  const rules = approvalRules(needs)
  return (timed) => {
    if (isTheirs(timed, person)) return true
    if (timed.votes.some(({ by }) => by === person.subject.id)) return true
    // Whoever is in none of its groups cannot decide: nothing has to be read to know that.
    const groups = timed.steps.flatMap((step) => [
      ...step.groups,
      ...step.escalation.flatMap((rung) => rung.groups),
    ])
    return isInOne(person, groups, rules) && maySeeAsked(needs, person, timed)
  }
}

async function maySeeAsked(
  needs: AdminNeeds,
  person: SignedInPerson,
  timed: TimedGrant,
): Promise<boolean> {
  const whyNot = await needs.reviews.whyNotTimed(timed, person)
  return whyNot === undefined || whyNot === 'timed-closed' || whyNot === 'other-content'
}

async function after(
  needs: AdminNeeds,
  acted: TimedActed,
  person: SignedInPerson,
): Promise<TimedGrantListed> {
  if ('refused' in acted) throw notReviewed(acted)
  return timedShown(needs, acted.timed, person)
}
