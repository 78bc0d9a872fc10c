import { compareArguments, type Hiding, hidesNothing } from './argument-changes.ts'
import type { Content, FunctionFacts } from './content.ts'
import { readHttpArguments } from './http-arguments.ts'
import type { JsonObject } from './json.ts'
import { type Recorded, readMcpArguments } from './mcp-arguments.ts'

/** The arguments in a recorded request as documents, in which the paths of masks begin. Empty for what cannot be read. */
export function readArgumentsOf(
  bytes: Uint8Array,
  fn: FunctionFacts,
  content: Content,
): readonly Recorded[] {
  if (fn.mcp) return readMcpArguments(bytes, fn.mcp)
  const { prefix } = content.connections.get(fn.connection) ?? {}
  const args = prefix === undefined ? undefined : readHttpArguments(bytes, { ...fn, prefix })
  return args ? [{ values: Object.fromEntries(args) }] : []
}

type Compared = ReturnType<typeof compareArguments>

/** As `compareArguments`, of the readings that go best together. */
export function compareRecorded(
  before: readonly Recorded[],
  after: readonly Recorded[],
  hiding: Hiding,
): Compared {
  const compared = before.flatMap((one) => {
    const alike = after.filter(
      ({ answers }) => (answers === undefined) === (one.answers === undefined),
    )
    return alike.map((other) => compareOne(one, other, hiding))
  })
  return best(compared) ?? { found: 'changed', left: new Set() }
}

function best(compared: readonly Compared[]): Compared | undefined {
  const order = ['same', 'unclear', 'changed']
  return compared.toSorted((a, b) => order.indexOf(a.found) - order.indexOf(b.found))[0]
}

function compareOne(before: Recorded, after: Recorded, hiding: Hiding): Compared {
  const values = before.names
    ? compareUris(before.values, after, hiding)
    : compareArguments(before.values, after.values, hiding)
  if (!before.answers || !after.answers) return values
  const answers = compareArguments(before.answers, after.answers, hiding)
  const found =
    values.found === 'same' || answers.found === 'changed' ? answers.found : values.found
  return { found, left: new Set([...values.left, ...answers.left]) }
}

/**
 * What is hidden in a part of a URI changes the URI with it, and the other way: the parts are all that its template
 * leaves open, so either tells the whole. People are shown both, and where something is hidden not in one spelling.
 */
function compareUris(
  before: JsonObject,
  { values: after, names }: Recorded,
  hiding: Hiding,
): Compared {
  if (hiding.isShown && hidesNothing(hiding)) return compareArguments(before, after, hiding)
  const { uri: whole, ...parts } = before
  const { uri, ...otherParts } = after
  const byParts = names && compareArguments(parts, otherParts, hiding)
  if (byParts && hiding.isShown) return byParts
  const byUri = compareArguments({ uri: whole }, { uri }, hiding)
  if (!byParts) return byUri
  const { found } = best([byParts, byUri]) ?? byUri
  return { found, left: new Set([...byParts.left, ...byUri.left]) }
}
