import { createRoute } from '@hono/zod-openapi'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { CallSummary } from '../../model/call-summary.ts'
import type { Leaves } from '../../store/store.ts'
import { requireRole } from '../access.ts'
import { detailedCall, isEnding, isHead, listedCall, summarize } from '../call-summary.ts'
import type { CallEvent } from '../contract.ts'
import { readIndexCursor, writeCursor } from '../cursor.ts'
import type { EventStreams } from '../events.ts'
import type { AdminNeeds } from '../needs.ts'
import { type AdminApp, answers, describeEvents, filter, idParams, pageQuery } from '../openapi.ts'
import { Refused } from '../problem.ts'
import { proofState } from '../proof-state.ts'
import { callDetail, callListed, page } from '../schema.ts'

const tags = ['Calls']

/** Every call that the log holds: what was asked, what was decided, how it ended. */
export function callRoutes(app: AdminApp, needs: AdminNeeds, events: EventStreams): void {
  const { store } = needs
  app.openapi(
    createRoute({
      method: 'get',
      path: '/calls',
      tags,
      request: { query: pageQuery.extend({ function: filter, session: filter, caller: filter }) },
      responses: answers(page(callListed), 'Newest first.'),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const { limit, cursor, function: functionId, session, caller } = c.req.valid('query')
      const before = readIndexCursor(cursor)
      const heads = await store.callHeads({
        limit,
        ...(before !== undefined && { before }),
        ...(functionId !== undefined && { functionId }),
        ...(session !== undefined && { session }),
        ...(caller !== undefined && { caller }),
      })
      const calls = await callsOf(store, heads.map(({ bytes }) => parseLeaf(bytes)).filter(isHead))
      const last = heads.length === limit ? heads.at(-1) : undefined
      const next_cursor = last ? writeCursor(last.index) : null
      return c.json({ data: calls.map(listedCall), next_cursor }, 200)
    },
  )

  describeEvents(app, {
    path: '/calls/events',
    tag: 'Calls',
    description: 'Calls as they start and end.',
  })
  // Before `/calls/{id}`, which would match it too.
  app.get('/calls/events', (c) => {
    requireRole(c, needs, 'auditor')
    return events(c, async (leaf): Promise<CallEvent | undefined> => {
      if (!isHead(leaf) && !isEnding(leaf)) return undefined
      const summary = summarize(await store.leavesOfCall(leaf.call))
      const event = leaf.type === 'call.authorized' ? 'started' : 'ended'
      return summary && { event, call: listedCall(summary) }
    })
  })

  app.openapi(
    createRoute({
      method: 'get',
      path: '/calls/{id}',
      tags,
      request: { params: idParams },
      responses: answers(callDetail, 'One call with its records.'),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const leaves = await store.leavesOfCall(c.req.valid('param').id)
      const call = detailedCall(leaves, (index) => proofState(needs.evidence, index))
      if (!call) throw new Refused('not-found')
      return c.json(call, 200)
    },
  )
}

/** The calls that these leaves begin, in the same order. */
export async function callsOf(
  store: Leaves,
  heads: readonly { readonly call: string }[],
): Promise<readonly CallSummary[]> {
  const found = await Promise.all(
    heads.map(async ({ call }) => summarize(await store.leavesOfCall(call))),
  )
  return found.filter((call) => call !== undefined)
}
