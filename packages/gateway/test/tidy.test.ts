import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { circlesOf } from './circles.ts'

/**
 * Which room may import which: the one written form of the architecture, explained in ARCHITECTURE.md.
 * Imports point down only, and rooms of one line never import each other. An entry that ends in `.ts`
 * allows that one file.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  policy: ['model'],
  mask: ['model'],
  'store/store.ts': [
    'model',
    'store/approvals.ts',
    'store/page.ts',
    'store/publication.ts',
    'store/reviews.ts',
  ],
  'store/approvals.ts': ['model', 'store/page.ts'],
  'store/reviews.ts': ['model', 'store/page.ts'],
  'store/page.ts': [],
  'store/publication.ts': [],
  'store/conformance.ts': [
    'model',
    'store/store.ts',
    'store/conformance-entries.ts',
    'store/conformance-approvals.ts',
    'store/conformance-calls.ts',
    'store/conformance-campaigns.ts',
    'store/conformance-custody.ts',
    'store/conformance-deferrals.ts',
    'store/conformance-bounds.ts',
    'store/conformance-grants.ts',
    'store/conformance-locks.ts',
    'store/conformance-outbox.ts',
    'store/conformance-publication.ts',
  ],
  'store/conformance-approvals.ts': ['model', 'store/store.ts', 'store/conformance-entries.ts'],
  'store/conformance-calls.ts': ['store/store.ts', 'store/conformance-entries.ts'],
  'store/conformance-campaigns.ts': [
    'model',
    'store/store.ts',
    'store/reviews.ts',
    'store/conformance-entries.ts',
  ],
  'store/conformance-deferrals.ts': ['model', 'store/store.ts', 'store/conformance-entries.ts'],
  'store/conformance-bounds.ts': [
    'model',
    'store/store.ts',
    'store/conformance-entries.ts',
    'store/conformance-grants.ts',
  ],
  'store/conformance-grants.ts': [
    'model',
    'store/store.ts',
    'store/reviews.ts',
    'store/conformance-entries.ts',
  ],
  'store/conformance-outbox.ts': ['model', 'store/store.ts', 'store/conformance-entries.ts'],
  'store/conformance-locks.ts': ['store/store.ts', 'store/conformance-entries.ts'],
  'store/conformance-publication.ts': ['model', 'store/store.ts', 'store/conformance-entries.ts'],
  'store/conformance-custody.ts': ['model', 'store/store.ts', 'store/conformance-entries.ts'],
  'store/conformance-entries.ts': ['model', 'store/store.ts'],
  config: ['model'],
  call: ['model', 'policy', 'mask'],
  'protocol/protocol.ts': ['model', 'call', 'config/limits.ts', 'protocol/door'],
  'protocol/door': ['model', 'call', 'config/limits.ts', 'protocol/protocol.ts'],
  'protocol/upstream-failure.ts': ['call'],
  'protocol/http': [
    'model',
    'call',
    'config/limits.ts',
    'protocol/protocol.ts',
    'protocol/upstream-failure.ts',
    'protocol/door',
  ],
  'protocol/mcp': [
    'model',
    'call',
    'config/limits.ts',
    'protocol/protocol.ts',
    'protocol/upstream-failure.ts',
    'protocol/door',
  ],
  identity: ['model', 'store/store.ts', 'call', 'config'],
  secret: ['model', 'store/store.ts', 'call', 'config'],
  vault: ['model', 'mask', 'call'],
  approval: ['model', 'store/store.ts', 'store/approvals.ts', 'call', 'config'],
  review: [
    'model',
    'approval',
    'store/store.ts',
    'store/approvals.ts',
    'store/reviews.ts',
    'call/gate.ts',
    'call/in-force.ts',
    'call/authorize.ts',
    'config/limits.ts',
  ],
  catalogue: [
    'model',
    'store/store.ts',
    'store/reviews.ts',
    'call/in-force.ts',
    'config/limits.ts',
  ],
  notify: ['model', 'store/store.ts', 'config'],
  recognise: ['mask'],
  rulebook: ['model', 'policy', 'mask', 'config', 'call'],
  log: ['model', 'store/store.ts', 'store/publication.ts', 'call', 'config/limits.ts'],
  'store/home': [
    'model',
    'store/store.ts',
    'store/publication.ts',
    'store/reviews.ts',
    'log/seal.ts',
  ],
  'store/sqlite': [
    'model',
    'store/store.ts',
    'store/approvals.ts',
    'store/reviews.ts',
    'store/publication.ts',
    'store/home',
    'store/conformance.ts',
    'log/seal.ts',
  ],
  'store/postgres': [
    'model',
    'store/store.ts',
    'store/approvals.ts',
    'store/reviews.ts',
    'store/publication.ts',
    'store/home',
    'log/seal.ts',
    'config/limits.ts',
  ],
  witness: ['config/limits.ts'],
  admin: [
    'model',
    'policy',
    'approval',
    'catalogue',
    'review',
    'rulebook',
    'store/store.ts',
    'store/approvals.ts',
    'store/reviews.ts',
    'call/refusal.ts',
    'call/in-force.ts',
    'config',
  ],
  'serve.ts': ['*'],
  'serve-approvals.ts': [
    'model',
    'approval',
    'notify',
    'rulebook',
    'secret',
    'identity',
    'store/store.ts',
    'config',
    'log',
  ],
  'serve-catalogue.ts': [
    'model',
    'catalogue',
    'config',
    'log',
    'protocol/door/json-body.ts',
    'rulebook',
    'store/store.ts',
  ],
  'serve-reviews.ts': [
    'model',
    'review',
    'config',
    'identity',
    'log',
    'rulebook',
    'store/store.ts',
  ],
  'serve-gate.ts': ['*'],
  'serve-door.ts': ['call', 'config', 'log/key-file.ts', 'protocol', 'serve-catalogue.ts'],
  'serve-upstreams.ts': [
    'call/stage.ts',
    'log/key-file.ts',
    'model',
    'protocol',
    'secret',
    'vault',
  ],
  'serve-delivery.ts': [
    'approval',
    'call',
    'config',
    'identity',
    'log',
    'model',
    'protocol',
    'store/store.ts',
  ],
  'serve-home.ts': ['config', 'log', 'rulebook/grants-seen.ts', 'store', 'serve-store.ts'],
  'serve-store.ts': ['config', 'log', 'secret', 'store'],
  cli: [
    'serve.ts',
    'config',
    'admin/contract.ts',
    'admin/approval-contract.ts',
    'admin/function-contract.ts',
    'admin/grant-contract.ts',
    'admin/review-contract.ts',
    'rulebook',
    'model',
    'policy',
    'identity/operator.ts',
    // An import asks a server what it lists, as the gateway does.
    'protocol/mcp/forward.ts',
    'witness',
    'serve-home.ts',
    'serve-store.ts',
  ],
}

/** Which package may be imported where. Each has its sentence in docs/decisions/0002-dependencies.md. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  '@cedar-policy/cedar-wasm': ['policy/cedar.ts'],
  '@hono/node-server': ['admin'],
  '@hono/zod-openapi': ['admin'],
  '@modelcontextprotocol/client': ['cli/demo'],
  '@modelcontextprotocol/node': ['cli/demo'],
  '@modelcontextprotocol/server': ['cli/demo'],
  '@sallyport/evidence': [
    'log',
    'store/store.ts',
    'store/home',
    'store/sqlite',
    'store/postgres',
    'store/conformance.ts',
    'store/conformance-entries.ts',
    'store/conformance-approvals.ts',
    'store/conformance-calls.ts',
    'store/conformance-campaigns.ts',
    'store/conformance-deferrals.ts',
    'store/conformance-grants.ts',
    'store/conformance-custody.ts',
    'store/conformance-locks.ts',
    'store/conformance-publication.ts',
    'rulebook',
    'admin',
    'cli',
    'approval',
    'catalogue',
    'witness',
    'review',
  ],
  ajv: ['rulebook'],
  'ajv-formats': ['rulebook'],
  commander: ['cli'],
  hono: ['admin'],
  jose: ['identity', 'cli/demo'],
  'libphonenumber-js': ['mask/detect/e164.ts'],
  nodemailer: ['notify'],
  'oidc-provider': ['cli/demo'],
  pg: ['store/postgres'],
  pino: [
    'serve.ts',
    'serve-approvals.ts',
    'serve-catalogue.ts',
    'serve-delivery.ts',
    'serve-gate.ts',
    'serve-reviews.ts',
    'cli',
  ],
  re2js: ['rulebook/linear-pattern.ts'],
  rrule: ['review'],
  'smol-toml': ['rulebook'],
  undici: ['protocol/http', 'protocol/mcp'],
  yaml: ['config', 'rulebook'],
  yazl: ['cli'],
  zod: ['config', 'recognise', 'rulebook'],
}

const linesMax = 400
const gateway = join(import.meta.dirname, '../src')
const evidence = join(import.meta.dirname, '../../evidence/src')
const importPattern = /^(?:import|export)[^'"]*?from '([^']+)'|\bimport\('([^']+)'\)/gm
const bannedName =
  /(?:^|[-/.])(?:utils?|helpers?|common|shared|managers?|data|info|misc|index)(?:[-/.]|$)/

const sources = (root: string) =>
  globSync('**/*.ts', { cwd: root }).filter((path) => !path.endsWith('.test.ts'))

