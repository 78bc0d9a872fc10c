import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readContent } from '../../evidence/src/verify/content.ts'
import { grantContent } from '../../evidence/src/verify/grant-content.ts'
import type { FunctionDefinition } from '../src/model/function.ts'
import type { PolicySource } from '../src/model/rulebook.ts'
import { rulebookContent } from '../src/rulebook/digest.ts'
import { grantsSeen } from '../src/rulebook/grants-seen.ts'

function fn(id: string, risk: FunctionDefinition['risk']): FunctionDefinition {
  return {
    ...{ id, connection: id.slice(0, id.indexOf('.')), purpose: 'For tests', owner: 'team' },
    ...{ sensitivity: 'internal', risk, idempotent: true, deferrable: false },
    ...{ argumentSchema: { type: 'object' }, argumentMasks: [], resultMasks: [] },
    http: { method: 'GET', path: `/${id}`, places: {}, body: 'none' },
    ...{ payloads: 'kept', digest: `sha256:of ${id}` },
  }
}

const functions = [fn('crm.get', 'low'), fn('crm.put', 'critical'), fn('erp.get', 'medium')]

/** The gateway and the verifier, which share no code for it, agree on what is certified of a permit. */
function check(scope: string, rest: string, tier: string): void {
  const policy: PolicySource = {
    ...{ id: 'g', effect: 'permit', annotations: { id: 'g', owner: 'team' }, file: '', line: 1 },
    text: `// a comment\n@id("g") @owner("team")\npermit (${scope})${rest};`,
  }
  const text = rulebookContent({ connections: [], functions, policies: [policy] })
  const content = readContent(Buffer.from(text)) ?? assert.fail()
  const [read] = content.policies
  const [seen] = grantsSeen(text)
  const found = grantContent(content, read ?? assert.fail())
  assert.deepEqual(found, { digest: seen?.content, tier })
}

const rows: readonly (readonly [scope: string, rest: string, tier: string])[] = [
  ['principal, action, resource', '', 'critical'],
  ['principal, action, resource,', '', 'critical'],
  ['principal == User::"corp:a,b", action == Action::"crm.get", resource', '', 'low'],
  ['principal in Group::"staff", action in Action::"crm", resource', '', 'critical'],
  ['principal in Group::"staff", action in Action::"erp.get", resource', '', 'medium'],
  ['principal is Agent, action in [Action::"crm.get", Action::"erp"], resource', '', 'medium'],
  ['principal is Agent in Group::"bots", action in [Action::"crm.get"], resource', '', 'low'],
  ['principal, action == Action::"crm", resource', '', 'low'],
  ['principal, action, resource == Function::"erp.get"', '', 'medium'],
  ['principal, action, resource in Connection::"crm"', '', 'critical'],
  ['principal, action, resource is Function', '', 'critical'],
  ['principal, action, resource is Function in Connection::"erp"', '', 'medium'],
  ['principal, action == Action::"crm.put", resource in Connection::"erp"', '', 'low'],
  [
    'principal, action, resource == Function::"crm.put"',
    ' when { context.args.x == "permit (principal, action, resource)" }',
    'critical',
  ],
  [
    'principal, action, resource == Function::"crm.get"',
    ' unless { resource == Function::"crm.put" }',
    'low',
  ],
]
for (const [scope, rest, tier] of rows) test(`${scope}${rest}`, () => check(scope, rest, tier))
