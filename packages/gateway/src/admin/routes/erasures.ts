import { createRoute } from '@hono/zod-openapi'
import { type PayloadRole, payloadRoles } from '@sallyport/evidence/record'
import { isOnePerson } from '../../approval/closure.ts'
import { isPersonLocked } from '../../approval/eligibility.ts'
import { type ApprovalRules, noApprovalRules } from '../../model/approval-rules.ts'
import type { Erasure } from '../../model/erasure.ts'
import { requireRole } from '../access.ts'
import type { ErasureAsked, ErasureListed } from '../contract.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import { erasureAsked, erasureListed } from '../evidence-schema.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import {
  type AdminApp,
  answers,
  createdAnswers,
  idParams,
  jsonBody,
  pageQuery,
} from '../openapi.ts'
import { Refused } from '../problem.ts'
import { page } from '../schema.ts'
import { recordAt, recordParams, recordQuery } from './payloads.ts'

const tags = ['Evidence']

/** Payloads are destroyed when two people want it: one asks, another approves. The records stay. */
export function erasureRoutes(app: AdminApp, needs: AdminNeeds): void {
  requestRoute(app, needs)
  listRoute(app, needs)
  approveRoute(app, needs)
}

function requestRoute(app: AdminApp, needs: AdminNeeds): void {
  const { store, now, newId } = needs
  app.openapi(
    createRoute({
      method: 'post',
      path: '/records/{index}/erasures',
      tags,
      request: { params: recordParams, query: recordQuery, ...jsonBody(erasureAsked) },
      description: 'Asks for payloads of one record to be destroyed. Nothing is destroyed yet.',
      responses: createdAnswers(erasureListed, 'Asked. Another person has to approve it.'),
    }),
    async (c) => {
      requireRole(c, needs, 'admin')
      const record = Number(c.req.valid('param').index)
      const asked = c.req.valid('json')
      const leaf = await recordAt(needs, record, c.req.valid('query'))
      const person = c.get('person')
      refuseStandIn(needs, person)
      const requestedAt = now()
      const erasure: Erasure = {
        id: `era_${newId()}`,
        state: 'PENDING',
        record,
        callId: 'call' in leaf ? leaf.call : '',
        roles: await rolesToErase(needs, {
          record,
          asked,
          of: payloadRoles.filter((role) => leaf[role]),
        }),
        reason: asked.reason,
        requestedBy: person.subject.id,
        requestedAt,
      }
      const { id, roles, reason, requestedBy: by } = erasure
      const time = new Date(requestedAt).toISOString()
      // Conflict, when another one of this record is pending, is answered in app.ts.
      await store.commit({
        record: { type: 'erasure.requested', time, erasure: id, record, roles, reason, by },
        payloads: [],
        change: { kind: 'erasure.request', erasure },
      })
      return c.json(listed(needs, erasure, person), 201)
    },
  )
}

/** Those asked for, or all there are; each has to be one the record commits to and that is still there. */
async function rolesToErase(
  { store }: AdminNeeds,
  given: {
    readonly record: number
    readonly asked: ErasureAsked
    readonly of: readonly PayloadRole[]
  },
): Promise<readonly PayloadRole[]> {
  const { record, asked, of } = given
  const gone = await Promise.all(of.map((role) => store.payloadGone(record, role)))
  const there = of.filter((_, at) => gone[at] === undefined)
  const roles = asked.roles ? [...new Set(asked.roles)] : there
  const errors = roles
    .filter((role) => !there.includes(role))
    .map((role) => ({ pointer: '/roles', detail: `There is no ${role} of this record any more.` }))
  if (roles.length === 0) {
    throw new Refused('not-found', { detail: 'This record has no payload that could be erased.' })
  }
  if (errors.length > 0) throw new Refused('request-invalid', { errors })
  return payloadRoles.filter((role) => roles.includes(role))
}

function listRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/erasures',
      tags,
      request: { query: pageQuery },
      responses: answers(page(erasureListed), 'Newest first.'),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const { limit, cursor } = c.req.valid('query')
      const before = readIdCursor(cursor)
      const rows = await needs.store.erasures({ limit, ...(before !== undefined && { before }) })
      const last = rows.length === limit ? rows.at(-1) : undefined
      const data = rows.map((erasure) => listed(needs, erasure, c.get('person')))
      return c.json({ data, next_cursor: last ? writeCursor(last.id) : null }, 200)
    },
  )
}

function approveRoute(app: AdminApp, needs: AdminNeeds): void {
  const { store, now } = needs
  app.openapi(
    createRoute({
      method: 'post',
      path: '/erasures/{id}/approve',
      tags,
      request: { params: idParams },
      description:
        'Destroys the payloads, for good. Only for somebody else than who asked. Recorded with it (`payload.erased`).',
      responses: answers(erasureListed, 'Destroyed.'),
    }),
    async (c) => {
      requireRole(c, needs, 'admin')
      const { id } = c.req.valid('param')
      const person = c.get('person')
      const erasure = await store.erasure(id)
      if (!erasure) throw new Refused('not-found')
      refuseStandIn(needs, person)
      if (isOnePerson(erasure.requestedBy, person.subject.id, rulesOf(needs).people)) {
        throw new Refused('forbidden', {
          detail: 'Erasing needs two people: who asked for it cannot approve it.',
        })
      }
      const at = now()
      const by = person.subject.id
      const { record, roles, requestedBy, callId } = erasure
      const time = new Date(at).toISOString()
      // Conflict, when it was approved already, is answered in app.ts.
      await store.commit({
        record: { type: 'payload.erased', time, erasure: id, record, roles, requestedBy, by },
        payloads: [],
        change: { kind: 'erasure.approve', id, callId, by, at },
      })
      return c.json(
        listed(needs, { ...erasure, state: 'DONE', approvedBy: by, erasedAt: at }, person),
        200,
      )
    },
  )
}

/** As people the rulebook knows them; without one everybody is who they say. */
function rulesOf({ rulebooks }: Pick<AdminNeeds, 'rulebooks'>): ApprovalRules {
  return rulebooks.loaded()?.rulebook.approvals ?? noApprovalRules
}

/** No agent stands in for a person here, and no other account for one that is locked. */
function refuseStandIn(
  needs: Pick<AdminNeeds, 'rulebooks' | 'locks'>,
  { subject }: SignedInPerson,
): void {
  if (mayErase(needs, subject.id)) return
  throw new Refused('forbidden', { detail: 'Erasing is for people who are not locked.' })
}

function mayErase(needs: Pick<AdminNeeds, 'rulebooks' | 'locks'>, person: string): boolean {
  const rules = rulesOf(needs)
  const isAgent = rules.people.some(({ agents }) => agents.includes(person))
  return !isAgent && !isPersonLocked(person, { rules, isLocked: needs.locks.isLockedId })
}

function listed(
  needs: Pick<AdminNeeds, 'rulebooks' | 'locks'>,
  erasure: Erasure,
  { subject }: SignedInPerson,
): ErasureListed {
  const { requestedBy, approvedBy, erasedAt, state } = erasure
  const isOther = !isOnePerson(requestedBy, subject.id, rulesOf(needs).people)
  return {
    id: erasure.id,
    state,
    record: erasure.record,
    call: erasure.callId,
    roles: [...erasure.roles],
    reason: erasure.reason,
    requested_by: requestedBy,
    requested_at: new Date(erasure.requestedAt).toISOString(),
    approved_by: approvedBy ?? null,
    erased_at: erasedAt === undefined ? null : new Date(erasedAt).toISOString(),
    you: { may_approve: state === 'PENDING' && isOther && mayErase(needs, subject.id) },
  }
}
