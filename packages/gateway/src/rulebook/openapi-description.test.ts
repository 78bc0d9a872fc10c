import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json, JsonObject } from '../model/json.ts'
import { describeOpenApi } from './openapi-description.ts'

const document = {
  openapi: '3.1.0',
  info: { title: 'CRM', version: '1' },
  servers: [{ url: 'https://crm.example' }],
  security: [{ key: [] }],
  paths: {
    '/customers/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: {
        operationId: 'customer.get',
        summary: 'One customer',
        parameters: [{ $ref: '#/components/parameters/Lang' }],
        responses: { 200: { $ref: '#/components/responses/Customer' } },
      },
    },
    '/health': { get: { operationId: 'health', responses: { 200: { description: 'up' } } } },
  },
  components: {
    parameters: { Lang: { name: 'lang', in: 'query', schema: { type: 'string' } } },
    responses: {
      Customer: {
        description: 'It',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Customer' } } },
      },
    },
    schemas: {
      Customer: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          parent: { $ref: '#/components/schemas/Customer' },
          pet: {
            oneOf: [{ $ref: '#/components/schemas/Cat' }],
            discriminator: { propertyName: 'kind', mapping: { dog: '#/components/schemas/Dog' } },
          },
        },
      },
      Cat: { type: 'object' },
      Dog: { type: 'object' },
      Unused: { type: 'object' },
    },
  },
} satisfies JsonObject

/** The digest of one operation after a change of the document. */
function digestOf(
  change: (it: typeof document) => void,
  operation = 'GET /customers/{id}',
): string {
  const copy = structuredClone(document)
  change(copy)
  const described = describeOpenApi(copy)
  assert.ok('operations' in described, JSON.stringify(described))
  return described.operations.find((one) => one.operation === operation)?.digest ?? 'gone'
}

const set = (path: readonly string[], value: Json | undefined) => (it: object) => {
  let node = it
  for (const step of path.slice(0, -1)) node = Reflect.get(node, step)
  const last = path.at(-1) ?? ''
  if (value === undefined) Reflect.deleteProperty(node, last)
  else Reflect.set(node, last, value)
}
const get = ['paths', '/customers/{id}', 'get']
const schemas = ['components', 'schemas']

const changes: Readonly<Record<string, { readonly change: (it: object) => void; same?: true }>> = {
  'a word of its summary': { change: set([...get, 'summary'], 'One customer.') },
  'a parameter of the path': {
    change: set(['paths', '/customers/{id}', 'parameters', '0', 'schema', 'maxLength'], 9),
  },
  'a parameter that it refers to': {
    change: set(['components', 'parameters', 'Lang', 'required'], true),
  },
  'a member of a schema two references away': {
    change: set([...schemas, 'Customer', 'properties', 'ssn'], { type: 'string' }),
  },
  'a schema that only a union refers to': { change: set([...schemas, 'Cat', 'title'], 'Cat') },
  'a schema that only a discriminator names': { change: set([...schemas, 'Dog', 'title'], 'Dog') },
  'who may call it, said once for all': { change: set(['security'], []) },
  'a reference that leads nowhere any more': { change: set([...schemas, 'Cat'], undefined) },
  'another operation': {
    change: set(['paths', '/health', 'get', 'summary'], 'Up?'),
    same: true,
  },
  'a schema that it does not refer to': {
    change: set([...schemas, 'Unused', 'title'], 'X'),
    same: true,
  },
  'what is said of the whole': { change: set(['info', 'version'], '2'), same: true },
  'where it says that it runs': { change: set(['servers'], []), same: true },
  'the order of members': {
    change: (it) => {
      const { get: operation } = document.paths['/customers/{id}']
      const turned = Object.fromEntries(Object.entries(operation).toReversed())
      set(get, turned)(it)
    },
    same: true,
  },
  'its name': { change: set([...get, 'operationId'], 'customer.read') },
  'its path': {
    change: (it) => {
      set(['paths', '/clients/{id}'], document.paths['/customers/{id}'])(it)
      set(['paths', '/customers/{id}'], undefined)(it)
    },
  },
}

test('a digest changes with all that is said of an operation, and with nothing else', async (t) => {
  const before = digestOf(() => {})
  for (const [name, { change, same }] of Object.entries(changes)) {
    await t.test(name, () => {
      assert.equal(digestOf(change) === before, same === true)
    })
  }
})

test('schemas too many to compare piece by piece are compared as a whole', () => {
  const large = set([...schemas, 'Cat', 'description'], 'x'.repeat(40_000))
  const before = digestOf(large)
  const unused = (it: object) => {
    large(it)
    set([...schemas, 'Unused', 'title'], 'X')(it)
  }
  assert.notEqual(digestOf(unused), before)
  assert.equal(
    digestOf(unused, 'GET /health'),
    digestOf(() => {}, 'GET /health'),
  )
})

const paths = (entries: Record<string, Json>) => ({ openapi: '3.0.0', paths: entries })
const many = (count: number, item: Json) =>
  paths(Object.fromEntries(Array.from({ length: count }, (_, at) => [`/p${at}`, item])))

/** Documents of which nothing is believed, and which are read in no time. */
const refused: Readonly<Record<string, Json>> = {
  'no object': [],
  'no OpenAPI': { swagger: '2.0', paths: {} },
  'OpenAPI of a version to come': { openapi: '4.0.0', paths: {} },
  'more operations than anybody has': many(5_001, { get: {} }),
  'one path item with many parameters, many times': {
    ...many(4_000, { $ref: '#/x' }),
    x: {
      get: {},
      parameters: Array.from({ length: 100 }, (_, at) => ({ name: `a${at}`, in: 'query' })),
    },
  },
  'one operation as long as a book': paths({ '/a': { get: { summary: 'x'.repeat(70_000) } } }),
  'a text that is no Unicode': paths({ '/a': { get: { summary: '\ud800' } } }),
  'a number without end': paths({ '/a': { get: { 'x-n': Number.POSITIVE_INFINITY } } }),
  'one long operation, many times': {
    ...many(5_000, { $ref: '#/x' }),
    x: { get: { summary: 'x'.repeat(60_000) } },
  },
}

test('what cannot be described exactly and whole is a problem', async (t) => {
  for (const [name, root] of Object.entries(refused)) {
    await t.test(name, () => {
      const described = describeOpenApi(root)
      assert.ok('problem' in described)
      assert.match(described.problem, /^[A-Z/].{8,300}$/)
    })
  }
})

test('references in a circle and out of the document end somewhere', () => {
  const described = describeOpenApi({
    ...paths({ '/a': { get: { a: { $ref: '#/x' }, b: { $ref: 'https://else.example/#/y' } } } }),
    x: { $ref: '#/y' },
    y: { $ref: '#/x' },
  })
  assert.ok('operations' in described)
  assert.deepEqual(JSON.parse(described.operations[0]?.text ?? '').references, {
    '#/x': { $ref: '#/y' },
    '#/y': { $ref: '#/x' },
    'https://else.example/#/y': null,
  })
})
