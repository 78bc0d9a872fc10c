import { createRoute } from '@hono/zod-openapi'
import { type Ballot, type Voted, type VoteRefused, votesRefused } from '../../approval/ballot.ts'
import type { Approval } from '../../model/approval.ts'
import type { ClearanceTerms } from '../../model/clearance.ts'
import type { ApprovalSummary, Terms, VoteCast } from '../approval-contract.ts'
import { approvalSummary, counterOffered, voteCast } from '../approval-schema.ts'
import { summaryOf } from '../approval-shown.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import { type AdminApp, answers, idParams, jsonBody } from '../openapi.ts'
import { mayWithdraw } from '../part.ts'
import { Refused } from '../problem.ts'
import { seen } from './approvals.ts'

const tags = ['Approvals']

/** What people answer. Sent twice, the same answer is one. */
export function voteRoutes(app: AdminApp, needs: AdminNeeds): void {
  voteRoute(app, needs, 'approve')
  voteRoute(app, needs, 'deny')
  counterRoute(app, needs)
  withdrawRoute(app, needs)
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
      const person = c.get('person')
      await seen(needs, person, id)
      const ballot = { ...ballotOf(id, person, c.req.valid('json')), verdict }
      const voted = await needs.desk.vote(ballot)
      return c.json(await answerTo(needs, voted, ballot), 200)
    },
  )
}

function counterRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/approvals/{id}/counter',
      tags,
      request: { params: idParams, ...jsonBody(counterOffered) },
      description:
        'Offers less: `call` instead of a window, fewer uses, less time, more conditions. Votes before it are void; it is a yes to what it offers.',
      responses: answers(approvalSummary, 'The approval after it, with another digest.'),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const person = c.get('person')
      await seen(needs, person, id)
      const { terms, ...cast } = c.req.valid('json')
      const ballot = ballotOf(id, person, cast)
      const voted = await needs.desk.counter({ ...ballot, terms: termsOf(terms) })
      if ('refused' in voted) throw refusedVote(voted.refused)
      return c.json(await summaryOf(needs, voted.approval, person), 200)
    },
  )
}

function withdrawRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/approvals/{id}/withdraw',
      tags,
      request: { params: idParams },
      description:
        'Takes the question back: for whoever it is asked for, the owner of the function, and administrators.',
      responses: answers(approvalSummary, 'The approval, withdrawn.'),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const person = c.get('person')
      const approval = await seen(needs, person, id)
      if (!mayWithdraw(needs, person, approval)) {
        const detail =
          'It is taken back by whoever asked, the function’s owner or an administrator.'
        throw new Refused('forbidden', { detail })
      }
      await needs.desk.withdraw(id, { party: person.subject.id })
      const after = await seen(needs, person, id)
      if (after.state !== 'WITHDRAWN') throw new Refused('approval-closed')
      return c.json(await summaryOf(needs, after, person), 200)
    },
  )
}

function ballotOf(
  id: string,
  person: SignedInPerson,
  cast: VoteCast,
): Omit<Ballot, 'verdict'> & { readonly person: SignedInPerson } {
  const { digest, reason, group, on_behalf_of } = cast
  return {
    id,
    person,
    reason: reason ?? '',
    sawDigest: digest,
    ...(group !== undefined && { group }),
    ...(on_behalf_of !== undefined && { onBehalfOf: on_behalf_of }),
    channel: 'admin',
  }
}

/** A vote that is there already, exactly as it is cast now, was answered with words that got lost. */
async function answerTo(
  needs: AdminNeeds,
  voted: Voted,
  ballot: Ballot & { readonly person: SignedInPerson },
): Promise<ApprovalSummary> {
  if (!('refused' in voted)) return summaryOf(needs, voted.approval, ballot.person)
  const approval = await needs.desk.find(ballot.id)
  if (!approval || !isThere(approval, ballot)) throw refusedVote(voted.refused)
  return summaryOf(needs, approval, ballot.person)
}

function isThere({ votes }: Approval, ballot: Ballot): boolean {
  return votes.some(
    (vote) =>
      vote.by === ballot.person.subject.id &&
      vote.onBehalfOf === ballot.onBehalfOf &&
      vote.verdict === ballot.verdict &&
      vote.sawDigest === ballot.sawDigest &&
      vote.reason === ballot.reason &&
      (ballot.group === undefined || vote.group === ballot.group),
  )
}

function refusedVote(refused: VoteRefused): Refused {
  if (refused === 'approval-unknown') return new Refused('not-found')
  return new Refused(forbidden.includes(refused) ? 'forbidden' : 'vote-refused', {
    detail: votesRefused[refused],
    errors: [{ pointer: '', detail: refused }],
  })
}

function termsOf(terms: Terms): ClearanceTerms {
  if (terms.kind === 'call') return terms
  const { kind, uses, for_ms, when } = terms
  return { kind, uses, forMs: for_ms, when }
}

/** Why they may not at all, whatever they send. */
const forbidden: readonly VoteRefused[] = [
  'not-a-person',
  'own-call',
  'not-an-approver',
  'not-a-delegate',
  'locked',
]
