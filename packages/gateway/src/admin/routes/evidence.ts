import { createRoute, z } from '@hono/zod-openapi'
import { EvidenceError, parseTilePath } from '@sallyport/evidence/log'
import { Conflict } from '../../store/store.ts'
import { requireRole } from '../access.ts'
import { logKeyRotated } from '../evidence-schema.ts'
import type { AdminNeeds } from '../needs.ts'
import { type AdminApp, answers, describeFiles, refusedAnswer, textAnswers } from '../openapi.ts'
import { Refused } from '../problem.ts'
import { recordAt, recordParams, recordQuery } from './payloads.ts'

const tags = ['Evidence']

/** The published log as anybody may check it: trust file, checkpoint, files, and a proof for each record. */
export function evidenceRoutes(app: AdminApp, needs: AdminNeeds): void {
  const { evidence } = needs
  app.openapi(
    createRoute({
      method: 'get',
      path: '/evidence/trust',
      tags,
      description: 'The trust file (c2sp.org/tlog-policy): all that an auditor has to rely on.',
      responses: textAnswers('A tlog-policy.'),
    }),
    (c) => {
      requireRole(c, needs, 'auditor')
      return c.text(evidence.trust(), 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'get',
      path: '/evidence/checkpoint',
      tags,
      description: 'The newest published checkpoint (c2sp.org/tlog-checkpoint).',
      responses: textAnswers('A signed note.'),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const checkpoint = await evidence.checkpoint()
      if (checkpoint === undefined) throw new Refused('not-found')
      return c.text(checkpoint, 200)
    },
  )
  filesRoute(app, needs)
  proofRoute(app, needs)
  rotateRoute(app, needs)
}

function filesRoute(app: AdminApp, needs: AdminNeeds): void {
  describeFiles(app, {
    path: '/evidence/files/{path}',
    tag: 'Evidence',
    description:
      'A file of the published log by its path below the log folder (c2sp.org/tlog-tiles): `checkpoint`, `tile/…`, `checkpoints/<size>`, `rulebooks/<digest>.json`.',
  })
  app.get('/evidence/files/:path{.+}', async (c) => {
    requireRole(c, needs, 'auditor')
    const path = c.req.param('path')
    if (!isLogPath(path)) throw new Refused('not-found')
    const bytes = await needs.evidence.file(path)
    if (!bytes) throw new Refused('not-found')
    return fileAnswer(bytes)
  })
}

/** Exactly the files a log has. Everything else in the folder, and every other way to name them, is not one. */
function isLogPath(path: string): boolean {
  if (path === 'checkpoint' || path === 'checkpoint.witnessed') return true
  if (/^checkpoints\/(?:0|[1-9]\d{0,15})$/.test(path)) return true
  if (/^rulebooks\/[0-9a-f]{64}\.json$/.test(path)) return true
  try {
    parseTilePath(path)
    return true
  } catch (thrown) {
    if (thrown instanceof EvidenceError) return false
    throw thrown
  }
}

export function fileAnswer(bytes: Uint8Array): Response {
  return new Response(Buffer.from(bytes), {
    headers: { 'content-type': 'application/octet-stream' },
  })
}

function proofRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/records/{index}/proof',
      tags,
      request: { params: recordParams, query: recordQuery },
      description:
        'A receipt (c2sp.org/tlog-proof@v1) with the record in it: verifies offline against the trust file.',
      responses: {
        200: {
          description: 'How far it has come is in `sallyport-proof`: `integrated` or `witnessed`.',
          content: { 'text/plain': { schema: z.string() } },
        },
        default: refusedAnswer,
      },
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const index = Number(c.req.valid('param').index)
      await recordAt(needs, index, c.req.valid('query'))
      const proof = await needs.evidence.proof(index)
      if (proof.state === 'durable') {
        throw new Refused('not-integrated', { headers: { 'retry-after': '1' } })
      }
      return c.text(proof.text, 200, { 'sallyport-proof': proof.state })
    },
  )
}

function rotateRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/evidence/rotate-key',
      tags,
      description:
        'Signs with a new key from now on, recorded as `key.rotated`; the old one signs too for a while. Give auditors the new trust file.',
      responses: answers(logKeyRotated, 'Rotated.'),
    }),
    async (c) => {
      requireRole(c, needs, 'admin')
      const { key } = await needs.evidence.rotate(c.get('person').subject.id).catch(tooSoon)
      return c.json({ key }, 200)
    },
  )
}

/** Why another rotation has to wait is nobody's secret. */
function tooSoon(thrown: unknown): never {
  if (thrown instanceof Conflict) throw new Refused('conflict', { detail: thrown.message })
  throw thrown
}
