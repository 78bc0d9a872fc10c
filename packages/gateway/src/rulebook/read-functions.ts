import { nearest } from '../config/schema-problem.ts'
import { readYaml } from '../config/yaml.ts'
import type { Connection } from '../model/connection.ts'
import type { Problem } from '../model/rulebook.ts'
import { areMistakable } from '../model/uri-template.ts'
import { ambiguous } from './address.ts'
import { type Placed, placeName, problemAt } from './flaw.ts'
import type { RulebookFile } from './folder.ts'
import { functionsForm } from './forms.ts'
import { type FunctionDraft, readFunction } from './functions.ts'

/**
 * Reads functions/*.yaml. Ids are given once, connections exist (asked only when all of them could be
 * read), no two paths can be mistaken.
 */
export function readFunctions(
  files: readonly RulebookFile[],
  from: { readonly connections: readonly Placed<Connection>[]; readonly complete: boolean },
  problems: Problem[],
): readonly Placed<FunctionDraft>[] {
  const known = new Map(from.connections.map(({ value }) => [value.id, value]))
  const placed = new Map<string, Placed<FunctionDraft>>()
  for (const { file, text } of files) {
    const { value, problems: found, positionOf } = readYaml(text, file, functionsForm)
    problems.push(...found)
    if (!value) continue
    const site = { file, positionOf }
    const connection = known.get(value.connection)
    if (!connection && from.complete) {
      problems.push(unknownConnection(value.connection, site, [...known.keys()]))
    }
    for (const [index, entry] of value.functions.entries()) {
      const path = ['functions', index]
      const { draft, flaws } = readFunction(entry, value.connection)
      problems.push(...flaws.map((flaw) => problemAt(site, flaw, path)))
      if (!draft) continue
      if (connection) {
        const taken = [...protocolFlaws(draft, connection), ...credentialFlaws(draft, connection)]
        const at = [draft.address ? 'http' : 'mcp']
        problems.push(...taken.map((message) => problemAt(site, { path: at, message }, path)))
      }
      const { id } = draft.definition
      const before = placed.get(id)
      if (before) {
        const message = `The function \`${id}\` stands in ${placeName(before)} too.`
        problems.push(problemAt(site, { path: ['name'], message }, path))
      } else placed.set(id, { value: draft, site, path })
    }
  }
  const functions = [...placed.values()]
  problems.push(...mistakable(functions))
  return functions
}

/** What is kept for a time nobody has defined would be kept for ever. */
export function unknownRetention(
  functions: readonly Placed<FunctionDraft>[],
  known: readonly string[],
): readonly Problem[] {
  return functions.flatMap(({ value, site, path }) => {
    const { retention } = value.definition
    if (retention === undefined || known.includes(retention)) return []
    const message = `There is no retention class \`${retention}\`.`
    const near = nearest(retention, known)
    const hint = near
      ? `Did you mean \`${near}\`?`
      : `Name it under \`retention\` in gateway.yaml. Known: ${known.join(', ')}.`
    return [problemAt(site, { path: ['retention'], message, hint }, path)]
  })
}

function unknownConnection(
  id: string,
  site: Parameters<typeof problemAt>[0],
  known: readonly string[],
): Problem {
  const near = nearest(id, known)
  const message = `There is no connection \`${id.slice(0, 64)}\`.`
  const hint = near
    ? `Did you mean \`${near}\`?`
    : `Known: ${known.join(', ') || 'none'}; others go into connections/.`
  return problemAt(site, { path: ['connection'], message, hint })
}

function protocolFlaws({ definition }: FunctionDraft, { id, protocol }: Connection): string[] {
  if ((definition.http ? 'http' : 'mcp') === protocol) return []
  return [`The connection \`${id}\` speaks ${protocol === 'mcp' ? 'MCP' : 'HTTP'}.`]
}

/** A caller must not be able to set what carries the gateway's credential. */
function credentialFlaws({ definition }: FunctionDraft, { credential }: Connection): string[] {
  if (credential.kind !== 'query' && credential.kind !== 'header') return []
  if (!definition.http) return []
  const { places } = definition.http
  const same = (name: string) =>
    credential.kind === 'query'
      ? name === credential.name
      : name.toLowerCase() === credential.name.toLowerCase()
  const taken = Object.entries(places).find(
    ([name, place]) => place === credential.kind && same(name),
  )
  if (taken) return [`The ${credential.kind} \`${taken[0]}\` carries the connection's credential.`]
  const { additionalProperties, unevaluatedProperties } = definition.argumentSchema
  const open = additionalProperties !== false && unevaluatedProperties !== false
  if (credential.kind !== 'query' || !open) return []
  return ['With a credential in the query, unknown arguments have to be refused.']
}

/** Functions that one request could mean both, told at each of them. */
function mistakable(functions: readonly Placed<FunctionDraft>[]): Problem[] {
  const groups = new Map<string, Placed<FunctionDraft>[]>()
  for (const one of functions) {
    const { definition, address, mcpAddress } = one.value
    const how = address
      ? `${address.method} ${address.segments.length}`
      : `${mcpAddress?.method} ${mcpAddress?.template ? '' : mcpAddress?.name}`
    const key = `${definition.connection} ${how}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  return [...groups.values()].flatMap((group) =>
    group.flatMap((one, index) =>
      group
        .slice(index + 1)
        .filter((other) => isSame(one.value, other.value))
        .flatMap((other) => [mistaken(one, other), mistaken(other, one)]),
    ),
  )
}

/** Of two in one group: of MCP tools and prompts that is one name. */
function isSame(one: FunctionDraft, other: FunctionDraft): boolean {
  if (one.address && other.address) return ambiguous(one.address, other.address)
  const [template, against] = [one.mcpAddress?.template, other.mcpAddress?.template]
  return template && against ? areMistakable(template, against) : true
}

function mistaken(one: Placed<FunctionDraft>, other: Placed<FunctionDraft>): Problem {
  const { id } = other.value.definition
  const isMcp = one.value.mcpAddress !== undefined
  return problemAt(one.site, {
    path: [...one.path, isMcp ? 'mcp' : 'http'],
    message: `The same request could be \`${id}\` (${placeName(other)}).`,
    hint: isMcp
      ? 'One request is one function: remove one of them.'
      : 'Change a literal segment, or give the same place the same {name} in both.',
  })
}
