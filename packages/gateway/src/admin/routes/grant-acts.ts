import { createRoute } from '@hono/zod-openapi'
import type { GrantActed } from '../../review/asked.ts'
import type { GrantChanged } from '../grant-contract.ts'
import {
  certifyAsked,
  grantChanged,
  reasonGiven,
  restoreAsked,
  untilAsked,
} from '../grant-schema.ts'
import { detailedGrant, notReviewed } from '../grant-shown.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import { type AdminApp, answers, idParams, jsonBody } from '../openapi.ts'
import { isAdmin } from '../part.ts'
import { Refused } from '../problem.ts'

const tags = ['Grants']

/** What people decide about a grant outside of campaigns. Whether they may is the review desk's to say. */
export function grantActRoutes(app: AdminApp, needs: AdminNeeds): void {
  certifyRoute(app, needs)
  revokeRoute(app, needs)
  restoreRoute(app, needs)
  for (const act of ['exempt', 'extend'] as const) putOffRoute(app, needs, act)
}

function certifyRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/grants/{id}/certify',
      tags,
      request: { params: idParams, ...jsonBody(certifyAsked) },
      description:
        'Still justified, as it is now. `narrow` lets it count only where the expressions hold, `time-bound` ends the access. A critical grant takes two people.',
      responses: answers(grantChanged, 'The grant, as it stands from here on.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { id } = c.req.valid('param')
      const { content, decision, reason, when, ends_at } = c.req.valid('json')
      const acted = await needs.reviews.certify({
        ...{ grant: id, person, content, decision, reason },
        ...(when && { when }),
        ...(ends_at !== undefined && { endsAt: Date.parse(ends_at) }),
      })
      return c.json(await changed(needs, id, acted, person), 200)
    },
  )
}

function revokeRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/grants/{id}/revoke',
      tags,
      request: { params: idParams, ...jsonBody(reasonGiven) },
      description:
        'It allows nothing from the next call on, on every gateway, whatever the rulebook says; streams under it are cut off. The reason is a part of the record.',
      responses: answers(grantChanged, 'The grant, revoked.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { id } = c.req.valid('param')
      const { reason } = c.req.valid('json')
      const acted = await needs.reviews.revoke({
        ...{ grant: id, person, reason },
        isAdmin: isAdmin(needs, person),
      })
      return c.json(await changed(needs, id, acted, person), 200)
    },
  )
}

function restoreRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/grants/{id}/restore',
      tags,
      request: { params: idParams, ...jsonBody(restoreAsked) },
      description:
        'Takes a revocation, a narrowing and an end back; a second person has to ask for the same. It certifies nothing.',
      responses: answers(grantChanged, 'The grant, as it stands from here on.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { id } = c.req.valid('param')
      const acted = await needs.reviews.restore({ grant: id, person, ...c.req.valid('json') })
      return c.json(await changed(needs, id, acted, person), 200)
    },
  )
}

function putOffRoute(app: AdminApp, needs: AdminNeeds, act: 'exempt' | 'extend'): void {
  const descriptions = {
    exempt: 'No review until then, at most 90 days; a second person has to ask for the same.',
    extend:
      'In an emergency: it does not go stale or lapse before then, at most seven days, once between two certifications; a second person has to ask for the same.',
  }
  app.openapi(
    createRoute({
      method: 'post',
      path: `/grants/{id}/${act}`,
      tags,
      request: { params: idParams, ...jsonBody(untilAsked) },
      description: descriptions[act],
      responses: answers(grantChanged, 'The grant, as it stands from here on.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { id } = c.req.valid('param')
      const { content, until, reason } = c.req.valid('json')
      const asked = { grant: id, person, content, until: Date.parse(until), reason }
      const acted = await needs.reviews[act](asked)
      return c.json(await changed(needs, id, acted, person), 200)
    },
  )
}

async function changed(
  needs: AdminNeeds,
  id: string,
  acted: GrantActed,
  person: SignedInPerson,
): Promise<GrantChanged> {
  if ('refused' in acted) throw notReviewed(acted)
  const view = await needs.reviews.grant(id)
  // A rulebook without it was put in force in between.
  if (!view) throw new Refused('conflict')
  return { grant: await detailedGrant(needs, view, person), pending: acted.pending }
}
