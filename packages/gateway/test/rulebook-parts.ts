import assert from 'node:assert/strict'
import type { InForce } from '../src/call/in-force.ts'
import { noApprovalRules } from '../src/model/approval-rules.ts'
import type { HttpConnection, McpConnection } from '../src/model/connection.ts'
import type { GrantUsed, PartyGrants } from '../src/model/decision.ts'
import type { DetectRule } from '../src/model/detection.ts'
import type { FunctionDescription, HttpFunction, McpFunction } from '../src/model/function.ts'
import type { GrantListed } from '../src/model/grant.ts'
import type { Party, Principal } from '../src/model/principal.ts'
import { defaultReviewRules } from '../src/model/review-rules.ts'
import type { Rulebook } from '../src/model/rulebook.ts'
import { sealRulebook, withDigest } from '../src/rulebook/digest.ts'

/**
 * Whole and valid parts of a rulebook, and of who calls: a test says what matters to it, and the compiler that the rest
 * is what the product knows. Digests are the product's own.
 */

export function userOf(id: string, groups: readonly string[] = []): Party {
  return { kind: 'user', id, groups }
}

/** A person who calls for themselves. */
export function principalOf(changes: Partial<Principal> = {}): Principal {
  return {
    subject: userOf('corp:sam', ['support']),
    actors: [],
    authentication: { method: 'oidc', issuer: 'corp', credential: 'sha256:0', expiresAt: 2000 },
    session: 'ses_1',
    ...changes,
  }
}

/** At a prefix that is its id. Nobody listens there. */
export function httpConnectionOf(changes: Partial<HttpConnection> = {}): HttpConnection {
  const { id = 'crm' } = changes
  return {
    ...{ id, protocol: 'http', upstream: 'http://127.0.0.1:1', prefix: `/${id}` },
    ...{ credential: { kind: 'none' }, forwardHeaders: [] },
    ...changes,
  }
}

/** Each principal has its own conversation with it, and it is asked what it offers before each call. */
export function mcpConnectionOf(changes: Partial<McpConnection> = {}): McpConnection {
  return {
    ...{ id: 'peer', protocol: 'mcp', upstream: 'http://127.0.0.1:1/mcp', shared: false },
    ...{ credential: { kind: 'none' }, definitionMaxAgeMs: 0, describedEveryMs: 3_600_000 },
    ...changes,
  }
}

/** It takes anything and hides nothing. Its connection is the one that its id begins with. */
export function httpFunctionOf(
  changes: Partial<Omit<HttpFunction, 'digest' | 'mcp'>> = {},
): HttpFunction {
  const fn = {
    ...describedOf(changes.id ?? 'crm.get'),
    http: { method: 'GET', path: '/', places: {}, body: 'none' },
    ...changes,
  } satisfies FunctionDescription
  return { ...fn, digest: withDigest(fn).digest }
}

/** A tool of the name that its id ends in, unless it is said what else it is. */
export function mcpFunctionOf(
  changes: Partial<Omit<McpFunction, 'digest' | 'http'>> = {},
): McpFunction {
  const { id = 'peer.echo' } = changes
  const fn = {
    ...describedOf(id),
    mcp: { method: 'tools/call', name: id.slice(id.indexOf('.') + 1) },
    ...changes,
  } satisfies FunctionDescription
  return { ...fn, digest: withDigest(fn).digest }
}

function describedOf(id: string): Omit<HttpFunction, 'digest' | 'http' | 'mcp'> {
  return {
    ...{ id, connection: id.slice(0, id.indexOf('.')), purpose: 'Does something', owner: 'team' },
    ...{ sensitivity: 'internal', risk: 'low', idempotent: true, deferrable: false },
    ...{ argumentSchema: {}, argumentMasks: [], resultMasks: [], payloads: 'kept' },
  }
}

/** Mail addresses in results are redacted. */
export function detectRuleOf(changes: Partial<DetectRule> = {}): DetectRule {
  return {
    ...{ id: 'mail', entities: ['EMAIL_ADDRESS'], direction: ['result'], from: ['record'] },
    ...{ confidence: 50, strategy: { kind: 'redact' }, reveal: [] },
    ...changes,
  }
}

/** A permit of `functions` to everybody. */
export function grantListedOf(changes: Partial<GrantListed> = {}): GrantListed {
  return {
    ...{ id: 'readers', functions: [], principal: { kind: 'any' }, conditions: [], tier: 'low' },
    ...{ content: 'sha256:content', shape: 'sha256:shape', file: 'policies/a.cedar', line: 1 },
    text: 'permit (principal, action, resource);',
    ...changes,
  }
}

/** What one party's call is allowed by. */
export function grantsOf(party: string, ...ids: readonly string[]): readonly PartyGrants[] {
  return [{ party, grants: ids.map((id): GrantUsed => ({ id })) }]
}

export function rulebookOf(content: Partial<Omit<Rulebook, 'digest'>> = {}): Rulebook {
  const { connections = [], functions = [], policies = [], ...rest } = content
  const { approvals, reviews, detection } = rest
  return sealRulebook({ connections, functions, policies, approvals, reviews, detection })
}

/**
 * The rules of such a rulebook. They find nothing wrong with arguments, hide nothing and know no duties; whom they permit
 * a test has to say. What it does not say is stated here and not compiled: that takes longer than most tests.
 */
export function inForceOf(
  content: Partial<Omit<Rulebook, 'digest'>> = {},
  answers: Partial<InForce> = {},
): InForce {
  const rulebook = rulebookOf(content)
  const { grants = [] } = answers
  return {
    rulebook,
    decide: () => assert.fail('policy was asked'),
    argumentProblems: () => [],
    argumentMasking: () => ({
      hidesFromUpstream: false,
      hidesFromRecord: false,
      apply: (values) => ({ values, findings: [] }),
      applyToBody: (body) => body,
    }),
    resultMasking: () => ({
      masker: () => ({ push: (chunk) => chunk, end: () => new Uint8Array(), findings: () => [] }),
    }),
    approvals: rulebook.approvals ?? noApprovalRules,
    fits: () => true,
    constraintProblem: () => undefined,
    reviews: rulebook.reviews ?? defaultReviewRules,
    grants,
    grant: (id) => grants.find((one) => one.id === id),
    ownerGroups: (owner) => [owner],
    ownerFlow: (owner) => owner,
    dutySides: () => [],
    dutyConflicts: () => [],
    ...answers,
  }
}

/** The same for who asks what is registered and who owns it: whoever asks about a call fails the test. */
export function uncalledRules(content: Partial<Omit<Rulebook, 'digest'>>): InForce {
  const nobody = () => assert.fail('nobody calls')
  return inForceOf(content, {
    ...{ decide: nobody, argumentMasking: nobody, resultMasking: nobody, fits: nobody },
    ...{ argumentProblems: nobody, constraintProblem: nobody, grant: nobody, dutySides: nobody },
    ...{ dutyConflicts: nobody, ownerFlow: nobody },
  })
}
