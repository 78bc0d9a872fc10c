import { createRoute } from '@hono/zod-openapi'
import type { Decision } from '../../model/decision.ts'
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts'
import type { Party } from '../../model/principal.ts'
import { requireRole } from '../access.ts'
import type { Explain, Explained, RulebookCheck } from '../contract.ts'
import type { AdminNeeds, RulebookOutcome } from '../needs.ts'
import { type AdminApp, answers, jsonBody } from '../openapi.ts'
import { Refused } from '../problem.ts'
import { explain, explained, rulebookCheck, rulebookState } from '../schema.ts'

const tags = ['Rulebook']

/** The rules in force, the folder they are read from, and what they would say. */
export function rulebookRoutes(app: AdminApp, needs: AdminNeeds): void {
  const { rulebooks } = needs

  app.openapi(
    createRoute({
      method: 'get',
      path: '/rulebook',
      tags,
      responses: answers(rulebookState, 'The rulebook in force.'),
    }),
    (c) => {
      requireRole(c, needs, 'auditor')
      const current = rulebooks.loaded()
      if (!current) throw new Refused('rulebook-missing')
      const { digest, connections, functions, policies } = current.rulebook
      const grants = policies.filter(({ effect }) => effect === 'permit').length
      return c.json(
        {
          digest,
          since: new Date(current.since).toISOString(),
          connections: connections.length,
          functions: functions.length,
          grants,
          guardrails: policies.length - grants,
        },
        200,
      )
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/rulebook/check',
      tags,
      description:
        "Reads the gateway's configured folder and runs its policy tests; changes nothing.",
      responses: answers(
        rulebookCheck,
        'What the folder would be. Its problems are no failure of the check.',
      ),
    }),
    async (c) => {
      requireRole(c, needs, 'auditor')
      const before = rulebooks.loaded()?.rulebook.digest
      return c.json(checkOf(await rulebooks.check(), before), 200)
    },
  )

  app.openapi(
    createRoute({
      method: 'post',
      path: '/rulebook/apply',
      tags,
      description: "Puts the gateway's configured folder in force, whole or not at all.",
      responses: answers(rulebookCheck, 'In force.'),
    }),
    async (c) => {
      requireRole(c, needs, 'admin')
      const before = rulebooks.loaded()?.rulebook.digest
      const outcome = await rulebooks.activate(c.get('person').subject.id)
      if (outcome.problems.length > 0) {
        throw new Refused('rulebook-invalid', {
          errors: outcome.problems.slice(0, needs.limits.problemsListed).map((problem) => ({
            pointer: `${problem.file}:${problem.line}:${problem.column}`,
            detail: problem.hint ? `${problem.message} ${problem.hint}` : problem.message,
          })),
        })
      }
      return c.json(checkOf(outcome, before), 200)
    },
  )

  explainRoute(app, needs)
}

function explainRoute(app: AdminApp, needs: AdminNeeds): void {
  app.openapi(
    createRoute({
      method: 'post',
      path: '/policy/explain',
      tags,
      request: jsonBody(explain),
      description: 'What policy would say about a call. Nothing is called and nobody is asked.',
      responses: answers(explained, 'The decision and its reasons.'),
    }),
    (c) => {
      requireRole(c, needs, 'auditor')
      return c.json(explainCall(needs, c.req.valid('json')), 200)
    },
  )
}

function checkOf(outcome: RulebookOutcome, before: string | undefined): RulebookCheck {
  const { problems, warnings, digest, tests } = outcome
  return {
    valid: problems.length === 0,
    digest: digest ?? null,
    changed: digest !== undefined && digest !== before,
    errors: problems.map(problemOf),
    warnings: warnings.map(problemOf),
    tests: tests.map(({ file, name, passed, expected, got }) => ({
      file,
      name,
      passed,
      expected,
      got,
    })),
  }
}

function problemOf({
  file,
  line,
  column,
  message,
  hint,
}: RulebookOutcome['problems'][number]): RulebookCheck['errors'][number] {
  return { file, line, column, detail: message, ...(hint !== undefined && { hint }) }
}

function explainCall({ rulebooks, now }: AdminNeeds, asked: Explain): Explained {
  const current = rulebooks.loaded()
  if (!current) throw new Refused('rulebook-missing')
  if (!current.rulebook.functions.some(({ id }) => id === asked.call)) {
    throw new Refused('request-invalid', {
      errors: [{ pointer: '/call', detail: 'No such function.' }],
    })
  }
  const subject: Party = asked.as
  const decision = current.decide({
    parties: asked.actor ? [subject, asked.actor] : [subject],
    subject,
    functionId: asked.call,
    args: argumentsOf(asked.args),
    session: 'ses_explain',
    labels: asked.labels ?? [],
    time: asked.at === undefined ? now() : Date.parse(asked.at),
    source: { protocol: 'http', ip: '127.0.0.1' },
    approvedBy: asked.approved_by ?? [],
  })
  return { ...said(decision), rulebook: current.rulebook.digest }
}

function said(decision: Decision): Omit<Explained, 'rulebook'> {
  const grants = decision.effect === 'forbid' ? [] : decision.grants
  return {
    effect: decision.effect,
    reasons: decision.reasons.map(({ policy, effect, text }) => ({
      policy,
      effect,
      text: text ?? null,
    })),
    approver_groups: decision.effect === 'hold' ? [...decision.approverGroups] : [],
    grants: grants.map((one) => ({ party: one.party, grants: one.grants.map(({ id }) => id) })),
    errors: decision.effect === 'forbid' ? [...decision.errors] : [],
  }
}

/** What came out of a JSON parser is JSON; the schema only knows that it is an object. */
function argumentsOf(args: Record<string, unknown>): JsonObject {
  const value: Json = JSON.parse(JSON.stringify(args))
  return isJsonObject(value) ? value : {}
}
