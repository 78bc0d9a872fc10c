import { createRoute } from '@hono/zod-openapi'
import type { AcceptRefused } from '../../catalogue/accept.ts'
import { differencesOf } from '../../catalogue/difference.ts'
import type { FunctionDefinition } from '../../model/function.ts'
import type { FunctionHold } from '../../model/function-hold.ts'
import { isJsonObject, type Json } from '../../model/json.ts'
import { flagsOf } from '../../rulebook/description-flags.ts'
import { requireRole } from '../access.ts'
import { readIdCursor, writeCursor } from '../cursor.ts'
import type {
  FunctionCoverage,
  FunctionDetail,
  FunctionDiff,
  FunctionDiscovered,
} from '../function-contract.ts'
import { functionFor, mayAccept, shownHold, unreadSource } from '../function-part.ts'
import {
  acceptAsked,
  functionCoverage,
  functionDiff,
  functionDiscovered,
  functionSources,
} from '../function-schema.ts'
import type { AdminNeeds, SignedInPerson } from '../needs.ts'
import { type AdminApp, answers, filter, idParams, jsonBody, pageQuery } from '../openapi.ts'
import { seesAll } from '../part.ts'
import { Refused } from '../problem.ts'
import { page } from '../schema.ts'

const tags = ['Functions']

/** What upstreams say of themselves, compared with what is registered. Before `/functions/{id}`. */
export function functionHoldRoutes(app: AdminApp, needs: AdminNeeds): void {
  discoveredRoute(app, needs)
  sourcesRoute(app, needs)
  coverageRoute(app, needs)
  app.openapi(
    createRoute({
      method: 'get',
      path: '/functions/{id}/diff',
      tags,
      request: { params: idParams },
      responses: answers(
        functionDiff,
        'What it is described as now, compared; its upstream’s words.',
      ),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      return c.json(await diffOf(needs, c.get('person'), id), 200)
    },
  )
  app.openapi(
    createRoute({
      method: 'post',
      path: '/functions/{id}/accept',
      tags,
      request: { params: idParams, ...jsonBody(acceptAsked) },
      responses: answers(
        functionDiff,
        'Accepted as it was found: callable again, and held again by the next other description.',
      ),
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const { found, note } = c.req.valid('json')
      const person = c.get('person')
      const { fn } = functionFor(needs, person, id)
      if (!mayAccept(needs, person, fn)) {
        const detail =
          'Whoever stands behind its owner and is not locked accepts what it has become; being an administrator is not enough.'
        throw new Refused('forbidden', { detail })
      }
      const by = person.subject.id
      const accepted = await needs.catalogue.accept({ function: id, found: found ?? '', by, note })
      if ('refused' in accepted) throw new Refused('conflict', { detail: whyNot[accepted.refused] })
      return c.json(await diffOf(needs, person, id), 200)
    },
  )
}

const whyNot: Readonly<Record<AcceptRefused, string>> = {
  'not-held': 'It does not wait for anybody.',
  another: 'Its upstream describes it otherwise by now. Look again.',
  'not-shown': 'What was found was not read here. Look again once its upstream was read.',
  'not-registered': 'It is not in the rulebook. Import it, decide what is open, and apply.',
}

async function diffOf(
  needs: AdminNeeds,
  person: SignedInPerson,
  id: string,
): Promise<FunctionDiff> {
  const hold = await needs.store.functionHold(id)
  const isRegistered = needs.rulebooks.loaded()?.rulebook.functions.some((fn) => fn.id === id)
  const fn = isRegistered === true ? functionFor(needs, person, id).fn : undefined
  const unread = fn && unreadSource(needs, fn)
  if (!hold && unread) throw new Refused('conflict', { detail: unreadDetail(fn, unread) })
  if (!hold || (!fn && !seesAll(needs, person))) throw new Refused('not-found')
  const { registeredText, foundText } = hold
  const differences = differencesOf(registeredText, foundText, needs.limits)
  const isOpen = hold.state === 'quarantined'
  return {
    function: id,
    hold: shownHold(hold),
    registered_known: registeredText !== '' || hold.registered === '',
    differences: differences.map(({ at, before, after }) => ({
      at: [...at],
      before: before ?? null,
      after: after ?? null,
    })),
    flags: flagsIn(foundText),
    you: { may_accept: isOpen && fn !== undefined && mayAccept(needs, person, fn) },
  }
}

function unreadDetail(
  { connection }: Pick<FunctionDefinition, 'connection'>,
  { since, problem, list }: NonNullable<FunctionDetail['unread']>,
): string {
  const when = since === null ? '' : ` since ${since}`
  const why = problem === null ? '' : `: ${problem.replace(/\.$/, '')}`
  const what = list === null ? '' : `The list of ${list} of `
  const upstream = `${list === null ? 'The' : 'the'} upstream of connection ${connection}`
  return `${what}${upstream} could not be read${when}${why}. There is nothing to compare; calls are refused until it is read again, by itself.`
}

function flagsIn(foundText: string): FunctionDiff['flags'] {
  if (foundText === '') return []
  const found: Json = JSON.parse(foundText)
  return flagsOf(found).map(({ at, why }) => ({ at: [...at], why }))
}

function discoveredRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/functions/discovered',
      tags,
      request: { query: pageQuery.extend({ connection: filter }) },
      responses: answers(
        page(functionDiscovered),
        'Operations that upstreams describe and nobody has registered; none can be called.',
      ),
    }),
    (c) => {
      requireRole(c, needs, 'auditor')
      const { limit, cursor, connection } = c.req.valid('query')
      const after = readIdCursor(cursor)
      const found = needs.catalogue
        .holds()
        .filter(({ state, why }) => state === 'quarantined' && why === 'new')
        .filter((hold) => connection === undefined || hold.connection === connection)
        .filter((hold) => after === undefined || hold.function > after)
        .toSorted((a, b) => (a.function < b.function ? -1 : 1))
      const rows = found.slice(0, limit)
      const last = found.length > limit ? rows.at(-1) : undefined
      const next_cursor = last ? writeCursor(last.function) : null
      return c.json({ data: rows.map(discovered), next_cursor }, 200)
    },
  )
}

