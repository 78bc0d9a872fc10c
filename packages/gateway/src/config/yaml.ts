import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml'
import type { z } from 'zod'
import type { Json } from '../model/json.ts'
import type { Problem } from '../model/rulebook.ts'
import { limits } from './limits.ts'
import { type Path, schemaProblems } from './schema-problem.ts'

/** 1-based. */
export type Position = { readonly line: number; readonly column: number }

/** `value` is undefined exactly when `problems` is not empty. */
export type YamlReading<Value> = {
  readonly value: Value | undefined
  readonly problems: readonly Problem[]
  /**
   * Where the member or element at this path stands: its key, or the element itself. A path that is
   * not in the file gives the nearest place above it.
   */
  readonly positionOf: (path: Path) => Position
}

/**
 * Reads one YAML 1.2 file against a schema and lists everything wrong with it at once. What could be
 * read in two ways is refused: duplicate keys, more than one document, unknown tags, numbers that
 * would be rounded. Size, depth and aliases are bounded. Never throws; messages hold no values.
 */
export function readYaml<Value>(
  text: string,
  file: string,
  schema: z.ZodType<Value>,
  /** Changes what was read before it is checked, e.g. by overrides. An empty file is an empty mapping. */
  adjust: (raw: Json) => Json = (raw) => raw,
): YamlReading<Value> {
  const start: Position = { line: 1, column: 1 }
  const failed = (message: string): YamlReading<Value> => ({
    value: undefined,
    problems: [{ file, line: 0, column: 0, message }],
    positionOf: () => start,
  })
  if (Buffer.byteLength(text) > limits.yamlBytes) {
    return failed(`The file is longer than ${limits.yamlBytes} bytes.`)
  }
  const lines = new LineCounter()
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      version: '1.2',
      schema: 'core',
      merge: false,
      // Its own check compares every pair of keys; ours is linear.
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'error',
    })
    const positionOf = (path: Path) => positionIn(document, lines, path)
    const problems = [
      ...syntaxProblems(document, lines, file),
      ...contentProblems(document, lines, file),
    ].slice(0, limits.problemsListed)
    if (problems.length > 0) return { value: undefined, problems, positionOf }
    // The core schema knows JSON's kinds of values only, and keys that are no text were refused.
    const raw: Json = document.toJS({ maxAliasCount: limits.yamlAliases })
    return check(adjust(raw ?? {}), { file, schema, positionOf })
  } catch (thrown) {
    // RangeError: nested beyond the limit, or beyond the parser's stack. ReferenceError: aliases.
    if (thrown instanceof RangeError) {
      return failed(`The file nests deeper than ${limits.yamlDepth} levels.`)
    }
    if (thrown instanceof ReferenceError) {
      return failed(`The file follows aliases more than ${limits.yamlAliases} times.`)
    }
    return failed('The file could not be read as YAML.')
  }
}

function check<Value>(
  raw: Json,
  at: {
    readonly file: string
    readonly schema: z.ZodType<Value>
    readonly positionOf: (path: Path) => Position
  },
): YamlReading<Value> {
  const { file, schema, positionOf } = at
  const parsed = schema.safeParse(raw, { reportInput: false })
  if (parsed.success) return { value: parsed.data, problems: [], positionOf }
  const problems = schemaProblems(parsed.error, { schema, raw }).map(({ path, message, hint }) => ({
    file,
    ...positionOf(path),
    message,
    ...(hint === undefined ? {} : { hint }),
  }))
  return { value: undefined, problems: problems.slice(0, limits.problemsListed), positionOf }
}

function syntaxProblems(document: Document, lines: LineCounter, file: string): Problem[] {
  return [...document.errors, ...document.warnings].map((error) => {
    const { line, col } = lines.linePos(error.pos[0])
    // The parser's messages may quote the source, which may hold a secret: only the kind is shown.
    return { file, line, column: col, message: syntaxMessages[error.code] ?? unreadable }
  })
}

const unreadable = 'This is not valid YAML.'
const syntaxMessages: Readonly<Record<string, string>> = {
  BAD_INDENT: 'The indentation does not fit its surroundings.',
  TAB_AS_INDENT: 'Indentation must be spaces, not tabs.',
  BLOCK_AS_IMPLICIT_KEY: 'A nested value has to start on its own line, or be quoted.',
  MISSING_CHAR: 'A closing character, a comma or a colon is missing.',
  MULTILINE_IMPLICIT_KEY: 'A key has to stand on one line.',
  MULTIPLE_DOCS: 'A file holds one document.',
  TAG_RESOLVE_FAILED: 'Tags (`!…`) are not known here.',
  UNEXPECTED_TOKEN: 'Something stands where it cannot be read. Quote the text if it is text.',
}

/** What parses, but could be read in two ways. */
function contentProblems(document: Document, lines: LineCounter, file: string): Problem[] {
  const problems: Problem[] = []
  const report = (node: { range?: Node['range'] }, message: string) => {
    const { line, col } = lines.linePos(node.range?.[0] ?? 0)
    problems.push({ file, line, column: col, message })
  }
  const checkKeys = (map: YAMLMap) => {
    const seen = new Set<string>()
    for (const { key } of map.items) {
      if (!isScalar(key) || (typeof key.value === 'object' && key.value !== null)) {
        report(isCollection(key) ? key : map, 'A key has to be plain text.')
        continue
      }
      const name = String(key.value)
      if (name === '__proto__') report(key, 'This key is not allowed.')
      if (seen.has(name)) report(key, `\`${name.slice(0, 100)}\` is written twice.`)
      seen.add(name)
    }
  }
  const anchors = new Set<string>()
  visit(document, {
    Alias(_, alias) {
      if (!anchors.has(alias.source)) report(alias, 'This alias names no anchor above it.')
    },
    Collection(_, collection, above) {
      if (collection.anchor) anchors.add(collection.anchor)
      if (above.filter(isCollection).length >= limits.yamlDepth) throw new RangeError('depth')
      if (isMap(collection)) checkKeys(collection)
    },
    Scalar(_, { anchor, value, range }) {
      if (anchor) anchors.add(anchor)
      if (typeof value !== 'number') return
      const rounded = Number.isInteger(value) && !Number.isSafeInteger(value)
      if (rounded || !Number.isFinite(value)) {
        report({ range }, 'This number cannot be held exactly. Quote it.')
      }
    },
  })
  return problems
}

function positionIn(document: Document, lines: LineCounter, path: Path): Position {
  let node: unknown = document.contents
  let offset = document.contents?.range?.[0] ?? 0
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document)
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      if (!pair) break
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(step)]
      if (!isCollection(item) && !isScalar(item) && !isAlias(item)) break
      offset = item.range?.[0] ?? offset
      node = item
    } else break
  }
  const { line, col } = lines.linePos(offset)
  // An empty file has no lines to count.
  return { line: Math.max(1, line), column: Math.max(1, col) }
}
