import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask, json, openHouse } from '../../test/admin-house.ts'

const file = join(import.meta.dirname, '../../../../docs/reference/openapi.json')

test('docs/reference/openapi.json is what the API says of itself (UPDATE=1 writes it)', async (t) => {
  const house = await openHouse(t)
  const said = await json(await ask(house, '/openapi.json'))
  if (process.env.UPDATE === '1') await writeFile(file, `${JSON.stringify(said, null, 2)}\n`)
  const written: unknown = JSON.parse(await readFile(file, 'utf8'))
  assert.deepEqual(written, said)
})

test('the description names every path once and leaves none out', async (t) => {
  const said = await json(await ask(await openHouse(t), '/openapi.json'))
  assert.equal(said.openapi, '3.1.0')
  const operations = Object.entries(said.paths).flatMap(([path, methods]) =>
    Object.keys(Object(methods)).map((method) => `${method} ${path.replace('/api/v1', '')}`),
  )
  assert.deepEqual(operations.sort(), paths)
})

const paths: readonly string[] = [
  'delete /delegations/{id}',
  'delete /keys/{id}',
  'delete /principals/locks/{principal}',
  'delete /sign-in',
  'get /approvals',
  'get /approvals/events',
  'get /approvals/{id}',
  'get /break-glass',
  'get /break-glass/{id}',
  'get /calls',
  'get /calls/events',
  'get /calls/{id}',
  'get /clearances',
  'get /clearances/{id}',
  'get /delegations',
  'get /erasures',
  'get /evidence/checkpoint',
  'get /evidence/files/{path}',
  'get /evidence/trust',
  'get /exports/{id}/files',
  'get /exports/{id}/files/{path}',
  'get /functions',
  'get /functions/coverage',
  'get /functions/discovered',
  'get /functions/sources',
  'get /functions/{id}',
  'get /functions/{id}/diff',
  'get /grants',
  'get /grants/what-can/{id}',
  'get /grants/who-can/{id}',
  'get /grants/{id}',
  'get /keys',
  'get /notify/channels',
  'get /principals/locks',
  'get /records/{index}',
  'get /records/{index}/payloads/{role}',
  'get /records/{index}/proof',
  'get /reviews',
  'get /reviews/forecast',
  'get /reviews/{id}',
  'get /reviews/{id}/items',
  'get /reviews/{id}/items/{item}',
  'get /reviews/{id}/pack',
  'get /reviews/{id}/pack/{file}',
  'get /rulebook',
  'get /sessions',
  'get /sessions/{id}',
  'get /timed-grants',
  'get /timed-grants/{id}',
  'get /whoami',
  'post /approvals/{id}/approve',
  'post /approvals/{id}/counter',
  'post /approvals/{id}/deny',
  'post /approvals/{id}/withdraw',
  'post /break-glass',
  'post /break-glass/{id}/review',
  'post /clearances/{id}/revoke',
  'post /delegations',
  'post /erasures/{id}/approve',
  'post /evidence/rotate-key',
  'post /exports',
  'post /functions/{id}/accept',
  'post /grants/{id}/certify',
  'post /grants/{id}/exempt',
  'post /grants/{id}/extend',
  'post /grants/{id}/restore',
  'post /grants/{id}/revoke',
  'post /keys',
  'post /notify/channels/{name}/test',
  'post /policy/explain',
  'post /principals/locks',
  'post /records/{index}/erasures',
  'post /reviews',
  'post /reviews/{id}/bulk',
  'post /reviews/{id}/cancel',
  'post /reviews/{id}/close',
  'post /reviews/{id}/items/{item}/decide',
  'post /reviews/{id}/items/{item}/reassign',
  'post /reviews/{id}/remind',
  'post /rulebook/apply',
  'post /rulebook/check',
  'post /sign-in',
  'post /timed-grants',
  'post /timed-grants/{id}/give',
  'post /timed-grants/{id}/refuse',
  'post /timed-grants/{id}/revoke',
]
