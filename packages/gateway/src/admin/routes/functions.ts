import { createRoute } from '@hono/zod-openapi'
import type { FunctionDefinition } from '../../model/function.ts'
import type { Rulebook } from '../../model/rulebook.ts'
import { requireRole } from '../access.ts'
import type { FunctionDetail, FunctionSummary } from '../contract.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import type { AdminNeeds } from '../needs.ts'
import { type AdminApp, answers, filter, idParams, pageQuery } from '../openapi.ts'
import { Refused } from '../problem.ts'
import { functionDetail, functionSummary, page, sensitivity } from '../schema.ts'

const tags = ['Functions']

/** What is governed, as the rulebook in force describes it. */
export function functionRoutes(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/functions',
      tags,
      request: {
        query: pageQuery.extend({
          q: filter,
          connection: filter,
          sensitivity: sensitivity.optional(),
        }),
      },
      responses: answers(page(functionSummary), 'Functions by id.'),
    }),
    (c) => {
      requireRole(c, needs, 'auditor')
      const { limit, cursor, q, connection, sensitivity } = c.req.valid('query')
      const after = readIdCursor(cursor)
      const wanted = q?.toLowerCase()
      const found = rulebookOf(needs)
        .functions.filter((fn) => after === undefined || fn.id > after)
        .filter((fn) => connection === undefined || fn.connection === connection)
        .filter((fn) => sensitivity === undefined || fn.sensitivity === sensitivity)
        .filter(({ id, purpose, owner }) =>
          wanted === undefined ? true : `${id} ${purpose} ${owner}`.toLowerCase().includes(wanted),
        )
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      const rows = found.slice(0, limit)
      const last = found.length > limit ? rows.at(-1) : undefined
      return c.json(
        { data: rows.map(summaryOf), next_cursor: last ? writeCursor(last.id) : null },
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'get',
      path: '/functions/{id}',
      tags,
      request: { params: idParams },
      responses: answers(functionDetail, 'One function.'),
    }),
    (c) => {
      requireRole(c, needs, 'auditor')
      const { id } = c.req.valid('param')
      const rulebook = rulebookOf(needs)
      const fn = rulebook.functions.find((one) => one.id === id)
      if (!fn) throw new Refused('not-found')
      return c.json(detailOf(fn, rulebook), 200)
    },
  )
}

/** Refuses `rulebook-missing`. */
function rulebookOf({ rulebooks }: AdminNeeds): Rulebook {
  const current = rulebooks.loaded()
  if (!current) throw new Refused('rulebook-missing')
  return current.rulebook
}

function summaryOf(fn: FunctionDefinition): FunctionSummary {
  const { id, connection, purpose, owner, sensitivity, risk, http, digest } = fn
  const { method, path } = http
  return { id, connection, purpose, owner, sensitivity, risk, method, path, digest }
}

function detailOf(fn: FunctionDefinition, rulebook: Rulebook): FunctionDetail {
  const connection = rulebook.connections.find(({ id }) => id === fn.connection)
  const masks = (of: 'arguments' | 'result') =>
    (of === 'arguments' ? fn.argumentMasks : fn.resultMasks).map(({ id, path, strategy }) => ({
      id,
      path,
      how: strategy.kind,
      of,
    }))
  return {
    ...summaryOf(fn),
    idempotent: fn.idempotent,
    deferrable: fn.deferrable,
    payloads: fn.payloads,
    retention: fn.retention ?? 'standard',
    upstream: connection?.upstream ?? '',
    argument_schema: { ...fn.argumentSchema },
    result_schema: fn.resultSchema ? { ...fn.resultSchema } : null,
    masks: [...masks('arguments'), ...masks('result')],
  }
}