/** The longest key of `table` that covers this path. */
function entryOf(table: Readonly<Record<string, unknown>>, path: string): string | undefined {
  const covers = (key: string) => path === key || path.startsWith(`${key}/`)
  return Object.keys(table)
    .filter(covers)
    .sort((a, b) => b.length - a.length)[0]
}

function untidy(path: string): string[] {
  const text = readFileSync(join(gateway, path), 'utf8')
  const room = entryOf(mayImport, path)
  if (room === undefined) return [`${path}: stands in no room of the table`]
  const found: string[] = []
  if (text.split('\n').length > linesMax) found.push(`${path}: over ${linesMax} lines`)
  if (bannedName.test(path)) found.push(`${path}: a name that says nothing`)
  for (const [, specifier = '', lazy = ''] of text.matchAll(importPattern)) {
    const problem = checkImport(path, room, specifier || lazy)
    if (problem) found.push(`${path}: ${problem}`)
  }
  return found
}

function checkImport(path: string, room: string, specifier: string): string | undefined {
  if (specifier.startsWith('node:')) return undefined
  if (!specifier.startsWith('.')) {
    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/')
    const rooms = mayUse[name] ?? []
    const allowed = rooms.some((one) => path === one || path.startsWith(`${one}/`))
    return allowed ? undefined : `${name} is not a package of this room`
  }
  const target = relative(gateway, join(gateway, dirname(path), specifier))
  if (entryOf(mayImport, target) === room) return undefined
  const allowed = mayImport[room] ?? []
  const fits = allowed.some((one) => one === '*' || target === one || target.startsWith(`${one}/`))
  return fits ? undefined : `${room} may not import ${target}`
}

