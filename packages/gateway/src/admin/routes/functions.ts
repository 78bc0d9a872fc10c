import { createRoute, z } from '@hono/zod-openapi'
import type { FunctionDefinition } from '../../model/function.ts'
import type { Rulebook } from '../../model/rulebook.ts'
import { requireRole } from '../access.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import type { FunctionDetail, FunctionSummary } from '../function-contract.ts'
import { functionFor, mayAccept, rulebookOf, shownHold, unreadSource } from '../function-part.ts'
import { functionDetail, functionRisk, functionSummary, sensitivity } from '../function-schema.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import { type AdminApp, answers, filter, idParams, pageQuery } from '../openapi.ts'
import { page } from '../schema.ts'

const tags = ['Functions']

/** What is governed, as the rulebook in force describes it. */
export function functionRoutes(app: AdminApp, needs: AdminNeeds): void {
  listRoute(app, needs)
  app.openapi(
    createRoute({
      method: 'get',
      path: '/functions/{id}',
      tags,
      request: { params: idParams },
      responses: answers(functionDetail, 'One function; for its owner as well.'),
    }),
    (c) => {
      const { id } = c.req.valid('param')
      const { fn, rulebook } = functionFor(needs, c.get('person'), id)
      return c.json(detailOf(needs, c.get('person'), { fn, rulebook }), 200)
    },
  )
}

function listRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/functions',
      tags,
      request: {
        query: pageQuery.extend({
          q: filter,
          connection: filter,
          owner: filter,
          sensitivity: sensitivity.optional(),
          risk: functionRisk.optional(),
          held: z.enum(['true', 'false']).optional(),
        }),
      },
      responses: answers(page(functionSummary), 'Functions by id.'),
    }),
    (c) => {
      requireRole(c, needs, 'auditor')
      const { limit, cursor, q, connection, owner, sensitivity, risk, held } = c.req.valid('query')
      const after = readIdCursor(cursor)
      const wanted = q?.toLowerCase()
      const found = rulebookOf(needs)
        .functions.filter((fn) => after === undefined || fn.id > after)
        .filter((fn) => connection === undefined || fn.connection === connection)
        .filter((fn) => owner === undefined || fn.owner === owner)
        .filter((fn) => sensitivity === undefined || fn.sensitivity === sensitivity)
        .filter((fn) => risk === undefined || fn.risk === risk)
        .filter((fn) => held === undefined || (held === 'true') === (heldOf(needs, fn) !== null))
        .filter(({ id, purpose, owner }) =>
          wanted === undefined ? true : `${id} ${purpose} ${owner}`.toLowerCase().includes(wanted),
        )
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      const rows = found.slice(0, limit)
      const last = found.length > limit ? rows.at(-1) : undefined
      const data = rows.map((fn) => summaryOf(needs, fn))
      return c.json({ data, next_cursor: last ? writeCursor(last.id) : null }, 200)
    },
  )
}

function heldOf(needs: AdminNeeds, fn: FunctionDefinition): FunctionSummary['held'] {
  const hold = needs.catalogue.holdOf(fn.id)
  if (hold?.state === 'quarantined') return hold.why
  return unreadSource(needs, fn) ? 'unread' : null
}

function summaryOf(needs: AdminNeeds, fn: FunctionDefinition): FunctionSummary {
  const { id, connection, purpose, owner, sensitivity, risk, digest } = fn
  const described = { id, connection, purpose, owner, sensitivity, risk, digest }
  const held = heldOf(needs, fn)
  if (fn.http) {
    const { method, path } = fn.http
    return { ...described, protocol: 'http', method, path, held }
  }
  return { ...described, protocol: 'mcp', method: fn.mcp.method, path: fn.mcp.name, held }
}

function detailOf(
  needs: AdminNeeds,
  person: SignedInPerson,
  { fn, rulebook }: { readonly fn: FunctionDefinition; readonly rulebook: Rulebook },
): FunctionDetail {
  const connection = rulebook.connections.find(({ id }) => id === fn.connection)
  const masks = (of: 'arguments' | 'result') =>
    (of === 'arguments' ? fn.argumentMasks : fn.resultMasks).map(({ id, path, strategy }) => ({
      id,
      path,
      how: strategy.kind,
      of,
    }))
  const inForce = needs.rulebooks.loaded()?.inForce
  const hold = needs.catalogue.holdOf(fn.id)
  return {
    ...summaryOf(needs, fn),
    idempotent: fn.idempotent,
    deferrable: fn.deferrable,
    payloads: fn.payloads,
    retention: fn.retention ?? 'standard',
    upstream: connection?.upstream ?? '',
    argument_schema: { ...fn.argumentSchema },
    result_schema: fn.resultSchema ? { ...fn.resultSchema } : null,
    masks: [...masks('arguments'), ...masks('result')],
    owner_groups: [...(inForce?.ownerGroups(fn.owner) ?? [])],
    grants: (inForce?.grants ?? [])
      .filter(({ functions }) => functions.includes(fn.id))
      .map(({ id }) => id),
    source: fn.source ?? null,
    hold: hold ? shownHold(hold) : null,
    unread: unreadSource(needs, fn) ?? null,
    you: { may_accept: hold?.state === 'quarantined' && mayAccept(needs, person, fn) },
  }
}
