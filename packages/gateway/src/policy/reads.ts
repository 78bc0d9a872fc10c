import type { CedarPolicy } from './cedar.ts'

/**
 * Which parts of the context a policy reads. A branch names the attributes read below it; `whole`
 * says that everything below is read, because the value is compared or passed on as it is.
 */
export type Reads = { whole: boolean; readonly below: Map<string, Reads> }

export function noReads(): Reads {
  return { whole: false, below: new Map() }
}

/** Adds what this policy reads. */
export function collectReads(policy: CedarPolicy, into: Reads): void {
  for (const { body } of policy.conditions) visit(body, into)
}

/** Whether one of these paths (from the context down) is read, or lies above or below what is. */
export function touches(reads: Reads, path: readonly string[]): boolean {
  let at = reads
  for (const name of path) {
    if (at.whole) return true
    const below = at.below.get(name)
    if (!below) return false
    at = below
  }
  return true
}

export function readsAt(reads: Reads, ...path: readonly string[]): Reads | undefined {
  let at: Reads | undefined = reads
  for (const name of path) {
    if (!at || at.whole) return at
    at = at.below.get(name)
  }
  return at
}

function visit(expression: unknown, into: Reads): void {
  const path = contextPath(expression)
  if (path) {
    reach(into, path).whole = true
    return
  }
  const tested = testedPath(expression)
  if (tested) {
    reach(into, tested)
    return
  }
  if (Array.isArray(expression)) for (const one of expression) visit(one, into)
  else if (isObject(expression)) for (const one of Object.values(expression)) visit(one, into)
}

/** `context.a.b` as its path; `undefined` for anything else. */
function contextPath(expression: unknown): readonly string[] | undefined {
  if (!isObject(expression)) return undefined
  if (expression.Var === 'context') return []
  const access = expression['.']
  if (!isObject(access) || typeof access.attr !== 'string') return undefined
  const left = contextPath(access.left)
  return left && [...left, access.attr]
}

/** `context.a has b.c` as the path it asks about. */
function testedPath(expression: unknown): readonly string[] | undefined {
  const test = isObject(expression) ? expression.has : undefined
  if (!isObject(test)) return undefined
  const left = contextPath(test.left)
  const names: readonly unknown[] = Array.isArray(test.attr) ? test.attr : [test.attr]
  return left && [...left, ...names.filter((name) => typeof name === 'string')]
}

function reach(reads: Reads, path: readonly string[]): Reads {
  let at = reads
  for (const name of path) {
    const below = at.below.get(name) ?? noReads()
    at.below.set(name, below)
    at = below
  }
  return at
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
