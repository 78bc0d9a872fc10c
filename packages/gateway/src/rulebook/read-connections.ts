import { readYaml } from '../config/yaml.ts'
import { type Connection, reservedSegment } from '../model/connection.ts'
import type { Problem } from '../model/rulebook.ts'
import { reachesInto } from './address.ts'
import { prefixSegments, readConnection } from './connections.ts'
import { type Placed, placeName, problemAt } from './flaw.ts'
import type { RulebookFile } from './folder.ts'
import { connectionForm } from './forms.ts'
import type { FunctionDraft } from './functions.ts'

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
    const { connection, flaws } = readConnection(value)
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
    if (!own) return []
    const [first] = [...prefixSegments(own), ...draft.address.segments]
    if (typeof first === 'object' && 'literal' in first && first.literal === reservedSegment) {
      const message = `Paths below /${reservedSegment} are the gateway's own.`
      return [problemAt(site, { path: [...path, 'http'], message })]
    }
    return connections.flatMap(({ value: other }) => {
      const deeper = below(own, other)
      if (!deeper || !reachesInto(draft.address, deeper)) return []
      const message = `\`${other.id}\` takes these calls: its prefix lies within this one's.`
      const hint = 'Move the function there, or change one of the prefixes.'
      return [problemAt(site, { path: [...path, 'http'], message, hint })]
    })
  })
}

/** What of the other's prefix lies below this one's, when the two share their host. */
function below(own: Connection, other: Connection): readonly string[] | undefined {
  if (own.id === other.id || own.host !== other.host) return undefined
  const [shorter, longer] = [prefixSegments(own), prefixSegments(other)]
  const nested = shorter.length < longer.length && shorter.every((one, at) => one === longer[at])
  return nested ? longer.slice(shorter.length) : undefined
}
