import type { InForce } from '../../../call/in-force.ts'
import { limits } from '../../../config/limits.ts'
import { type McpKind, mcpKinds } from '../../../model/mcp-listing.ts'
import { mcpFunctions } from '../route.ts'
import type { Asker, ListNeeds } from './lists.ts'

export type ListChangeNeeds = Pick<ListNeeds, 'access' | 'labels'> & {
  readonly rules: () => InForce | undefined
  /** Grows whenever what a connection lists of a kind, of what is registered, was found to be something else. */
  readonly listRevision: (connection: string, kind: McpKind) => number
  /** Grows whenever one of these does. */
  readonly listRevisions: () => number
}

export type WantedList = McpKind

/** What one listener has not been told yet of its lists. */
export type ListChanges = {
  /** Whether one of them may be another since. Asked often. */
  readonly hasNews: () => boolean
  /** Those that may be others for this caller, from here on told. Where it rejects all of them are news still. */
  readonly takeNews: (asker: Asker) => Promise<readonly WantedList[]>
  /** What was taken last could not be said, and is news again. */
  readonly untold: () => void
}

/**
 * What sessions know of their lists, whichever of their streams it was told on: one that breaks off is opened again, and
 * what has changed until then is said there. The session that listened longest ago is forgotten, and hears of changes
 * from its next stream on.
 */
export function openSessionLists(
  open: (endpoint: string) => ListChanges,
): (session: string, endpoint: string) => ListChanges {
  const kept = new Map<string, ListChanges>()
  return (session, endpoint) => {
    const lists = kept.get(session) ?? open(endpoint)
    kept.delete(session)
    kept.set(session, lists)
    const [oldest] = kept.keys()
    if (kept.size > limits.mcpSessionListsRemembered && oldest !== undefined) kept.delete(oldest)
    return lists
  }
}

/**
 * What a caller may see is another thing where another rulebook is in force, or where an upstream lists otherwise
 * something that this caller may call.
 */
export function listChangesOf(
  needs: ListChangeNeeds,
  endpoint: string,
  wanted: readonly WantedList[],
): ListChanges {
  let known = stateOf(needs, endpoint)
  let told = known
  return {
    // Every listener is asked twice a second: what each connection lists is compared only where there is something.
    hasNews: () =>
      wanted.length > 0 &&
      (digestIn(needs) !== known.digest || needs.listRevisions() !== known.count),
    takeNews: async (asker) => {
      const rules = needs.rules()
      const isAsked = rules && rules.rulebook.digest === known.digest
      // Taken after this, so that nothing is lost where it fails.
      const labels = isAsked ? await needs.labels(rules, asker.principal) : []
      const [before, now] = [known, stateOf(needs, endpoint)]
      told = before
      known = now
      if (before.digest !== now.digest) return wanted
      if (!rules) return []
      const { of } = mcpFunctions(rules.rulebook)
      return wanted.filter((kind) =>
        now.connections.some((id) => {
          if (now.revisions.get(`${id} ${kind}`) === before.revisions.get(`${id} ${kind}`))
            return false
          const own = of(id).filter(({ mcp }) => mcp.method === calledOf[kind])
          return own.some((fn) => needs.access(rules, fn, asker, labels) !== 'none')
        }),
      )
    },
    untold: () => {
      known = told
    },
  }
}

const calledOf = {
  tools: 'tools/call',
  prompts: 'prompts/get',
  resources: 'resources/read',
} as const

function stateOf({ rules, listRevision, listRevisions }: ListChangeNeeds, endpoint: string) {
  const rulebook = rules()?.rulebook
  const digest = digestIn({ rules })
  const all = rulebook ? [...mcpFunctions(rulebook).connections.keys()] : []
  const connections = endpoint === '' ? all : all.filter((id) => id === endpoint)
  const revisions = new Map(
    connections.flatMap((id) =>
      mcpKinds.map((kind) => [`${id} ${kind}`, listRevision(id, kind)] as const),
    ),
  )
  return { digest, connections, revisions, count: listRevisions() }
}

function digestIn({ rules }: Pick<ListChangeNeeds, 'rules'>): string {
  return rules()?.rulebook.digest ?? ''
}
