import { createRoute, z } from '@hono/zod-openapi'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { LeafRecord } from '@sallyport/evidence/record'
import { Conflict } from '../../store/store.ts'
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
      request: { params: recordParams.extend({ role: payloadRole }), query: recordQuery },
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
      const committed = (await recordAt(needs, index, c.req.valid('query')))[role]
      if (!committed)
        throw new Refused('not-found', { detail: 'The record commits to no such payload.' })
      const bytes = await store.payload(index, role)
      if (!bytes) throw await notThere(needs, index, role)
      const time = new Date(now()).toISOString()
      const by = c.get('person').subject.id
      const record = { type: 'payload.read', time, record: index, role, by } as const
      const change = { kind: 'payload.read', record: index, role } as const
      await store.commit({ record, change, payloads: [] }).catch(async (thrown: unknown) => {
        // It was destroyed since it was found.
        throw thrown instanceof Conflict ? await notThere(needs, index, role) : thrown
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

type RecordQuery = z.ZodObject<{ origin: z.ZodOptional<z.ZodString> }>

/** Of which log, where whoever asks was told: `Sallyport-Record` names it before the index. */
export const recordQuery: RecordQuery = z.object({ origin: z.string().max(256).optional() })

/** Refuses `not-found` when the log is not that long, or is another one. */
export async function recordAt(
  { store, evidence }: AdminNeeds,
  index: number,
  { origin = evidence.origin }: z.infer<RecordQuery>,
): Promise<LeafRecord> {
  if (origin !== evidence.origin) {
    throw new Refused('not-found', { detail: 'The record is of another log than this gateway’s.' })
  }
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
