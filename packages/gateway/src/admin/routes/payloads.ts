import { createRoute, z } from '@hono/zod-openapi'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { LeafRecord } from '@sallyport/evidence/record'
import { requirePayloadReader } from '../access.ts'
import type { PayloadRole } from '../contract.ts'
import { payloadRole } from '../evidence-schema.ts'
import type { AdminNeeds } from '../needs.ts'
import { type AdminApp, refusedAnswer } from '../openapi.ts'
import { Refused } from '../problem.ts'

/** Reading a payload in clear: a role of its own, and a record before the bytes leave. */
export function payloadRoutes(app: AdminApp, needs: AdminNeeds): void {
  const { store, now } = needs
  app.openapi(
    createRoute({
      method: 'get',
      path: '/records/{index}/payloads/{role}',
      tags: ['Evidence'],
      request: { params: recordParams.extend({ role: payloadRole }) },
      description:
        'The clear bytes of one payload. The reading is recorded (`payload.read`) before they leave.',
      responses: {
        200: {
          description: 'The bytes; their media type is in `sallyport-payload-type`.',
          content: { 'application/octet-stream': { schema: z.string() } },
        },
        default: refusedAnswer,
      },
    }),
    async (c) => {
      requirePayloadReader(c, needs)
      const { index: text, role } = c.req.valid('param')
      const index = Number(text)
      const committed = (await recordAt(needs, index))[role]
      if (!committed)
        throw new Refused('not-found', { detail: 'The record commits to no such payload.' })
      const bytes = await store.payload(index, role)
      if (!bytes) throw await notThere(needs, index, role)
      const time = new Date(now()).toISOString()
      const by = c.get('person').subject.id
      await store.commit({
        record: { type: 'payload.read', time, record: index, role, by },
        payloads: [],
      })
      return new Response(Buffer.from(bytes), {
        headers: {
          // What an upstream or a caller wrote must not run in whoever looks at it.
          'content-type': 'application/octet-stream',
          'content-disposition': `attachment; filename="${index}.${role}"`,
          'sallyport-payload-type': committed.mt,
        },
      })
    },
  )
}

type RecordParams = z.ZodObject<{ index: z.ZodString }>

export const recordParams: RecordParams = z.object({ index: z.string().regex(/^\d{1,15}$/) })

/** Refuses `not-found` when the log is not that long. */
export async function recordAt({ store }: AdminNeeds, index: number): Promise<LeafRecord> {
  const [leaf] = await store.leaves(index, 1)
  if (leaf?.index !== index) throw new Refused('not-found')
  return parseLeaf(leaf.bytes)
}

/** Why there is nothing to show of a payload that the record commits to. */
async function notThere({ store }: AdminNeeds, index: number, role: PayloadRole): Promise<Refused> {
  const gone = await store.payloadGone(index, role)
  if (!gone) {
    return new Refused('not-found', {
      detail: 'The rules keep only the commitment to this payload, not its bytes.',
    })
  }
  return new Refused('payload-gone', {
    detail: `It was ${gone.cause}: record ${gone.record} says by whom and why.`,
  })
}
