import { createRoute, z } from '@hono/zod-openapi'
import type { LeafRecord } from '@sallyport/evidence/record'
import { limits } from '../../config/limits.ts'
import type { Approval } from '../../model/approval.ts'
import { personOf } from '../access.ts'
import type { ApprovalEvent } from '../approval-contract.ts'
import { approvalDetail, approvalState, approvalSummary } from '../approval-schema.ts'
import { detailOf, summaryOf } from '../approval-shown.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import type { EventStreams } from '../events.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import { type AdminApp, answers, describeEvents, idParams, pageQuery } from '../openapi.ts'
import { maySee } from '../part.ts'
import { Refused } from '../problem.ts'
import { page } from '../schema.ts'
import type { Waits } from '../waits.ts'

const tags = ['Approvals']

/** Questions that wait for people, as each may see them. */
export function approvalRoutes(
  app: AdminApp,
  needs: AdminNeeds,
  { events, waits }: { readonly events: EventStreams; readonly waits: Waits },
): void {
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
    description: 'Questions as they are opened, changed and decided, of those this person may see.',
  })
  // Before `/approvals/{id}`, which would match it too.
  app.get('/approvals/events', (c) => {
    const person = c.get('person')
    return events(c, async (leaf): Promise<ApprovalEvent | undefined> => {
      const told = toldBy(leaf)
      const approval = told && (await needs.desk.find(told.approval))
      if (!approval || !(await maySee(needs, person, approval))) return undefined
      return { event: told.event, approval: await summaryOf(needs, approval, person) }
    })
  })
  oneRoute(app, needs, waits)
}

function oneRoute(app: AdminApp, needs: AdminNeeds, waits: Waits): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/approvals/{id}',
      tags,
      request: { params: idParams, query: waitQuery },
      description:
        'What is shown to those who vote. Arguments are for them and for payload-readers; reading them is recorded. With `wait` the answer comes once it is settled or has another `revision`, or when so many seconds are over.',
      responses: answers(approvalDetail, 'One approval.'),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { wait, revision } = c.req.valid('query')
      let person = c.get('person')
      let approval = await seen(needs, person, id)
      if (wait !== undefined) {
        const since = { id, revision: revision ?? approval.revision }
        const party = person.subject.id
        await waits(since, { party, waitMs: wait * 1_000, left: c.req.raw.signal })
        // Who was locked, or signed out, meanwhile sees nothing more.
        const still = await personOf(needs, c.get('bearer'))
        if (!still) throw new Refused('unauthenticated')
        person = still
        approval = await seen(needs, person, id)
      }
      const detail = await detailOf(needs, approval, person)
      if (!detail) throw new Refused('not-found')
      return c.json(detail, 200)
    },
  )
}

/** Refuses `not-found`, also for what this person may not see. */
export async function seen(
  needs: AdminNeeds,
  person: SignedInPerson,
  id: string,
): Promise<Approval> {
  const approval = await needs.desk.find(id)
  if (!approval || !(await maySee(needs, person, approval))) throw new Refused('not-found')
  return approval
}

/** What a record tells of an approval; undefined: nothing. */
function toldBy(
  leaf: LeafRecord,
): { readonly event: ApprovalEvent['event']; readonly approval: string } | undefined {
  switch (leaf.type) {
    case 'approval.requested':
      return { event: 'opened', approval: leaf.approval }
    case 'approval.countered':
    case 'approval.escalated':
      return { event: 'changed', approval: leaf.approval }
    case 'approval.decided': {
      const event = leaf.state === 'PENDING' ? 'changed' : 'decided'
      return { event, approval: leaf.approval }
    }
    case 'approval.closed':
      return { event: 'decided', approval: leaf.approval }
    case 'break-glass.opened':
      return leaf.approval === undefined ? undefined : { event: 'decided', approval: leaf.approval }
    default:
      return undefined
  }
}

/** One page of what this person may see. An approver's page may be the sum of several of the store's. */
async function visible(
  needs: AdminNeeds,
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
    const page = await needs.store.approvals({
      limit,
      ...(before !== undefined && { before }),
      ...(state && { state }),
    })
    for (const found of page) {
      before = found.id
      // Through the desk, so that what has expired says so.
      const approval = await needs.desk.find(found.id)
      if (!approval || (state && approval.state !== state)) continue
      if (await maySee(needs, person, approval)) rows.push(approval)
      if (rows.length === limit) return { rows, more: before }
    }
    if (page.length < limit) return { rows, more: undefined }
  }
  return { rows, more: before }
}

const waitQuery = z.strictObject({
  wait: z.coerce
    .number()
    .min(0)
    .max(limits.adminWaitMs / 1_000)
    .optional()
    .openapi({ description: 'Seconds.' }),
  revision: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .openapi({ description: 'The one that was seen last; absent: the present one.' }),
})

/** So that an approver with nothing to see costs a bounded number of reads; the cursor goes on from there. */
const storePagesMax = 10
