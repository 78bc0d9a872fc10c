import type { HttpConnection } from '../../model/connection.ts'
import type { HttpFunction } from '../../model/function.ts'
import type { Rulebook } from '../../model/rulebook.ts'

/** A function found by address, with what its path template captured. */
export type Match = {
  readonly connection: HttpConnection
  readonly fn: HttpFunction
  readonly pathArgs: Readonly<Record<string, string>>
  /** How many leading segments address the connection. */
  readonly prefixLength: number
  /** Headers that are arguments of the function, in lower case. */
  readonly headerNames: ReadonlySet<string>
}

export type RouteTable = {
  readonly find: (address: {
    readonly host: string
    readonly method: string
    readonly segments: readonly string[]
  }) => Match | undefined
}

/** The addresses of one rulebook, made ready once. */
export function routeTable(rulebook: Rulebook): RouteTable {
  const known = tables.get(rulebook)
  if (known) return known
  const entries = rulebook.connections
    .filter((connection) => connection.protocol === 'http')
    .map((connection) =>
      entryOf(
        connection,
        rulebook.functions.filter((fn) => fn.http !== undefined),
      ),
    )
    // The most specific address first: a host of its own, then the longest prefix.
    .sort(
      (a, b) =>
        Number(b.host !== undefined) - Number(a.host !== undefined) ||
        b.prefix.length - a.prefix.length,
    )
  const table: RouteTable = {
    find: ({ host, method, segments }) => {
      const entry = entries.find((one) => addressed(one, host, segments))
      if (!entry) return undefined
      const root = entry.methods.get(method)
      const found = root && walk(root, segments, entry.prefix.length)
      if (!found) return undefined
      const { fn, headerNames } = found.route
      return {
        connection: entry.connection,
        fn,
        headerNames,
        pathArgs: found.args,
        prefixLength: entry.prefix.length,
      }
    },
  }
  tables.set(rulebook, table)
  return table
}

/** What the path template of a function that is already found captures of these segments. */
export function pathArgumentsOf(
  { fn, prefixLength }: Match,
  segments: readonly string[],
): Readonly<Record<string, string>> {
  const root = newNode()
  let node = root
  for (const segment of segmentsOf(fn.http.path)) node = grow(node, segment)
  node.route = { fn, headerNames: none }
  return walk(root, segments, prefixLength)?.args ?? {}
}

const none: ReadonlySet<string> = new Set()

const tables = new WeakMap<Rulebook, RouteTable>()

type Entry = {
  readonly connection: HttpConnection
  readonly host: string | undefined
  readonly prefix: readonly string[]
  readonly methods: ReadonlyMap<string, Node>
}

/** One position in the tree of path templates. */
type Node = {
  readonly literals: Map<string, Node>
  readonly captures: {
    readonly before: string
    readonly name: string
    readonly after: string
    readonly node: Node
  }[]
  route?: Route
}

type Route = { readonly fn: HttpFunction; readonly headerNames: ReadonlySet<string> }

function entryOf(connection: HttpConnection, functions: readonly HttpFunction[]): Entry {
  const methods = new Map<string, Node>()
  for (const fn of functions) {
    if (fn.connection !== connection.id) continue
    let node = methods.get(fn.http.method) ?? newNode()
    methods.set(fn.http.method, node)
    for (const segment of segmentsOf(fn.http.path)) node = grow(node, segment)
    node.route = { fn, headerNames: headerArguments(fn) }
  }
  return {
    connection,
    host: connection.host?.toLowerCase(),
    prefix: segmentsOf(connection.prefix ?? '/'),
    methods,
  }
}

function headerArguments(fn: HttpFunction): ReadonlySet<string> {
  const places = Object.entries(fn.http.places)
  return new Set(places.flatMap(([name, at]) => (at === 'header' ? [name.toLowerCase()] : [])))
}

/** The segments of a path or template as routing counts them. */
export function segmentsOf(path: string): readonly string[] {
  return path === '/' ? [] : path.replace(/^\//, '').split('/')
}

function newNode(): Node {
  return { literals: new Map(), captures: [] }
}

function grow(node: Node, segment: string): Node {
  const capture = /^([^{]*)\{([^}]+)\}([^{]*)$/.exec(segment)
  if (!capture) {
    const next = node.literals.get(segment) ?? newNode()
    node.literals.set(segment, next)
    return next
  }
  const [, before = '', name = '', after = ''] = capture
  const known = node.captures.find(
    (one) => one.before === before && one.name === name && one.after === after,
  )
  if (known) return known.node
  const next = { before, name, after, node: newNode() }
  node.captures.push(next)
  // The longest literal text around a capture is the most specific.
  node.captures.sort((a, b) => b.before.length + b.after.length - a.before.length - a.after.length)
  return next.node
}

function addressed(entry: Entry, host: string, segments: readonly string[]): boolean {
  if (entry.host !== undefined && entry.host !== host) return false
  return entry.prefix.every((segment, index) => segments[index] === segment)
}

type Found = { readonly route: Route; readonly args: Record<string, string> }

/** A literal segment wins over a capture; the walk goes back when a deeper segment does not fit. */
function walk(node: Node, segments: readonly string[], index: number): Found | undefined {
  const segment = segments[index]
  if (segment === undefined) return node.route && { route: node.route, args: {} }
  const literal = node.literals.get(segment)
  const found = literal && walk(literal, segments, index + 1)
  if (found) return found
  for (const { before, name, after, node: next } of node.captures) {
    if (segment.length <= before.length + after.length) continue
    if (!segment.startsWith(before) || !segment.endsWith(after)) continue
    const below = walk(next, segments, index + 1)
    if (below) {
      below.args[name] = segment.slice(before.length, segment.length - after.length)
      return below
    }
  }
  return undefined
}
