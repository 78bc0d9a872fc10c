import { createRoute } from '@hono/zod-openapi'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { Leaves } from '../../store/store.ts'
import { requireRole } from '../access.ts'
import { isHead, listedCall } from '../call-summary.ts'
import { readIndexCursor, writeCursor } from '../cursor.ts'
import type { AdminNeeds } from '../needs.ts'
import { type AdminApp, answers, idParams, pageQuery } from '../openapi.ts'
import { Refused } from '../problem.ts'
import { page, sessionDetail, sessionListed } from '../schema.ts'
import { callsOf } from './calls.ts'

const tags = ['Sessions']

/** Conversations, and the calls of one in the order they began: what a replay walks through. */
export function sessionRoutes(app: AdminApp, needs: AdminNeeds): void {
  const { store } = needs
  app.openapi(
    createRoute({
      method: 'get',
      path: '/sessions',
      tags,
      request: { query: pageQuery },
      responses: answers(page(sessionListed), 'Newest activity first.'),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const { limit, cursor } = c.req.valid('query')
      const before = readIndexCursor(cursor)
      const rows = await store.sessions({ limit, ...(before !== undefined && { before }) })
      const last = rows.length === limit ? rows.at(-1) : undefined
      return c.json(
        {
          data: rows.map(({ id, caller, onBehalfOf, calls, labels, startedAt, lastAt }) => ({
            id,
            caller,
            on_behalf_of: onBehalfOf ?? null,
            calls,
            labels: [...labels],
            started_at: new Date(startedAt).toISOString(),
            last_at: new Date(lastAt).toISOString(),
          })),
          next_cursor: last ? writeCursor(last.lastIndex) : null,
        },
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/sessions/{id}',
      tags,
      request: { params: idParams, query: pageQuery },
      responses: answers(sessionDetail, 'The calls of one session, oldest first.'),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const { id } = c.req.valid('param')
      const { limit, cursor } = c.req.valid('query')
      const start = readIndexCursor(cursor)
      const { heads, next } = await headsOfSession(store, { id, start: start ?? 0, limit })
      if (heads.length === 0 && start === undefined) throw new Refused('not-found')
      const calls = await callsOf(store, heads)
      const next_cursor = next === undefined ? null : writeCursor(next)
      const labels = [...(await store.sessionLabels(id))]
      return c.json({ id, labels, data: calls.map(listedCall), next_cursor }, 200)
    },
  )
}

async function headsOfSession(
  store: Leaves,
  { id, start, limit }: { readonly id: string; readonly start: number; readonly limit: number },
): Promise<{
  readonly heads: readonly { readonly call: string }[]
  readonly next: number | undefined
}> {
  const heads: { readonly call: string }[] = []
  let next = start
  for (let batches = 0; batches < batchesMax; batches++) {
    const leaves = await store.leavesOfSession(id, next, batch)
    for (const { index, bytes } of leaves) {
      if (heads.length === limit) return { heads, next: index }
      const leaf = parseLeaf(bytes)
      if (isHead(leaf)) heads.push(leaf)
      next = index + 1
    }
    if (leaves.length < batch) return { heads, next: undefined }
  }
  return { heads, next }
}

/** A streamed call may have thousands of chunk records between two heads; the cursor goes on from there. */
const batch = 1000
const batchesMax = 20
