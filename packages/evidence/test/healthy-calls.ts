import type { Party } from '../src/record.ts'
import { digestOf } from './healthy-rulebook.ts'
import type { Fields, LogBuilder, Payloads } from './log-builder.ts'

/** Appends a record under a name by which a test can change it; returns its index. */
export type Say = (name: string, fields: Fields, payloads?: Payloads) => number
export const refund = (amount: number): string =>
  `POST /crm/refunds\ncontent-type: application/json\n\n{"customer":"7","amount":${amount},"rate":1.25}`

export const getCustomer = 'GET /crm/customers/7?verbose=true\n\n'
export const result = '{"id":"7","ssn":"078-05-1120","name":"Ada"}'
export const returned = '{"id":"7","ssn":"[REDACTED:ssn]","name":"Ada"}'

export type SessionParty = Party & { readonly kind: string; readonly groups: readonly string[] }

export const parties: readonly SessionParty[] = [
  { iss: 'corp', sub: 'sam', kind: 'user', groups: ['support'] },
  { iss: 'corp', sub: 'bot', kind: 'agent', groups: ['support'] },
]

export type Called = {
  readonly name: string
  readonly rules: readonly string[]
  readonly masks: readonly string[]
}
/** Members that every call of the agent for the person has. */
type CallFields = { readonly decision: object; readonly [member: string]: unknown }

export function facts(log: LogBuilder, call: string, policy: string, called: Called): CallFields {
  const { name, rules } = called
  return {
    call,
    session: 'ses_1',
    caller: { iss: 'corp', sub: 'bot', authn: 'oidc', cred: 'sha256:0' },
    obo: [{ iss: 'corp', sub: 'sam' }],
    fn: { name, server: 'crm', schema: digestOf(name) },
    source: { ip: '::ffff:10.1.2.3', protocol: 'http' },
    decision: {
      effect: 'allow',
      obligations: called.masks.map((id) => `mask:${id}`),
      policy,
      rules,
      time: log.time,
    },
  }
}

export function claim(
  clearance: string,
  approval: string,
  {
    call,
    digest,
    use = 1,
  }: { readonly call: string; readonly digest: string; readonly use?: number },
): Fields {
  return { type: 'clearance.claimed', clearance, approval, call, digest, use }
}

export function outcome(call: string, intent: number, maskings: readonly object[] = []): Fields {
  const session = call === 'c10' ? 'ses_2' : 'ses_1'
  return {
    type: 'call.outcome',
    call,
    session,
    intent,
    ending: 'done',
    status: 200,
    masked: maskings,
  }
}
