import { createRoute } from '@hono/zod-openapi'
import {
  type GlassRefused,
  type GlassReviewRefused,
  glassRefused,
  glassReviewsRefused,
} from '../../approval/glass-request.ts'
import type { BreakGlass } from '../../model/break-glass.ts'
import type { GlassListed } from '../approval-contract.ts'
import { glassAsked, glassListed, glassReviewed } from '../approval-schema.ts'
import { iso } from '../approval-shown.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import {
  type AdminApp,
  answers,
  createdAnswers,
  idParams,
  jsonBody,
  pageQuery,
} from '../openapi.ts'
import { approvalRules, isInOne, seesAll } from '../part.ts'
import { Refused } from '../problem.ts'
import { page } from '../schema.ts'
import { seen as seenApproval } from './approvals.ts'

const tags = ['Break-glass']

/** Emergencies: a named person lets calls through that people would have had to approve. */
export function breakGlassRoutes(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/break-glass',
      tags,
      request: { query: pageQuery },
      responses: answers(
        page(glassListed),
        'Newest first: all of them for administrators, auditors and reviewers, one’s own for others.',
      ),
    }),
    async (c) => {
      const { limit, cursor } = c.req.valid('query')
      const person = c.get('person')
      const before = readIdCursor(cursor)
      const found = await needs.store.breakGlasses({
        limit,
        ...(before !== undefined && { before }),
        ...(!mayReadAll(needs, person) && { by: person.subject.id }),
      })
      const last = found.length === limit ? found.at(-1) : undefined
      const data = found.map((glass) => listed(glass, needs.now()))
      return c.json({ data, next_cursor: last ? writeCursor(last.id) : null }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: '/break-glass/{id}',
      tags,
      request: { params: idParams },
      responses: answers(glassListed, 'One emergency.'),
    }),
    async (c) => {
      const glass = await seen(needs, c.get('person'), c.req.valid('param').id)
      return c.json(listed(glass, needs.now()), 200)
    },
  )
  openRoute(app, needs)
  reviewRoute(app, needs)
}

function openRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/break-glass',
      tags,
      request: jsonBody(glassAsked),
      description:
        'For the people the rulebook names, freshly signed in (`401 step-up-required` otherwise). Either for one pending question about one’s own call, or for functions. Others are told at once, and have to review it.',
      responses: createdAnswers(glassListed, 'The glass is broken: its clearance allows calls.'),
    }),
    async (c) => {
      const { reason, incident, approval, functions, for_ms } = c.req.valid('json')
      const person = c.get('person')
      // To who may break it, the approval of somebody else is as one that is not there.
      if (approval !== undefined) await seenApproval(needs, person, approval)
      const opened = await needs.desk.openGlass({
        person,
        reason,
        incident,
        ...(approval !== undefined && { approval }),
        ...(functions && { functions }),
        ...(for_ms !== undefined && { forMs: for_ms }),
      })
      if ('refused' in opened) throw notBroken(needs, opened.refused)
      return c.json(listed(opened.glass, needs.now()), 201)
    },
  )
}

function reviewRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/break-glass/{id}/review',
      tags,
      request: { params: idParams, ...jsonBody(glassReviewed) },
      description: 'By somebody else, of the groups that the rulebook names.',
      responses: answers(glassListed, 'The emergency with its review.'),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const person = c.get('person')
      await seen(needs, person, id)
      const reviewed = await needs.desk.reviewGlass({ id, person, ...c.req.valid('json') })
      if ('refused' in reviewed) throw notReviewed(reviewed.refused)
      return c.json(listed(reviewed.glass, needs.now()), 200)
    },
  )
}

/** Refuses `not-found`, also for what this person may not see. */
async function seen(needs: AdminNeeds, person: SignedInPerson, id: string): Promise<BreakGlass> {
  const glass = await needs.store.breakGlass(id)
  const isOwn = glass?.by === person.subject.id
  if (!glass || !(isOwn || mayReadAll(needs, person))) throw new Refused('not-found')
  return glass
}

function mayReadAll(needs: AdminNeeds, person: SignedInPerson): boolean {
  const rules = approvalRules(needs)
  return seesAll(needs, person) || isInOne(person, rules.breakGlass?.reviewers ?? [], rules)
}

/** Signing in again is asked for as RFC 9470 does. */
function notBroken(needs: AdminNeeds, refused: GlassRefused): Refused {
  const options = { detail: glassRefused[refused], errors: [{ pointer: '', detail: refused }] }
  if (refused === 'approval-unknown') return new Refused('not-found')
  if (refused === 'sign-in-stale' || refused === 'sign-in-weak') {
    return new Refused('step-up-required', { ...options, headers: challenge(needs) })
  }
  return new Refused(forbidden.includes(refused) ? 'forbidden' : 'glass-refused', options)
}

function challenge(needs: AdminNeeds): { readonly 'www-authenticate': string } {
  const rules = approvalRules(needs).breakGlass
  const acr = rules?.acr.filter((value) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(value)) ?? []
  const words = [
    'Bearer realm="sallyport"',
    'error="insufficient_user_authentication"',
    ...(acr.length > 0 ? [`acr_values="${acr.join(' ')}"`] : []),
    ...(rules ? [`max_age=${Math.floor(rules.signedInWithinMs / 1_000)}`] : []),
  ]
  return { 'www-authenticate': words.join(', ') }
}

function notReviewed(refused: GlassReviewRefused): Refused {
  if (refused === 'glass-unknown') return new Refused('not-found')
  const isForbidden = refused === 'not-a-reviewer' || refused === 'own-glass'
  return new Refused(isForbidden || refused === 'locked' ? 'forbidden' : 'review-refused', {
    detail: glassReviewsRefused[refused],
    errors: [{ pointer: '', detail: refused }],
  })
}

function listed(glass: BreakGlass, now: number): GlassListed {
  const { assurance, review } = glass
  return {
    id: glass.id,
    standing: standingOf(glass, now),
    by: glass.by,
    reason: glass.reason,
    incident: glass.incident,
    functions: [...glass.functions],
    approval: glass.approval ?? null,
    clearance: glass.clearance,
    acr: assurance.acr ?? null,
    amr: [...assurance.amr],
    signed_in_at: iso(assurance.signedInAt),
    opened_at: iso(glass.openedAt),
    expires_at: iso(glass.expiresAt),
    review_by: iso(glass.reviewBy),
    review: review ? { ...review, at: iso(review.at) } : null,
  }
}

function standingOf(
  { review, expiresAt, reviewBy }: BreakGlass,
  now: number,
): GlassListed['standing'] {
  if (review) return review.verdict
  if (now < expiresAt) return 'open'
  return now < reviewBy ? 'unreviewed' : 'overdue'
}

const forbidden: readonly GlassRefused[] = [
  'not-a-person',
  'not-named',
  'locked',
  'not-your-call',
  'unreviewed',
  'unjustified',
  'too-often',
]
