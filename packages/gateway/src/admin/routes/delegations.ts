import { createRoute } from '@hono/zod-openapi'
import { type DelegationRefused, delegationsRefused } from '../../approval/delegation-request.ts'
import type { Delegation } from '../../model/delegation.ts'
import type { DelegationListed } from '../approval-contract.ts'
import { delegationAsked, delegationListed } from '../approval-schema.ts'
import { iso } from '../approval-shown.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import {
  type AdminApp,
  answers,
  createdAnswers,
  emptyAnswers,
  idParams,
  jsonBody,
} from '../openapi.ts'
import { isAdmin, seesAll } from '../part.ts'
import { Refused } from '../problem.ts'
import { page } from '../schema.ts'

const tags = ['Delegations']

/** Who votes for whom while they are away. */
export function delegationRoutes(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/delegations',
      tags,
      responses: answers(
        page(delegationListed),
        'Those that have not ended, newest first: all of them for administrators and auditors, for others those from and to them.',
      ),
    }),
    async (c) => {
      const person = c.get('person')
      const found = await needs.store.delegations({ at: needs.now() })
      const rows = found.filter((one) => isParty(person, one) || seesAll(needs, person))
      const data = rows.map((one) => listed(needs, person, one))
      return c.json({ data, next_cursor: null }, 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/delegations',
      tags,
      request: jsonBody(delegationAsked),
      description:
        'Somebody is away, and somebody else votes for them until then. They cannot pass it on. Made by whoever is away, or by an administrator.',
      responses: createdAnswers(delegationListed, 'It counts from now on.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { from, to, groups, until, reason } = c.req.valid('json')
      const isForOthers = from !== undefined && from !== person.subject.id
      if (isForOthers && !isAdmin(needs, person)) throw notDelegated('not-yours')
      const made = await needs.desk.delegate({
        person,
        to,
        untilMs: Date.parse(until),
        reason,
        ...(from !== undefined && { from }),
        ...(groups && { groups }),
      })
      if ('refused' in made) throw notDelegated(made.refused)
      return c.json(listed(needs, person, made.delegation), 201)
    },
  )
  app.openapi(
    createRoute({
      method: 'delete',
      path: '/delegations/{id}',
      tags,
      request: { params: idParams },
      responses: emptyAnswers('Ended: votes for them no longer count.'),
    }),
    async (c) => {
      const person = c.get('person')
      const { id } = c.req.valid('param')
      const ended = await needs.desk.endDelegation({ id, person, isAdmin: isAdmin(needs, person) })
      if ('refused' in ended) throw notDelegated(ended.refused)
      return c.body(null, 204)
    },
  )
}

function isParty({ subject }: SignedInPerson, { from, to }: Delegation): boolean {
  return subject.id === from || subject.id === to
}

function notDelegated(refused: DelegationRefused): Refused {
  if (refused === 'delegation-unknown') return new Refused('not-found')
  const isForbidden = refused === 'not-a-person' || refused === 'not-yours' || refused === 'locked'
  return new Refused(isForbidden ? 'forbidden' : 'delegation-refused', {
    detail: delegationsRefused[refused],
    errors: [{ pointer: '', detail: refused }],
  })
}

function listed(
  needs: AdminNeeds,
  person: SignedInPerson,
  { id, from, to, groups, reason, createdAt, until }: Delegation,
): DelegationListed {
  return {
    ...{ id, from, to, reason },
    groups: [...groups],
    created_at: iso(createdAt),
    until: iso(until),
    you: { may_end: from === person.subject.id || isAdmin(needs, person) },
  }
}