function discovered(hold: FunctionHold): FunctionDiscovered {
  const described: Json = hold.foundText === '' ? null : JSON.parse(hold.foundText)
  const operation = isJsonObject(described) ? described.operation : undefined
  return {
    id: hold.function,
    connection: hold.connection,
    operation: typeof operation === 'string' ? operation : '',
    found: hold.found,
    since: new Date(hold.since).toISOString(),
  }
}

function sourcesRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/functions/sources',
      tags,
      responses: answers(
        functionSources,
        'Where upstreams describe themselves, and how that goes.',
      ),
    }),
    (c) => {
      requireRole(c, needs, 'auditor')
      const data = needs.catalogue.sources().map((source) => ({
        connection: source.connection,
        kind: source.kind,
        address: source.address,
        every_ms: source.everyMs,
        read_at: source.readAt === undefined ? null : new Date(source.readAt).toISOString(),
        operations: source.operations ?? null,
        problem: source.problem ?? null,
        unread_since:
          source.problemAt === undefined ? null : new Date(source.problemAt).toISOString(),
        refused: source.isRefused,
        unread_lists: source.lists.map(({ list, problem, problemAt, isRefused }) => {
          return { list, problem, since: new Date(problemAt).toISOString(), refused: isRefused }
        }),
      }))
      return c.json({ data }, 200)
    },
  )
}

function coverageRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'get',
      path: '/functions/coverage',
      tags,
      responses: answers(functionCoverage, 'What nobody answers for, hides, uses or follows.'),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const coverage = await needs.catalogue.coverage()
      if (!coverage) throw new Refused('rulebook-missing')
      const shown: FunctionCoverage = {
        functions: coverage.functions,
        without_owner: [...coverage.withoutOwner],
        owner_unknown: [...coverage.ownerUnknown],
        without_masks: [...coverage.withoutMasks],
        never_called: [...coverage.neverCalled],
        one_caller: coverage.oneCaller.map(({ function: id, caller, isAgent, of }) => {
          return { function: id, caller, agent: isAgent, of }
        }),
        not_followed: [...coverage.notFollowed],
        held: [...coverage.held],
      }
      return c.json(shown, 200)
    },
  )
}
