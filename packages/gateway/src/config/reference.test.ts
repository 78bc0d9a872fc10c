import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import { configJsonSchema } from './schema.ts'

const folder = join(import.meta.dirname, '../../../../docs/reference')
const schema: Json = JSON.parse(JSON.stringify(configJsonSchema()))

/** The checked-in file is what the schema says. `UPDATE=1` writes it anew. */
function check(name: string, text: string): void {
  const file = join(folder, name)
  if (process.env.UPDATE) writeFileSync(file, text)
  assert.equal(readFileSync(file, 'utf8'), text, `run UPDATE=1 node --test ${import.meta.filename}`)
}

test('schema/gateway.schema.json is current', () =>
  check('schema/gateway.schema.json', `${JSON.stringify(schema, null, 2)}\n`))

test('config.md tells of every key', () => check('config.md', page()))

function page(): string {
  return `# Configuration: gateway.yaml

Read once at start. What may change while the gateway runs (connections, functions, policies, masking) is the
[rulebook](rulebook.md). Every problem is listed at once, with line, column and what to write instead. Paths are relative to the
file. Durations are written \`60s\`, \`15m\`, \`24h\`.

Single values can be set from the environment: \`SALLYPORT_\` and the path in capitals, \`SALLYPORT_LISTEN_PORT\`,
\`SALLYPORT_APPROVALS_HOLD_MAX\`. Secrets are never in this file: the rulebook refers to them (\`{ env: NAME }\`, \`{ file: /path }\`).

For completion and checks in an editor, put this on the first line:
\`# yaml-language-server: $schema=docs/reference/schema/gateway.schema.json\`

| key | type | default | |
|---|---|---|---|
${rows(schema, '').join('\n')}

This page is written from the schema (\`packages/gateway/src/config/reference.test.ts\`).
`
}

function rows(node: Json | undefined, path: string): string[] {
  if (!isJsonObject(node)) return []
  const own = path === '' ? [] : [row(node, path)]
  if (isJsonObject(node.items)) return [...own, ...rows(node.items, `${path}[]`).slice(1)]
  const properties = isJsonObject(node.properties) ? node.properties : {}
  const below = Object.entries(properties).flatMap(([name, member]) =>
    rows(member, path === '' ? name : `${path}.${name}`),
  )
  const { additionalProperties: named } = node
  const byName =
    isJsonObject(named) && isJsonObject(named.properties) ? rows(named, `${path}.*`) : []
  return [...own, ...below, ...byName.slice(1)]
}

function row(node: JsonObject, path: string): string {
  const text = (value: Json | undefined) => (typeof value === 'string' ? value : '')
  const given = node.default === undefined || isJsonObject(node.default) ? '' : code(node.default)
  return `| \`${path}\` | ${typeOf(node)} | ${given} | ${text(node.description)} |`
}

function typeOf(node: JsonObject): string {
  if (Array.isArray(node.anyOf)) {
    const types = node.anyOf.map((one) => (isJsonObject(one) ? typeOf(one) : 'any'))
    return [...new Set(types)].join(' or ')
  }
  if (Array.isArray(node.enum)) return node.enum.map((one) => code(one)).join(' ')
  if (node.type === 'array' && isJsonObject(node.items)) return `list of ${typeOf(node.items)}`
  return typeof node.type === 'string' ? node.type : 'any'
}

function code(value: Json): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}
