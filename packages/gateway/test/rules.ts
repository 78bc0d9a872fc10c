import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A rulebook as files: path below the folder → text. */
export type RulebookFiles = Readonly<Record<string, string>>

const connection = (
  id: string,
  upstream: string,
  timeout: string,
  secret = 'UP_SECRET',
) => `id: ${id}
protocol: http
upstream: ${upstream}
prefix: /${id}
credential:
  bearer: { env: ${secret} }
forwardHeaders: [x-tenant]
timeout: ${timeout}
`

const functions = `connection: up
functions:
  - name: read
    purpose: Read something without secrets
    owner: team
    sensitivity: internal
    risk: low
    http: GET /read
    arguments:
      q: { type: string, maxLength: 100 }
  - name: write
    purpose: Write anything
    owner: team
    sensitivity: internal
    risk: low
    http: POST /write
    unknownArguments: allow
  - name: item
    purpose: Write one item
    owner: team
    sensitivity: internal
    risk: medium
    http: POST /items/{id}
    arguments:
      id: { type: string, pattern: '^[a-z0-9-]+$', maxLength: 20 }
      name: { type: string, required: true, maxLength: 200 }
      count: { type: integer, minimum: 1, maximum: 10 }
      tags: { type: array, items: { type: string }, maxItems: 3 }
      nested: { type: object }
  - name: erase
    purpose: Erase one item
    owner: team
    sensitivity: internal
    risk: critical
    http: DELETE /items/{id}
    arguments:
      id: { type: string, maxLength: 20 }
  - name: person
    purpose: Read one person
    owner: team
    sensitivity: restricted
    risk: medium
    http: GET /person
    mask:
      - { id: ssn, path: $.ssn, redact: SSN }
      - { id: rows, path: '$.rows[*].ssn', redact: SSN }
  - name: hush
    purpose: Take what must not be seen everywhere
    owner: team
    sensitivity: restricted
    risk: medium
    http: POST /hush
    arguments:
      open: { type: string, maxLength: 100 }
      pin: { type: string, maxLength: 100 }
      note: { type: string, maxLength: 100 }
      card: { type: string, maxLength: 100 }
    mask: none
    maskArguments:
      - { id: pin, path: $.pin, redact: PIN, from: [upstream] }
      - { id: note, path: $.note, redact: NOTE, from: [record] }
      - { id: card, path: $.card, redact: CARD, from: [upstream, record] }
  - name: seek
    purpose: Take what must not be seen from every place
    owner: team
    sensitivity: restricted
    risk: medium
    http: GET /seek/{id}
    unknownArguments: allow
    arguments:
      id: { type: string, maxLength: 40 }
      tag: { type: array, items: { type: string } }
      X-Pin: { type: string, in: header, maxLength: 40 }
    mask: none
    maskArguments:
      - { id: seek-id, path: $.id, redact: ID, from: [upstream, record] }
      - { id: seek-tag, path: '$.tag[1]', redact: TAG, from: [upstream, record] }
      - { id: seek-pin, path: "$['X-Pin']", redact: PIN, from: [upstream, record] }
      - { id: seek-note, path: $.note, redact: NOTE, from: [upstream, record] }
  - name: upload
    purpose: Take a body of any length
    owner: team
    sensitivity: internal
    risk: low
    http: PUT /upload
    body: stream
  - name: transfer
    purpose: Move money
    owner: team
    sensitivity: internal
    risk: high
    http: POST /transfers
    arguments:
      to: { type: string, required: true, maxLength: 64 }
      amount: { type: integer, required: true, minimum: 1 }
  - name: refund
    purpose: Move money back
    owner: team
    sensitivity: internal
    risk: high
    http: POST /refunds
    arguments:
      to: { type: string, required: true, maxLength: 64 }
      amount: { type: integer, required: true, minimum: 1 }
  - name: order
    purpose: Buy something, now or later
    owner: team
    sensitivity: internal
    risk: high
    deferrable: true
    http: POST /orders/{id}
    arguments:
      id: { type: string, maxLength: 40 }
      amount: { type: integer, required: true, minimum: 1 }
    mask:
      - { id: order-card, path: $.card, redact: CARD }
`

const oneRead = (id: string) => `connection: ${id}
functions:
  - name: read
    purpose: Read where nothing can be read
    owner: team
    sensitivity: internal
    risk: low
    http: GET /read
`

export const callersMayCall = `@id("callers-call")
@owner("team")
@reason("Callers call")
@review("90d")
permit (principal in Group::"callers", action in [Action::"up", Action::"dead", Action::"bare"], resource);
`

const guardrails = `@id("nobody-erases")
@reason("Nothing is erased by a call")
forbid (principal, action == Action::"up.erase", resource);

@id("large")
@reason("More than 1000 needs an approver")
@approval("approvers")
forbid (
  principal,
  action in [Action::"up.transfer", Action::"up.refund", Action::"up.order"],
  resource
)
when { context.args.amount > 1000 }
unless { context has approval && context.approval.groups.contains("approvers") };
`

/** The rulebook of these tests, for an upstream at this address and one where nobody listens. */
export function rulebook({
  up,
  dead,
  timeout = '1s',
}: {
  readonly up: string
  readonly dead: string
  readonly timeout?: string
}): RulebookFiles {
  return {
    'connections/up.yaml': connection('up', up, timeout),
    'connections/dead.yaml': connection('dead', dead, timeout),
    'connections/bare.yaml': connection('bare', up, timeout, 'SECRET_THAT_IS_NOT_SET'),
    'functions/up.yaml': functions,
    'functions/dead.yaml': oneRead('dead'),
    'functions/bare.yaml': oneRead('bare'),
    'policies/grants.cedar': callersMayCall,
    'policies/guardrails.cedar': guardrails,
  }
}

export function writeRulebook(folder: string, files: RulebookFiles): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}
