import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { type VoteRefused, votesRefused } from '../../approval/ballot.ts'
import type { ApprovalView } from '../../approval/view.ts'
import type { Approval } from '../../model/approval.ts'
import { type AdminEnv, mayReadQuestion, maySee } from '../access.ts'
import type { ApprovalDetail, ApprovalEvent, ApprovalSummary } from '../contract.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import type { EventStreams } from '../events.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import {
  type AdminApp,
  answers,
  describeEvents,
  idParams,
  jsonBody,
  pageQuery,
} from '../openapi.ts'
import { Refused } from '../problem.ts'
import { approvalDetail, approvalState, approvalSummary, page, voteCast } from '../schema.ts'

const tags = ['Approvals']

/** Questions that wait for people. Whoever is in an approver group of one sees it and may vote on it. */
export function approvalRoutes(app: AdminApp, needs: AdminNeeds, events: EventStreams): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/approvals',
      tags,
      request: { query: pageQuery.extend({ state: approvalState.optional() }) },
      responses: answers(page(approvalSummary), 'Newest first.'),
    }),
    async (c) => {
      const { limit, cursor, state } = c.req.valid('query')
      const person = c.get('person')
      const { rows, more } = await visible(needs, person, {
        limit,
        state,
        before: readIdCursor(cursor),
      })
      const next_cursor = more === undefined ? null : writeCursor(more)
      const data = await Promise.all(rows.map((row) => summaryOf(needs, row, person)))
      return c.json({ data, next_cursor }, 200)
    },
  )

  describeEvents(app, {
    path: '/approvals/events',
    tag: 'Approvals',
    description: 'Questions as they are opened and decided, of those this person may see.',
  })
  // Before `/approvals/{id}`, which would match it too.
  app.get('/approvals/events', (c) => {
    const person = c.get('person')
    return events(c, async (leaf): Promise<ApprovalEvent | undefined> => {
      const settled = leaf.type === 'approval.decided' && leaf.state !== 'PENDING'
      if (leaf.type !== 'approval.requested' && leaf.type !== 'approval.closed' && !settled) return
      const approval = await needs.desk.find(leaf.approval)
      if (!approval || !maySee(person, needs.roleGroups, approval)) return undefined
      const { id, state, functionId } = approval
      const event = leaf.type === 'approval.requested' ? 'opened' : 'decided'
      return { event, id, state, function: functionId }
    })
  })

  app.openapi(
    createRoute({
      method: 'get',
      path: '/approvals/{id}',
      tags,
      request: { params: idParams },
      description:
        'What is shown to those who vote. Arguments are for them and for payload-readers; reading them is recorded.',
      responses: answers(approvalDetail, 'One approval.'),
    }),
    async (c) => c.json(await show(needs, c, c.req.valid('param').id), 200),
  )

  voteRoute(app, needs, 'approve')
  voteRoute(app, needs, 'deny')
}

function voteRoute(app: AdminApp, needs: AdminNeeds, verdict: 'approve' | 'deny'): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: `/approvals/{id}/${verdict}`,
      tags,
      request: { params: idParams, ...jsonBody(voteCast) },
      description: '`digest` is that of the approval as it was shown. A denial needs a reason.',
      responses: answers(approvalSummary, 'The approval after the vote.'),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { digest, reason, group } = c.req.valid('json')
      const person = c.get('person')
      await seen(needs, person, id)
      const voted = await needs.desk.vote({
        id,
        person,
        verdict,
        reason: reason ?? '',
        sawDigest: digest,
        ...(group !== undefined && { group }),
      })
      if ('refused' in voted) throw refusedVote(voted.refused)
      return c.json(await summaryOf(needs, voted.approval, person), 200)
    },
  )
}

