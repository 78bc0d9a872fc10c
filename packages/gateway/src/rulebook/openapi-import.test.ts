import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { readRulebook } from './load.ts'
import { describeOpenApi } from './openapi-description.ts'
import { importOpenApi } from './openapi-import.ts'

const connection = `id: api
protocol: http
upstream: https://api.example
prefix: /api
credential: none
`

function load(yaml: string) {
  return readRulebook({
    connections: [{ file: 'connections/api.yaml', text: connection }],
    functions: [{ file: 'functions/api.yaml', text: yaml }],
    policies: [],
    tests: [],
    masking: [],
    approvals: [],
    reviews: [],
    gitleaks: [],
  })
}

/** Imports, loads what was written, and shows each function as `id http [places]`. */
function check(
  document: unknown,
  expected: { readonly functions: readonly string[]; readonly warnings?: readonly string[] },
  include?: readonly string[],
): void {
  const options = { connection: 'api', owner: 'team-api', ...(include && { include }) }
  const { yaml, warnings } = importOpenApi(document, options)
  const read = load(yaml)
  assert.ok(!('problems' in read), JSON.stringify(read))
  const shown = read.rulebook.functions.map(({ id, http }) => {
    assert.ok(http)
    const places = Object.entries(http.places).map(([name, place]) => `${name}:${place}`)
    return `${id} ${http.method} ${http.path} ${http.body} ${places.join(' ')}`.trim()
  })
  assert.deepEqual(shown, expected.functions)
  assert.deepEqual(warnings, expected.warnings ?? [])
}

/** A help desk's API, OpenAPI 3.0 as JSON. */
const helpDesk = {
  openapi: '3.0.3',
  info: { title: 'Help desk', version: '2.1' },
  servers: [{ url: 'https://desk.example/v2' }],
  paths: {
    '/tickets': {
      get: {
        operationId: 'tickets/list',
        summary: 'List tickets',
        parameters: [
          { $ref: '#/components/parameters/Page' },
          { name: 'status', in: 'query', schema: { type: 'array', items: { type: 'string' } } },
          { name: 'filter', in: 'query', style: 'deepObject', schema: { type: 'object' } },
          { name: 'session', in: 'cookie', schema: { type: 'string' } },
          { name: 'Authorization', in: 'header', schema: { type: 'string' } },
          { name: 'X-Request-Reason', in: 'header', required: true, schema: { type: 'string' } },
        ],
        responses: {
          '200': {
            content: {
              'application/json': {
                schema: { type: 'array', items: { $ref: '#/components/schemas/Ticket' } },
              },
            },
          },
        },
      },
      post: {
        operationId: 'tickets/create',
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Ticket' } } },
        },
        responses: { '201': { $ref: '#/components/responses/Ticket' } },
      },
    },
    '/tickets/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
      get: { responses: { '200': { $ref: '#/components/responses/Ticket' } } },
      delete: { operationId: 'tickets/delete', responses: { '204': { description: 'gone' } } },
      trace: { responses: {} },
    },
    '/tickets/{id}/files': {
      post: {
        operationId: 'tickets/attach',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }],
        requestBody: { content: { 'multipart/form-data': { schema: { type: 'object' } } } },
        responses: {},
      },
    },
  },
  components: {
    parameters: { Page: { name: 'page', in: 'query', schema: { type: 'integer', minimum: 1 } } },
    responses: {
      Ticket: {
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Ticket' } } },
      },
    },
    schemas: {
      Ticket: {
        type: 'object',
        required: ['id', 'subject', 'requester'],
        properties: {
          id: { type: 'integer', readOnly: true },
          subject: { type: 'string', maxLength: 200, example: 'Printer on fire' },
          weight: { type: 'number', minimum: 0, exclusiveMinimum: true, nullable: true },
          requester: {
            type: 'object',
            required: ['email'],
            properties: {
              email: { type: 'string', format: 'email' },
              'api-key': { type: 'string', format: 'password' },
            },
          },
          parent: { $ref: '#/components/schemas/Ticket' },
        },
      },
    },
  },
}

