import { createRoute, z } from '@hono/zod-openapi'
import type { Campaign } from '../../model/campaign.ts'
import { requireRole } from '../access.ts'
import { closingRecord } from '../closing-record.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import { reasonGiven } from '../grant-schema.ts'
import { notReviewed } from '../grant-shown.ts'
import type { AdminNeeds } from '../needs.ts'
import {
  type AdminApp,
  answers,
  createdAnswers,
  describeFiles,
  idParams,
  jsonBody,
  pageQuery,
} from '../openapi.ts'
import { Refused } from '../problem.ts'
import type { CampaignStarted } from '../review-contract.ts'
import {
  campaignAsked,
  campaignDetail,
  campaignListed as campaignListedSchema,
  campaignStarted,
  campaignState,
  forecast,
  packListed,
} from '../review-schema.ts'
import { campaignAskedOf, campaignListed, campaignShown, forecastShown } from '../review-shown.ts'
import { page } from '../schema.ts'

const tags = ['Reviews']

/** Campaigns of access reviews, and what goes stale. */
export function reviewRoutes(app: AdminApp, needs: AdminNeeds): void {
  forecastRoute(app, needs)
  startRoute(app, needs)
  listRoute(app, needs)
  app.openapi(
    createRoute({
      method: 'get',
      path: '/reviews/{id}',
      tags,
      request: { params: idParams },
      responses: answers(campaignDetail, 'One campaign, as it stands now.'),
    }),
    async (c) => {
      const campaign = await found(needs, c.req.valid('param').id)
      return c.json(await campaignShown(needs, campaign), 200)
    },
  )
  steeringRoutes(app, needs)
  packRoutes(app, needs)
}

function forecastRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/reviews/forecast',
      tags,
      request: {
        query: z.strictObject({ days: z.coerce.number().int().min(0).max(366).default(30) }),
      },
      responses: answers(
        forecast,
        'Grants that are or will be stale or lapsed by then, soonest first, with the callers that stops.',
      ),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      return c.json(forecastShown(await needs.reviews.forecast(c.req.valid('query'))), 200)
    },
  )
}

function startRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/reviews',
      tags,
      request: jsonBody(campaignAsked),
      description:
        'Freezes which grants it is about and asks their reviewers. With `dry_run` it only says what it would be about. Whoever starts it answers for it, and reviews nothing in it.',
      responses: createdAnswers(campaignStarted, 'The campaign, or what it would be about.'),
    }),
    async (c) => {
      requireRole(c, needs, 'admin')
      const body = c.req.valid('json')
      const asked = campaignAskedOf(body, c.get('person'))
      if (body.dry_run) return c.json(await preview(needs, asked), 201)
      const acted = await needs.reviews.startCampaign(asked)
      if ('refused' in acted) throw notReviewed(acted)
      return c.json({ campaign: await campaignShown(needs, acted.campaign), preview: null }, 201)
    },
  )
}

async function preview(
  { reviews }: AdminNeeds,
  asked: ReturnType<typeof campaignAskedOf>,
): Promise<CampaignStarted> {
  const would = await reviews.preview(asked)
  if ('refused' in would) throw notReviewed(would)
  const { count, excluded, grants, nobody } = would
  const shown = grants.slice(0, previewRows).map(({ grant, tier, assigned }) => ({
    ...{ grant, tier },
    reviewers: [...assigned.groups, ...assigned.people],
  }))
  return { campaign: null, preview: { count, excluded, grants: shown, nobody: [...nobody] } }
}

function listRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/reviews',
      tags,
      request: { query: pageQuery.extend({ state: campaignState.optional() }) },
      responses: answers(page(campaignListedSchema), 'Newest first.'),
    }),
    async (c) => {
      const { limit, cursor, state } = c.req.valid('query')
      const before = readIdCursor(cursor)
      // Of any state: what is stored as one may be another by now.
      const stored = await needs.store.campaigns({
        limit,
        ...(before !== undefined && { before }),
      })
      const now = await Promise.all(stored.map(({ id }) => needs.reviews.campaign(id)))
      const data = now
        .filter((one): one is Campaign => one !== undefined)
        .filter((one) => state === undefined || one.state === state)
        .map(campaignListed)
      const last = stored.length === limit ? stored.at(-1) : undefined
      return c.json({ data, next_cursor: last ? writeCursor(last.id) : null }, 200)
    },
  )
}

function steeringRoutes(app: AdminApp, needs: AdminNeeds): void {
  for (const [verb, act, description] of [
    ['remind', 'remind', 'Tells the reviewers of what is undecided, now.'],
    [
      'close',
      'closeCampaign',
      'When nothing is undecided, or the grace is over: what is decided is applied, each application is verified by a decision of the policy engine, and the evidence pack is bound into the log.',
    ],
  ] as const) {
    app.openapi(
      createRoute({
        method: 'post',
        path: `/reviews/{id}/${verb}`,
        tags,
        request: { params: idParams },
        description,
        responses: answers(campaignDetail, 'The campaign, as it stands from here on.'),
      }),
      async (c) => {
        requireRole(c, needs, 'admin')
        const { id } = c.req.valid('param')
        const acted = await needs.reviews[act]({ id, person: c.get('person') })
        if ('refused' in acted) throw notReviewed(acted)
        return c.json(await campaignShown(needs, acted.campaign), 200)
      },
    )
  }
  app.openapi(
    createRoute({
      method: 'post',
      path: '/reviews/{id}/cancel',
      tags,
      request: { params: idParams, ...jsonBody(reasonGiven) },
      description:
        'Ends it without any effect on a grant; a second person has to ask for the same.',
      responses: answers(campaignDetail, 'The campaign, as it stands from here on.'),
    }),
    async (c) => {
      requireRole(c, needs, 'admin')
      const { id } = c.req.valid('param')
      const { reason } = c.req.valid('json')
      const acted = await needs.reviews.cancel({ id, person: c.get('person'), reason })
      if ('refused' in acted) throw notReviewed(acted)
      return c.json(await campaignShown(needs, acted.campaign), 200)
    },
  )
}

function packRoutes(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/reviews/{id}/pack',
      tags,
      request: { params: idParams },
      responses: answers(packListed, 'What a closed campaign’s evidence pack consists of.'),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const { id } = c.req.valid('param')
      const campaign = await found(needs, id)
      const files = (await packOf(needs, id)).map(({ name }) => name)
      const record = await closingRecord(needs.store, campaign)
      return c.json({ files, record: record ?? null }, 200)
    },
  )
  describeFiles(app, {
    path: '/reviews/{id}/pack/{file}',
    tag: 'Reviews',
    description: 'One file of the pack: the same bytes whenever it is asked for.',
  })
  app.get('/reviews/:id/pack/:file', async (c) => {
    requireRole(c, needs, 'auditor')
    const files = await packOf(needs, c.req.param('id'))
    const file = files.find(({ name }) => name === c.req.param('file'))
    if (!file) throw new Refused('not-found')
    return new Response(Uint8Array.from(file.bytes), {
      headers: { 'content-type': 'application/octet-stream' },
    })
  })
}

async function packOf({ reviews }: AdminNeeds, id: string) {
  const pack = await reviews.pack(id)
  if ('refused' in pack) throw notReviewed(pack)
  return pack
}

/** Refuses `not-found`. */
async function found({ reviews }: AdminNeeds, id: string): Promise<Campaign> {
  const campaign = await reviews.campaign(id)
  if (!campaign) throw new Refused('not-found')
  return campaign
}

/** As many as a person reads before they open it. */
const previewRows = 100
