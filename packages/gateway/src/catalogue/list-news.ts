import type { Limits } from '../config/limits.ts'
import { type McpKind, mcpKinds } from '../model/mcp-listing.ts'
import type { Seen, Source } from './source.ts'

/** Of which lists a look found that what callers may be shown of them is something else. */
export function changedLists(
  source: Source,
  before: Seen | undefined,
  now: Seen,
): readonly McpKind[] {
  if (!before || source.kind !== 'mcp') return []
  return mcpKinds.filter((kind) => shownOf(source, kind, before) !== shownOf(source, kind, now))
}

/** Of what is registered; of resources all, as one function may stand for many of them. */
function shownOf({ registered }: Source, kind: McpKind, { operations }: Seen): string {
  const known = new Set(registered.split('\n').map((line) => line.slice(0, line.lastIndexOf(' '))))
  return operations
    .filter(({ operation }) => operation.startsWith(methods[kind]))
    .filter(({ operation }) => kind === 'resources' || known.has(operation))
    .map(({ operation, digest }) => `${operation} ${digest}`)
    .join('\n')
}

const methods: Readonly<Record<McpKind, string>> = {
  tools: 'tools/call ',
  prompts: 'prompts/get ',
  resources: 'resources/read ',
}

/**
 * Its server says that a list is another now: what was read of it counts no longer, and it is looked at soon, however
 * often it says so.
 */
export function hearOfChange(
  source: Source,
  kind: McpKind,
  { elapsed, limits }: { readonly elapsed: () => number; readonly limits: Limits },
): void {
  const now = elapsed()
  source.lists[kind].changedAt = now
  const soon = Math.max(now, source.noticedAt + limits.descriptionRetryMs)
  if (soon >= source.dueAt) return
  source.dueAt = soon
  source.noticedAt = soon
}