/** A bank's API, OpenAPI 3.1 as YAML. */
const bank = `
openapi: 3.1.0
info: { title: Bank, version: '1' }
paths:
  /accounts/{iban}/transfers:
    parameters:
      - { name: iban, in: path, required: true, schema: { type: string, pattern: '^[A-Z0-9]+$' } }
    post:
      operationId: createTransfer
      summary: Order a transfer
      requestBody:
        required: true
        content:
          application/json:
            schema:
              allOf:
                - { $ref: '#/components/schemas/Money' }
                - type: object
                  required: [to]
                  properties:
                    to: { type: string, pattern: '^(?!DE).*$' }
                    memo: { type: [string, 'null'] }
      responses:
        '202': { description: accepted }
    put:
      operationId: clash
      requestBody:
        required: true
        content:
          application/json:
            schema: { type: object, required: [iban], properties: { iban: { type: string } } }
      responses: {}
  /login:
    post:
      operationId: login
      requestBody:
        required: true
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
              required: [user]
              properties: { user: { type: string }, pin: { type: string, format: password } }
      responses:
        '200': { content: { application/json: { schema: { properties: { token: { type: string } } } } } }
  /notes:
    put:
      operationId: replaceNotes
      requestBody:
        required: true
        content: { application/json: { schema: { type: array, items: { type: string } } } }
      responses: {}
    post:
      operationId: addNote
      requestBody: { content: { text/plain: { schema: { type: string } } } }
      responses: {}
  /far:
    get:
      operationId: far
      responses:
        '200': { content: { application/json: { schema: { $ref: 'https://elsewhere.example/s.json' } } } }
components:
  schemas:
    Money:
      type: object
      required: [amount, currency]
      properties:
        amount: { type: integer, exclusiveMinimum: 0 }
        currency: { enum: [EUR, USD] }
`

test('a help desk in OpenAPI 3.0', () => {
  check(helpDesk, {
    functions: [
      'api.get.tickets.id GET /tickets/{id} none id:path',
      'api.tickets.attach POST /tickets/{id}/files stream id:path',
      'api.tickets.create POST /tickets json subject:body weight:body requester:body parent:body',
      'api.tickets.delete DELETE /tickets/{id} none id:path',
      'api.tickets.list GET /tickets none page:query status:query X-Request-Reason:header',
    ],
    warnings: [
      'GET /tickets: the query parameter filter is left out: an object has no one form in a URL.',
      'GET /tickets: the cookie parameter session is left out: cookies never reach the upstream.',
      'GET /tickets, result, parent: #/components/schemas/Ticket contains itself; its inner use accepts anything.',
      'POST /tickets, parent: #/components/schemas/Ticket contains itself; its inner use accepts anything.',
      'POST /tickets, result, parent: #/components/schemas/Ticket contains itself; its inner use accepts anything.',
      'GET /tickets/{id}, result, parent: #/components/schemas/Ticket contains itself; its inner use accepts anything.',
      'POST /tickets/{id}/files: a body of type multipart/form-data is passed through; policy does not see it.',
    ],
  })
})

test('a bank in OpenAPI 3.1', () => {
  check(bank, {
    functions: [
      'api.addNote POST /notes text content:body',
      'api.createTransfer POST /accounts/{iban}/transfers json iban:path amount:body currency:body to:body memo:body',
      'api.far GET /far none',
      'api.login POST /login form user:body pin:body',
      'api.replaceNotes PUT /notes json content:body',
    ],
    warnings: [
      'POST /accounts/{iban}/transfers, to: a pattern needs backtracking and was left out.',
      'PUT /accounts/{iban}/transfers is left out: iban stands in the path and the body.',
      'GET /far, result: https://elsewhere.example/s.json leads out of the document or nowhere; anything is accepted.',
    ],
  })
})

test('only what is asked for', () => {
  check(bank, { functions: ['api.login POST /login form user:body pin:body'] }, ['login'])
})

test('what is sensitive by name or format is suggested for masking', () => {
  const read = load(importOpenApi(helpDesk, { connection: 'api', owner: 'o' }).yaml)
  assert.ok(!('problems' in read))
  const fn = read.rulebook.functions.find(({ id }) => id === 'api.tickets.list')
  assert.deepEqual(
    fn?.resultMasks.map(({ path }) => path),
    ['$[*].requester.email', "$[*].requester['api-key']"],
  )
  assert.equal(fn?.sensitivity, 'confidential')
})

test('schemas come out as JSON Schema 2020-12', () => {
  const read = load(importOpenApi(helpDesk, { connection: 'api', owner: 'o' }).yaml)
  assert.ok(!('problems' in read))
  const fn = read.rulebook.functions.find(({ id }) => id === 'api.tickets.create')
  assert.deepEqual(fn?.argumentSchema.properties, {
    subject: { type: 'string', maxLength: 200 },
    weight: { type: ['number', 'null'], exclusiveMinimum: 0 },
    requester: {
      type: 'object',
      required: ['email'],
      properties: {
        email: { type: 'string', format: 'email' },
        'api-key': { type: 'string', format: 'password' },
      },
    },
    parent: {},
  })
  assert.deepEqual(fn?.argumentSchema.required, ['requester', 'subject'])
})