/** One page of what this person may see. An approver's page may be the sum of several of the store's. */
async function visible(
  { store, desk, roleGroups }: AdminNeeds,
  person: SignedInPerson,
  query: {
    readonly limit: number
    readonly state: Approval['state'] | undefined
    readonly before: string | undefined
  },
): Promise<{ readonly rows: readonly Approval[]; readonly more: string | undefined }> {
  const { limit, state } = query
  const rows: Approval[] = []
  let before = query.before
  for (let pages = 0; pages < storePagesMax; pages++) {
    const page = await store.approvals({
      limit,
      ...(before !== undefined && { before }),
      ...(state && { state }),
    })
    for (const found of page) {
      before = found.id
      // Through the desk, so that what has expired says so.
      const approval = await desk.find(found.id)
      if (!approval || (state && approval.state !== state)) continue
      if (maySee(person, roleGroups, approval)) rows.push(approval)
      if (rows.length === limit) return { rows, more: before }
    }
    if (page.length < limit) return { rows, more: undefined }
  }
  return { rows, more: before }
}

/** Refuses `not-found` for what is not there and for what this person may not see, in the same words. */
async function seen(needs: AdminNeeds, person: SignedInPerson, id: string): Promise<Approval> {
  const approval = await needs.desk.find(id)
  if (!approval || !maySee(person, needs.roleGroups, approval)) throw new Refused('not-found')
  return approval
}

async function show(needs: AdminNeeds, c: Context<AdminEnv>, id: string): Promise<ApprovalDetail> {
  const person = c.get('person')
  const approval = await seen(needs, person, id)
  if (!mayReadQuestion(person, needs.roleGroups, approval)) {
    return detailOf(undefined, await summaryOf(needs, approval, person))
  }
  const view = await needs.desk.view(id)
  if (!view) throw new Refused('not-found')
  await recordReading(needs, view, person)
  return detailOf(view, await summaryOf(needs, view.approval, person))
}

/** Before anything of it leaves: one record for each payload that is shown. */
async function recordReading(
  { store, now }: AdminNeeds,
  { record, question, request }: ApprovalView,
  { subject }: SignedInPerson,
): Promise<void> {
  if (record === undefined) return
  const time = new Date(now()).toISOString()
  const roles = [...(request ? ['args'] : []), ...(question ? ['forwarded'] : [])]
  const reading = (role: string) =>
    ({ type: 'payload.read', time, record, role, by: subject.id }) as const
  await Promise.all(roles.map((role) => store.commit({ record: reading(role), payloads: [] })))
}

function refusedVote(refused: VoteRefused): Refused {
  const errors = [{ pointer: '', detail: refused }]
  if (refused === 'approval-unknown') return new Refused('not-found')
  const code =
    refused === 'not-a-person' || refused === 'own-call' || refused === 'not-an-approver'
      ? 'forbidden'
      : 'vote-refused'
  return new Refused(code, { detail: votesRefused[refused], errors })
}

async function summaryOf(
  { desk }: AdminNeeds,
  approval: Approval,
  person: SignedInPerson,
): Promise<ApprovalSummary> {
  const whyNot = await desk.whyNot(approval, person)
  return {
    id: approval.id,
    state: approval.state,
    clearance: approval.clearance,
    digest: approval.digest,
    call: approval.callId,
    function: approval.functionId,
    subject: approval.subject,
    actors: [...approval.actors],
    session: approval.session,
    approver_groups: [...approval.approverGroups],
    reasons: approval.reasons.map(({ policy, effect, text }) => ({
      policy,
      effect,
      text: text ?? null,
    })),
    created_at: iso(approval.createdAt),
    decide_by: iso(approval.decideBy),
    claim_by: approval.claimBy === undefined ? null : iso(approval.claimBy),
    votes: approval.votes.map(({ by, verdict, group, reason, at }) => ({
      by,
      verdict,
      group,
      reason,
      at: iso(at),
    })),
    you: { may_vote: whyNot === undefined, why_not: whyNot ?? null },
  }
}

/** Without a view: this person may not read what is asked. */
function detailOf(view: ApprovalView | undefined, summary: ApprovalSummary): ApprovalDetail {
  const question = view?.question
  return {
    ...summary,
    withheld: view === undefined,
    question: question
      ? {
          function: question.function,
          connection: question.connection,
          upstream: question.upstream,
          protocol: question.protocol,
          arguments: { ...question.arguments },
          unread_body: question.unreadBody,
        }
      : null,
    request: view?.request ?? null,
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** So that an approver with nothing to see costs a bounded number of reads; the cursor goes on from there. */
const storePagesMax = 10
