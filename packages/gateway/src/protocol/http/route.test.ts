import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Connection } from '../../model/connection.ts'
import type { FunctionDefinition } from '../../model/function.ts'
import type { Rulebook } from '../../model/rulebook.ts'
import { routeTable } from './route.ts'

function fnAt(connection: string, name: string, method: string, path: string): FunctionDefinition {
  return {
    id: `${connection}.${name}`,
    connection,
    purpose: '',
    owner: '',
    sensitivity: 'public',
    risk: 'low',
    idempotent: true,
    deferrable: false,
    http: { method, path, places: {}, body: 'none' },
    argumentSchema: {},
    argumentMasks: [],
    resultMasks: [],
    payloads: 'kept',
    digest: '',
  }
}

function connection(id: string, address: { prefix?: string; host?: string }): Connection {
  const rest = { credential: { kind: 'none' }, forwardHeaders: [] } as const
  return { id, protocol: 'http', upstream: 'http://u', ...rest, ...address }
}

const rulebook: Rulebook = {
  digest: '',
  connections: [
    connection('crm', { prefix: '/crm' }),
    connection('crm-v2', { prefix: '/crm/v2' }),
    connection('pay', { host: 'pay.example' }),
  ],
  functions: [
    fnAt('crm', 'list', 'GET', '/customers'),
    fnAt('crm', 'get', 'GET', '/customers/{id}'),
    fnAt('crm', 'me', 'GET', '/customers/me'),
    fnAt('crm', 'orders', 'GET', '/customers/{id}/orders/{order}'),
    fnAt('crm', 'export', 'GET', '/files/{name}.csv'),
    fnAt('crm', 'file', 'GET', '/files/{name}'),
    fnAt('crm', 'delete', 'DELETE', '/customers/{id}'),
    fnAt('crm-v2', 'get', 'GET', '/customers/{id}'),
    fnAt('pay', 'root', 'GET', '/'),
    fnAt('pay', 'pay', 'POST', '/transfers'),
  ],
  policies: [],
}

function check(request: string, expected: unknown): void {
  const [method = '', host = '', path = ''] = request.split(' ')
  const segments = path === '/' ? [] : path.slice(1).split('/')
  const found = routeTable(rulebook).find({ host, method, segments })
  assert.deepEqual(found && [found.fn.id, found.pathArgs], expected)
}

const cases: readonly (readonly [string, string, unknown])[] = [
  ['literal', 'GET gw /crm/customers', ['crm.list', {}]],
  ['captured', 'GET gw /crm/customers/c-1', ['crm.get', { id: 'c-1' }]],
  ['a literal wins over a capture', 'GET gw /crm/customers/me', ['crm.me', {}]],
  [
    'goes back when deeper does not fit',
    'GET gw /crm/customers/me/orders/1',
    ['crm.orders', { id: 'me', order: '1' }],
  ],
  ['method', 'DELETE gw /crm/customers/c-1', ['crm.delete', { id: 'c-1' }]],
  ['method is exact', 'delete gw /crm/customers/c-1', undefined],
  ['capture with text around it', 'GET gw /crm/files/a.csv', ['crm.export', { name: 'a' }]],
  ['capture without it', 'GET gw /crm/files/a.txt', ['crm.file', { name: 'a.txt' }]],
  ['an empty capture is none', 'GET gw /crm/customers/', undefined],
  ['the longest prefix', 'GET gw /crm/v2/customers/c-1', ['crm-v2.get', { id: 'c-1' }]],
  ['a prefix is whole segments', 'GET gw /crmx/customers', undefined],
  ['host of its own', 'POST pay.example /transfers', ['pay.pay', {}]],
  ['root of a host', 'GET pay.example /', ['pay.root', {}]],
  ['another host does not reach it', 'POST gw /transfers', undefined],
  ['unknown path', 'GET gw /crm/other', undefined],
  ['case matters', 'GET gw /crm/Customers', undefined],
]
for (const [name, request, expected] of cases) test(name, () => check(request, expected))

test('what a template captured fills it to the same path', () => {
  const segment = fc.stringMatching(/^[a-z0-9.-]{1,8}$/)
  fc.assert(
    fc.property(segment, segment, (id, order) => {
      const segments = ['crm', 'customers', id, 'orders', order]
      const found = routeTable(rulebook).find({ host: 'gw', method: 'GET', segments })
      assert.deepEqual(found?.pathArgs, { id, order })
      assert.equal(found?.fn.id, 'crm.orders')
    }),
  )
})
