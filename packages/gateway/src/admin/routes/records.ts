import { createRoute, z } from '@hono/zod-openapi'
import { requireRole } from '../access.ts'
import type { AdminNeeds } from '../needs.ts'
import type { AdminApp } from '../openapi.ts'
import { Refused } from '../problem.ts'

/** The log itself. */
export function recordRoutes(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/records/{index}',
      tags: ['Records'],
      request: { params: z.object({ index: z.string().regex(/^\d{1,15}$/) }) },
      description: 'One leaf of the log, byte for byte: what its hash is computed over.',
      responses: {
        200: {
          description: 'Canonical JSON.',
          content: { 'application/json': { schema: z.record(z.string(), z.unknown()) } },
        },
        404: { description: 'The log is not that long.' },
      },
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const index = Number(c.req.valid('param').index)
      const [leaf] = await needs.store.leaves(index, 1)
      if (leaf?.index !== index) throw new Refused('not-found')
      return new Response(Buffer.from(leaf.bytes), {
        headers: { 'content-type': 'application/json' },
      })
    },
  )
}
