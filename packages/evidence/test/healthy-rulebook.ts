import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'

const canonicalize: (value: unknown) => string = createRequire(import.meta.url)('canonicalize')

const policy = (effect: string, id: string, scope: string, more: object = {}) => ({
  id,
  effect,
  text: `@ id ( "${id}" ) ${effect} ( ${scope} ;`,
  annotations: { id, ...more },
})

const anybody = 'principal , action , resource )'

/** Refunds above `limit` need the yes of finance, payouts that of the treasury. */
export function rulebook(limit: number): object {
  return {
    connections: [{ id: 'crm', protocol: 'http', upstream: 'https://crm.example', prefix: '/crm' }],
    functions: definitions,
    ...(limit > 100 && { approvals }),
    policies: [
      policy(
        'forbid',
        'large-refund',
        `principal , action == Action :: "crm.refund.create" , resource ) when { context . args . amount > ${limit} && context . args . rate . greaterThan ( decimal ( "1.0" ) ) && ! ( context has approval && context . approval . groups . contains ( "finance" ) ) }`,
        { approval: 'finance' },
      ),
      policy(
        'forbid',
        'payouts',
        `principal , action == Action :: "crm.payout.create" , resource ) unless { context has approval && context . approval . groups . contains ( "treasury" ) }`,
        { approval: 'treasury' },
      ),
      policy(
        'forbid',
        'no-secrets',
        `principal , action == Action :: "crm.customer.get" , resource ) when { context . args . id == "secret" }`,
      ),
      policy(
        'forbid',
        'no-outside',
        `${anybody} when { ! context . source . ip . isInRange ( ip ( "10.0.0.0/8" ) ) }`,
      ),
      policy(
        'permit',
        'support-read',
        `principal in Group :: "support" , action in Action :: "crm" , resource ) when { context . time > datetime ( "2026-01-01" ) && resource in Connection :: "crm" && ! ( action in [ Action :: "crm.refund.create" , Action :: "crm.payout.create" ] ) }`,
        { owner: 'team-crm' },
      ),
      policy(
        'permit',
        'support-refund',
        `principal in Group :: "support" , action == Action :: "crm.refund.create" , resource )`,
        { owner: 'finance' },
      ),
      policy(
        'permit',
        'support-payout',
        `principal in Group :: "support" , action == Action :: "crm.payout.create" , resource )`,
        { owner: 'treasury' },
      ),
    ],
  }
}