const notOpenApi: readonly (readonly [string, unknown, string])[] = [
  ['nothing', undefined, 'The document holds no object.'],
  ['broken text', '{ a: *b', 'The document is neither JSON nor YAML, or too long.'],
  ['Swagger 2', { swagger: '2.0' }, 'The document does not say that it is OpenAPI 3.0 or 3.1.'],
]
for (const [name, document, expected] of notOpenApi) {
  test(name, () => {
    const { warnings } = importOpenApi(document, { connection: 'api', owner: 'o' })
    assert.ok(warnings.includes(expected))
  })
}

test('references that multiply are bounded', () => {
  const level = (index: number) => {
    const $ref = `#/components/schemas/L${index + 1}`
    return [`L${index}`, { type: 'object', properties: { a: { $ref }, b: { $ref }, c: { $ref } } }]
  }
  const schemas = Object.fromEntries(Array.from({ length: 20 }, (_, index) => level(index)))
  const schema = { $ref: '#/components/schemas/L0' }
  const responses = { '200': { content: { 'application/json': { schema } } } }
  const document = {
    openapi: '3.1.0',
    paths: { '/a': { get: { operationId: 'a', responses } } },
    components: { schemas },
  }
  const { yaml, warnings } = importOpenApi(document, { connection: 'api', owner: 'o' })
  assert.ok(!('problems' in load(yaml)))
  assert.ok(warnings.some((one) => one.includes('too large or deep')))
})

test('whatever a schema holds, the file loads', () => {
  const schema = fc.letrec((tie) => ({
    schema: fc.record(
      {
        type: fc.constantFrom('string', 'integer', 'object', 'array', 'text'),
        nullable: fc.boolean(),
        format: fc.constantFrom('email', 'password', 'uuid', 'decimal', 'int64'),
        pattern: fc.constantFrom('^a+$', '(?=a)', '['),
        minimum: fc.integer(),
        exclusiveMinimum: fc.oneof(fc.boolean(), fc.integer()),
        enum: fc.array(fc.jsonValue({ maxDepth: 1 }), { maxLength: 3 }),
        uniqueItems: fc.boolean(),
        items: fc.option(tie('schema'), { nil: {}, maxDepth: 2 }),
        properties: fc.dictionary(
          fc.constantFrom('id', 'in', 'required', 'type', 'a b', "d'q"),
          fc.option(tie('schema'), { nil: {}, maxDepth: 2 }),
          { maxKeys: 3 },
        ),
        required: fc.array(fc.constantFrom('id', 'in', 'type', 'zzz'), { maxLength: 3 }),
        allOf: fc.array(fc.option(tie('schema'), { nil: {}, maxDepth: 2 }), { maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
  })).schema
  fc.assert(
    fc.property(schema, schema, schema, (query, body, result) => {
      const json = (one: unknown) => ({ content: { 'application/json': { schema: one } } })
      const operation = {
        operationId: 'call',
        parameters: [{ name: 'q', in: 'query', schema: query }],
        requestBody: { required: true, ...json(body) },
        responses: { '200': json(result) },
      }
      const document = { openapi: '3.0.0', paths: { '/call/{id}': { post: operation } } }
      const read = load(importOpenApi(document, { connection: 'api', owner: 'o' }).yaml)
      assert.deepEqual('problems' in read ? read.problems : [], [])
    }),
    { numRuns: 60 },
  )
})

test('each function says what it was imported from, as a later look at the same document finds it', () => {
  const described = describeOpenApi(JSON.parse(JSON.stringify(helpDesk)))
  assert.ok('operations' in described)
  const digests = new Map(described.operations.map(({ operation, digest }) => [operation, digest]))
  // JSON or YAML, in whatever order: the same document.
  for (const document of [helpDesk, JSON.stringify(helpDesk), stringify(helpDesk)]) {
    const { yaml } = importOpenApi(document, { connection: 'api', owner: 'team-api' })
    const read = load(yaml)
    assert.ok(!('problems' in read))
    assert.ok(read.rulebook.functions.length > 0)
    for (const { http, source } of read.rulebook.functions) {
      assert.ok(http)
      assert.equal(source?.operation, `${http.method} ${http.path}`)
      assert.equal(source.digest, digests.get(source.operation))
    }
  }
})

test('an operation that is too long to compare is imported, and a warning says so', () => {
  const summary = 'x'.repeat(70_000)
  const document = { openapi: '3.1.0', paths: { '/a': { get: { operationId: 'a', summary } } } }
  const { yaml, warnings } = importOpenApi(document, { connection: 'api', owner: 'team-api' })
  assert.match(warnings.join(), /GET \/a is too long\. A change of it .* will not be noticed/)
  const read = load(yaml)
  assert.ok(!('problems' in read))
  assert.equal(read.rulebook.functions[0]?.source, undefined)
})
