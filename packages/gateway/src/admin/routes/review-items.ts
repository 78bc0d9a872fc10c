import { createRoute, z } from '@hono/zod-openapi'
import type { ReviewItem } from '../../model/campaign.ts'
import type { ItemActed } from '../../review/asked.ts'
import { reviewsRefused } from '../../review/refused.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import { notReviewed } from '../grant-shown.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import { type AdminApp, answers, jsonBody, pageQuery } from '../openapi.ts'
import { approvalRules, isAdmin, isInOne, seesAll } from '../part.ts'
import { Refused } from '../problem.ts'
import type { ItemListed } from '../review-contract.ts'
import {
  bulkAsked,
  bulkDone,
  decisionAsked,
  itemDetail,
  itemListed as itemListedSchema,
  itemState,
  reassignAsked,
} from '../review-schema.ts'
import { itemListed, itemShown } from '../review-shown.ts'
import { page } from '../schema.ts'

const tags = ['Reviews']
const name = z.string().min(1).max(256)
const campaignParams = z.object({ id: name })
const itemParams = z.object({ id: name, item: name })

/** The items of a campaign, and what people decide about them. */
export function reviewItemRoutes(app: AdminApp, needs: AdminNeeds): void {
  listRoute(app, needs)
  app.openapi(
    createRoute({
      method: 'get',
      path: '/reviews/{id}/items/{item}',
      tags,
      request: { params: itemParams },
      responses: answers(itemDetail, 'One item, with all that a reviewer is shown.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { id, item } = c.req.valid('param')
      await seen(needs, { id, item, person })
      const view = await needs.reviews.item(item, person)
      if (!view) throw new Refused('not-found')
      return c.json(await itemShown(needs, view, person), 200)
    },
  )
  decideRoute(app, needs)
  bulkRoute(app, needs)
  reassignRoute(app, needs)
}

function listRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/reviews/{id}/items',
      tags,
      request: {
        params: campaignParams,
        query: pageQuery.extend({
          state: itemState.optional(),
          mine: z
            .enum(['true', 'false'])
            .optional()
            .openapi({ description: 'Only those that the person who asks may decide now.' }),
        }),
      },
      responses: answers(
        page(itemListedSchema),
        'Newest first: all of them for administrators and auditors, for others those they are asked about.',
      ),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const campaign = await needs.reviews.campaign(id)
      if (!campaign) throw new Refused('not-found')
      const { limit, cursor, state, mine } = c.req.valid('query')
      const { data, more } = await visible(needs, c.get('person'), {
        ...{ campaign: id, limit, mine: mine === 'true', before: readIdCursor(cursor) },
        ...(state && { state }),
      })
      return c.json({ data, next_cursor: more === undefined ? null : writeCursor(more) }, 200)
    },
  )
}

async function visible(
  needs: AdminNeeds,
  person: SignedInPerson,
  query: {
    readonly campaign: string
    readonly limit: number
    readonly mine: boolean
    readonly state?: ReviewItem['state']
    readonly before: string | undefined
  },
): Promise<{ readonly data: ItemListed[]; readonly more: string | undefined }> {
  const { campaign, limit, mine, state } = query
  const data: ItemListed[] = []
  let before = query.before
  for (let pages = 0; pages < storePagesMax; pages++) {
    const found = await needs.store.reviewItems({
      ...{ campaign, limit },
      ...(state && { state }),
      ...(before !== undefined && { before }),
    })
    for (const item of found) {
      before = item.id
      if (!maySee(needs, person, item)) continue
      const shown = await itemListed(needs, item, person)
      if (!mine || shown.you.may_decide) data.push(shown)
      if (data.length === limit) return { data, more: before }
    }
    if (found.length < limit) return { data, more: undefined }
  }
  return { data, more: before }
}

function decideRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/reviews/{id}/items/{item}/decide',
      tags,
      request: { params: itemParams, ...jsonBody(decisionAsked) },
      description:
        'Decides exactly what was shown. Critical grants, and all of a campaign with two levels, take a second person.',
      responses: answers(itemListedSchema, 'The item, as it stands from here on.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { id, item } = c.req.valid('param')
      const { decision, reason, shown, when, ends_at } = c.req.valid('json')
      await seen(needs, { id, item, person })
      const acted = await needs.reviews.decide({
        ...{ item, person, decision, reason, shown },
        ...(when && { when }),
        ...(ends_at !== undefined && { endsAt: Date.parse(ends_at) }),
      })
      return c.json(await after(needs, acted, person), 200)
    },
  )
}

function bulkRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/reviews/{id}/bulk',
      tags,
      request: { params: campaignParams, ...jsonBody(bulkAsked) },
      description:
        'Many items at once. What is high or critical is not kept so, and one in ten has to have been looked at: `shown` says which.',
      responses: answers(bulkDone, 'How many are decided, and why the others are not.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { id } = c.req.valid('param')
      if (!(await needs.reviews.campaign(id))) throw new Refused('not-found')
      const done = await needs.reviews.decideInBulk({ person, ...c.req.valid('json') })
      if ('refused' in done && !('decided' in done)) throw notReviewed(done)
      const refused = done.refused.map(({ item, refused: why }) => ({
        item,
        why: reviewsRefused[why],
      }))
      return c.json({ decided: done.decided.length, refused }, 200)
    },
  )
}

function reassignRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/reviews/{id}/items/{item}/reassign',
      tags,
      request: { params: itemParams, ...jsonBody(reassignAsked) },
      description: 'Other people are asked instead. The note is a part of the record.',
      responses: answers(itemListedSchema, 'The item, as it stands from here on.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { id, item } = c.req.valid('param')
      const { groups = [], people = [], note } = c.req.valid('json')
      await seen(needs, { id, item, person })
      const acted = await needs.reviews.reassign({
        ...{ item, person, groups, people, note },
        isAdmin: isAdmin(needs, person),
      })
      return c.json(await after(needs, acted, person), 200)
    },
  )
}

/** Refuses `not-found`, also for an item of another campaign and for what this person may not see. */
async function seen(
  needs: AdminNeeds,
  { id, item, person }: { id: string; item: string; person: SignedInPerson },
): Promise<void> {
  const found = await needs.store.reviewItem(item)
  if (found?.campaign !== id || !maySee(needs, person, found)) throw new Refused('not-found')
}

/** Administrators and auditors see every item; others what they are, or were, asked about. */
function maySee(
  needs: AdminNeeds,
  person: SignedInPerson,
  { assigned, decisions }: Pick<ReviewItem, 'assigned' | 'decisions'>,
): boolean {
  const { id } = person.subject
  return (
    seesAll(needs, person) ||
    assigned.people.includes(id) ||
    decisions.some(({ by }) => by === id) ||
    isInOne(person, assigned.groups, approvalRules(needs))
  )
}

async function after(
  needs: AdminNeeds,
  acted: ItemActed,
  person: SignedInPerson,
): Promise<ItemListed> {
  if ('refused' in acted) throw notReviewed(acted)
  return itemListed(needs, acted.item, person)
}

/** So that somebody with nothing to see costs a bounded number of reads; the cursor goes on from there. */
const storePagesMax = 10
