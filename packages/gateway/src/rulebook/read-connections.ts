import { readYaml } from '../config/yaml.ts'
import type { Connection, HttpConnection } from '../model/connection.ts'
import type { Problem } from '../model/rulebook.ts'
import { reachesInto } from './address.ts'
import { connectionForm } from './connection-form.ts'
import { prefixSegments, readHttpConnection, takenPath } from './connections.ts'
import { type Placed, placeName, problemAt } from './flaw.ts'
import type { RulebookFile } from './folder.ts'
import type { FunctionDraft } from './functions.ts'
import { readMcpConnection } from './mcp-connection.ts'

/** Reads connections/*.yaml, one connection a file. Ids and addresses are each given once. */
export function readConnections(
  files: readonly RulebookFile[],
  problems: Problem[],
): readonly Placed<Connection>[] {
  const placed: Placed<Connection>[] = []
  for (const { file, text } of files) {
    const { value, problems: found, positionOf } = readYaml(text, file, connectionForm)
    problems.push(...found)
    if (!value) continue
    const site = { file, positionOf }
    const { connection, flaws } =
      value.protocol === 'http' ? readHttpConnection(value) : readMcpConnection(value)
    problems.push(...flaws.map((flaw) => problemAt(site, flaw)))
    const one: Placed<Connection> = { value: connection, site, path: [] }
    for (const other of placed) problems.push(...clash(one, other))
    placed.push(one)
  }
  return placed
}

function clash(one: Placed<Connection>, other: Placed<Connection>): Problem[] {
  const problems: Problem[] = []
  if (one.value.id === other.value.id) {
    const message = `The connection \`${one.value.id}\` stands in ${placeName(other)} too.`
    problems.push(problemAt(one.site, { path: ['id'], message }))
  }
  if (one.value.protocol !== 'http' || other.value.protocol !== 'http') return problems
  const same =
    one.value.host === other.value.host &&
    prefixSegments(one.value).join('/') === prefixSegments(other.value).join('/')
  if (same) {
    const path = [one.value.prefix === undefined ? 'host' : 'prefix']
    const message = `Callers reach \`${other.value.id}\` under the same address.`
    const hint = 'Give one of them another prefix or host.'
    problems.push(problemAt(one.site, { path, message, hint }))
  }
  return problems
}

/**
 * Functions nobody can reach because somebody else takes their calls: the gateway itself, or a connection with a
 * longer prefix: with `/crm` and `/crm/v2`, a function `GET /v2/…` of the first.
 */
export function shadowedFunctions(
  connections: readonly Placed<Connection>[],
  functions: readonly Placed<FunctionDraft>[],
): Problem[] {
  const byId = new Map(connections.map(({ value }) => [value.id, value]))
  return functions.flatMap(({ value: draft, site, path }) => {
    const own = byId.get(draft.definition.connection)
    const { address } = draft
    if (own?.protocol !== 'http' || !address) return []
    const prefix = prefixSegments(own)
    // That the prefix is one of the gateway's own is said where it stands.
    if (takenPath(prefix) !== undefined) return []
    const literals = address.segments.map((one) => ('literal' in one ? one.literal : undefined))
    const taken = takenPath([...prefix, ...literals])
    if (taken !== undefined) {
      const message = `Paths below ${taken} are the gateway's own.`
      return [problemAt(site, { path: [...path, 'http'], message })]
    }
    return connections.flatMap(({ value: other }) => {
      const deeper = other.protocol === 'http' ? below(own, other) : undefined
      if (!deeper || !reachesInto(address, deeper)) return []
      const message = `\`${other.id}\` takes these calls: its prefix lies within this one's.`
      const hint = 'Move the function there, or change one of the prefixes.'
      return [problemAt(site, { path: [...path, 'http'], message, hint })]
    })
  })
}

/** What of the other's prefix lies below this one's, when the two share their host. */
function below(own: HttpConnection, other: HttpConnection): readonly string[] | undefined {
  if (own.id === other.id || own.host !== other.host) return undefined
  const [shorter, longer] = [prefixSegments(own), prefixSegments(other)]
  const nested = shorter.length < longer.length && shorter.every((one, at) => one === longer[at])
  return nested ? longer.slice(shorter.length) : undefined
}