test('rooms import only what the table allows', () => {
  assert.deepEqual(sources(gateway).flatMap(untidy), [])
})

/** By file, the files of the same package it imports. */
function importsIn(root: string): ReadonlyMap<string, readonly string[]> {
  return new Map(
    sources(root).map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      const named = [...text.matchAll(importPattern)].map(
        ([, from = '', lazy = '']) => from || lazy,
      )
      const near = named.filter((specifier) => specifier.startsWith('.'))
      return [path, near.map((one) => relative(root, join(root, dirname(path), one)))]
    }),
  )
}

test('a circle of imports is seen, and a fork that meets again is none', () => {
  const imports = { a: ['b'], b: ['c', 'd'], c: ['a'], d: ['e'], e: [], f: ['e', 'g'], g: ['e'] }
  assert.deepEqual(circlesOf(new Map(Object.entries(imports))), [['a', 'b', 'c']])
})

for (const root of [gateway, evidence]) {
  test(`no files of ${relative(join(gateway, '../..'), root)} import each other in a circle`, () => {
    assert.deepEqual(circlesOf(importsIn(root)), [])
  })
}

test('the pure rooms know no clock, no randomness and no network', () => {
  const impure = /\b(?:Date\.now|new Date\(\)|Math\.random|fetch\(|node:(?:net|http|https|fs))/
  const found = sources(gateway)
    .filter((path) => /^(?:model|policy|mask|call)\//.test(path))
    .filter((path) => impure.test(readFileSync(join(gateway, path), 'utf8')))
  assert.deepEqual(found, [])
})

test('each stage of a call is made in one file only', () => {
  const makers = new Map<string, string[]>()
  for (const path of sources(join(gateway, 'call'))) {
    if (path === 'stage.ts') continue
    const text = readFileSync(join(gateway, 'call', path), 'utf8')
    for (const [, stage = ''] of text.matchAll(/\bstage: '(\w+)'/g)) {
      makers.set(stage, [...new Set([...(makers.get(stage) ?? []), path])])
    }
  }
  assert.deepEqual(
    [...makers.values()].filter((paths) => paths.length > 1),
    [],
  )
  assert.equal(makers.size, 8)
})

test('the evidence package depends on nothing', () => {
  const outside = sources(evidence).flatMap((path) => {
    const text = readFileSync(join(evidence, path), 'utf8')
    return [...text.matchAll(importPattern)].flatMap(([, from = '']) =>
      // Its command runs in Node only; everything else runs in browsers as well.
      from.startsWith('.') || (path.startsWith('cli/') && from.startsWith('node:'))
        ? []
        : [`${path}: ${from}`],
    )
  })
  assert.deepEqual(outside, [])
})