const ssn = { id: 'ssn', path: '$.ssn', strategy: { kind: 'redact', label: 'ssn' } }
const definitions = [
  definition('crm.customer.get', {
    http: {
      method: 'GET',
      path: '/customers/{id}',
      places: { id: 'path', verbose: 'query' },
      body: 'none',
    },
    argumentSchema: {
      type: 'object',
      properties: { id: { type: 'string' }, verbose: { type: 'boolean' } },
      required: ['id'],
    },
    resultMasks: [ssn],
  }),
  definition('crm.notes.list', {
    mcp: { method: 'tools/call', name: 'notes' },
    payloads: 'committed',
    detect: [
      {
        id: 'mail',
        entities: ['EMAIL_ADDRESS'],
        direction: ['result'],
        from: ['record'],
        confidence: 50,
        strategy: { kind: 'redact' },
        reveal: [{ groups: ['leads'], strategy: { kind: 'keep' } }],
      },
    ],
    source: { operation: 'GET /notes', digest: 'sha256:2' },
  }),
  definition('crm.elicitation', {
    mcp: { method: 'elicitation/create', name: '' },
    payloads: 'committed',
    detect: [
      {
        ...{ id: 'mail', entities: ['EMAIL_ADDRESS'], direction: ['result'], from: ['record'] },
        ...{ confidence: 50, strategy: { kind: 'redact' }, reveal: [] },
      },
    ],
  }),
  definition('crm.tickets.find', {
    ...{ mcp: { method: 'tools/call', name: 'tickets' }, resultMasks: [ssn] },
  }),
  definition('crm.ticket', {
    ...{ mcp: { method: 'resources/read', name: 'ticket://1' }, resultMasks: [ssn] },
  }),
  definition('crm.greeting', {
    ...{ mcp: { method: 'prompts/get', name: 'greeting' }, resultMasks: [ssn] },
  }),
  definition('crm.refund.create', {
    http: { method: 'POST', path: '/refunds', places: {}, body: 'json' },
    argumentSchema: {
      type: 'object',
      properties: {
        customer: { type: 'string' },
        amount: { type: 'integer' },
        rate: { type: ['number', 'null'], minimum: 0.5 },
      },
    },
    retention: 'short',
  }),
  definition('crm.note.send', {
    http: { method: 'POST', path: '/notes/{to}', places: {}, body: 'json' },
    argumentMasks: [
      {
        id: 'note',
        path: '$.note',
        strategy: { kind: 'redact', label: 'note' },
        from: ['upstream'],
      },
      { id: 'card', path: '$.cards[*]', strategy: { kind: 'drop' }, from: ['upstream'] },
    ],
    detect: [
      {
        ...{ id: 'mails', entities: ['EMAIL_ADDRESS'], direction: ['arguments'] },
        ...{ from: ['upstream'], paths: ['$.text'], confidence: 50 },
        ...{ strategy: { kind: 'redact' }, reveal: [] },
      },
    ],
  }),
  definition('crm.note.keep', {
    http: { method: 'POST', path: '/kept', places: {}, body: 'json' },
    argumentMasks: [
      {
        ...{ id: 'secret', path: '$.note', strategy: { kind: 'redact', label: 'note' } },
        from: ['upstream', 'record'],
      },
    ],
  }),
  definition('crm.note.part', {
    http: { method: 'POST', path: '/parted', places: {}, body: 'json' },
    argumentMasks: [
      {
        ...{ id: 'note', path: '$.note', strategy: { kind: 'redact', label: 'note' } },
        from: ['upstream'],
      },
      {
        ...{ id: 'secret', path: '$.secret', strategy: { kind: 'redact', label: 'secret' } },
        from: ['record'],
      },
    ],
  }),
  definition('crm.page', { mcp: { method: 'resources/read', name: 'page://{chapter}/{+name}' } }),
  definition('crm.file', {
    mcp: { method: 'resources/read', name: 'file:///{folder}/{+name}' },
    argumentMasks: [
      {
        ...{ id: 'note', path: '$.folder', strategy: { kind: 'redact', label: 'note' } },
        from: ['upstream'],
      },
    ],
  }),
  definition('crm.mailbox', {
    mcp: { method: 'resources/read', name: 'mail:///{box}/{name}' },
    detect: [
      {
        ...{ id: 'mails', entities: ['EMAIL_ADDRESS'], direction: ['arguments'] },
        ...{ from: ['upstream'], paths: ['$.uri'], confidence: 50 },
        ...{ strategy: { kind: 'redact' }, reveal: [] },
      },
    ],
  }),
  definition('crm.letter', {
    mcp: { method: 'resources/read', name: 'letter:///{to}/{note}/{n}' },
    argumentMasks: [
      {
        ...{ id: 'note', path: '$.note', strategy: { kind: 'redact', label: 'note' } },
        from: ['upstream'],
      },
    ],
    detect: [
      {
        ...{ id: 'mails', entities: ['EMAIL_ADDRESS'], direction: ['arguments'] },
        ...{ from: ['upstream'], paths: ['$.uri'], confidence: 50 },
        ...{ strategy: { kind: 'redact' }, reveal: [] },
      },
    ],
  }),
  definition('crm.ask', {
    mcp: { method: 'tools/call', name: 'ask' },
    argumentMasks: [
      {
        ...{ id: 'note', path: '$.note', strategy: { kind: 'redact', label: 'note' } },
        from: ['upstream'],
      },
    ],
  }),
  definition('crm.payout.create', {
    http: { method: 'POST', path: '/payouts', places: {}, body: 'json' },
    argumentSchema: { type: 'object', properties: { amount: { type: 'integer' } } },
  }),
]

const flow = { reasonChars: 0, notify: [], message: 'minimal', slackDecides: false }
const finance = { name: 'finance', groups: ['finance'], quorum: 1, escalation: [] }
/** Of the second rulebook only: the first says nothing about approvals. */
const approvals = {
  flows: {
    finance: {
      ...flow,
      group: 'finance',
      steps: [finance],
      offers: ['call', 'session'],
      usesMax: 3,
      forMsMax: 3_600_000,
    },
    treasury: {
      ...flow,
      group: 'treasury',
      steps: [
        {
          name: 'clerks',
          groups: ['clerks'],
          quorum: 1,
          escalation: [{ afterMs: 5000, groups: ['leads'] }],
        },
        { name: 'leads', groups: ['leads'], quorum: 2, escalation: [] },
      ],
      offers: ['call', 'window'],
      usesMax: 10,
      forMsMax: 3_600_000,
    },
  },
  groups: { leads: ['corp:lee', 'corp:joe', 'corp:ann', 'corp:lou'], reviewers: ['corp:dana'] },
  people: [
    { id: 'corp:sam', accounts: ['hub:sammy'], agents: ['corp:bot'] },
    { id: 'corp:lee', accounts: ['hub:lee9'], agents: ['corp:helper'] },
  ],
  breakGlass: {
    people: ['corp:sam', 'corp:lee'],
    functions: ['crm.*'],
    forMsMax: 1_800_000,
    acr: ['strong'],
    amr: ['otp'],
    signedInWithinMs: 300_000,
    reviewers: ['reviewers'],
    reviewWithinMs: 3_600_000,
    notify: ['pager'],
    usesPer30Days: 2,
  },
}

function definition(id: string, more: object) {
  const fn = {
    id,
    connection: 'crm',
    purpose: 'For tests',
    owner: 'team-crm',
    sensitivity: 'internal',
    risk: 'low',
    idempotent: true,
    deferrable: false,
    argumentSchema: {},
    argumentMasks: [],
    resultMasks: [],
    payloads: 'kept',
    ...more,
  }
  return { ...fn, digest: `sha256:${createHash('sha256').update(canonicalize(fn)).digest('hex')}` }
}

export function digestOf(name: string): string {
  return definitions.find(({ id }) => id === name)?.digest ?? ''
}
