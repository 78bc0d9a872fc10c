import { createRoute } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { type AdminEnv, requirePayloadReader, requireRole } from '../access.ts'
import type { ExportPlan } from '../contract.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import { exportAsked, exportFile as exportFileShape, exportPlan } from '../evidence-schema.ts'
import { exportFile, exportFiles, type FilePosition } from '../export-file.ts'
import { type Export, planExport, sectionsOf } from '../export-plan.ts'
import type { AdminNeeds } from '../needs.ts'
import {
  type AdminApp,
  answers,
  createdAnswers,
  describeFiles,
  idParams,
  jsonBody,
  pageQuery,
} from '../openapi.ts'
import { Refused } from '../problem.ts'
import { page } from '../schema.ts'
import { fileAnswer } from './evidence.ts'

const tags = ['Evidence']

/** Taking evidence away: a plan, recorded before anything of it is given out, then its files one by one. */
export function exportRoutes(app: AdminApp, needs: AdminNeeds): void {
  const open = new Map<string, Export>()
  planRoute(app, needs, open)
  listRoute(app, needs, open)
  describeFiles(app, {
    path: '/exports/{id}/files/{path}',
    tag: 'Evidence',
    description: 'One file of an export, as it was when the export was planned.',
  })
  app.get('/exports/:id/files/:path{.+}', async (c) => {
    const plan = planOf(c, needs, open, c.req.param('id'))
    const bytes = await exportFile(needs, plan, c.req.param('path'))
    if (!bytes) throw new Refused('not-found')
    return fileAnswer(bytes)
  })
}

function planRoute(app: AdminApp, needs: AdminNeeds, open: Map<string, Export>): void {
  const { store, now, newId, limits } = needs
  app.openapi(
    createRoute({
      method: 'post',
      path: '/exports',
      tags,
      request: jsonBody(exportAsked),
      description:
        'Freezes what an export consists of, and records it (`evidence.exported`). With payloads it needs the role payload-reader.',
      responses: createdAnswers(exportPlan, 'Its files can be fetched now.'),
    }),
    async (c) => {
      const asked = c.req.valid('json')
      requireRole(c, needs, 'auditor')
      if (asked.payloads) requirePayloadReader(c, needs)
      const by = c.get('person').subject.id
      const plan = await planExport(needs, asked, { id: `exp_${newId()}`, by })
      const { scope, from, to, session, payloads } = plan
      await store.commit({
        record: {
          type: 'evidence.exported',
          time: new Date(now()).toISOString(),
          by,
          scope,
          from,
          to,
          payloads,
          ...(session !== undefined && { session }),
        },
        payloads: [],
      })
      const [oldest] = open.keys()
      if (open.size >= limits.exports && oldest !== undefined) open.delete(oldest)
      open.set(plan.id, plan)
      return c.json(shown(plan, limits.exportMs), 201)
    },
  )
}

function shown(plan: Export, exportMs: number): ExportPlan {
  const { id, scope, origin, size, state, waiting, from, to, session, payloads } = plan
  return {
    id,
    scope,
    origin,
    size,
    state,
    waiting,
    from,
    to,
    session: session ?? null,
    payloads,
    files: sectionsOf(plan).reduce((sum, { count }) => sum + count, 0),
    expires_at: new Date(plan.madeAt + exportMs).toISOString(),
  }
}

function listRoute(app: AdminApp, needs: AdminNeeds, open: ReadonlyMap<string, Export>): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/exports/{id}/files',
      tags,
      request: { params: idParams, query: pageQuery },
      responses: answers(page(exportFileShape), 'In an order that does not change.'),
    }),
    async (c) => {
      const plan = planOf(c, needs, open, c.req.valid('param').id)
      const { limit, cursor } = c.req.valid('query')
      const start = readPosition(cursor)
      const { files, next } = await exportFiles(needs, plan, { start, limit })
      return c.json({ data: [...files], next_cursor: next ? writePosition(next) : null }, 200)
    },
  )
}

/** Only for who made it, and only as long as they have the roles it needs. */
function planOf(
  c: Context<AdminEnv>,
  needs: AdminNeeds,
  open: ReadonlyMap<string, Export>,
  id: string,
): Export {
  requireRole(c, needs, 'auditor')
  const plan = open.get(id)
  const expired = plan && needs.now() >= plan.madeAt + needs.limits.exportMs
  if (!plan || expired || plan.by !== c.get('person').subject.id) throw new Refused('not-found')
  if (plan.payloads) requirePayloadReader(c, needs)
  return plan
}

function writePosition(position: FilePosition): string {
  return writeCursor('file' in position ? `file:${position.file}` : `record:${position.record}`)
}

function readPosition(cursor: string | undefined): FilePosition {
  if (cursor === undefined) return { file: 0 }
  const [, kind, number] = /^(file|record):(\d{1,15})$/.exec(readIdCursor(cursor) ?? '') ?? []
  if (number === undefined) throw new Refused('cursor-invalid')
  return kind === 'file' ? { file: Number(number) } : { record: Number(number) }
}
