import type { InForce } from '../../../call/in-force.ts'
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
  /** Those that may be others for this caller, from here on told. */
  readonly takeNews: (asker: Asker) => Promise<readonly WantedList[]>
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
  return {
    // Every listener is asked twice a second: what each connection lists is compared only where there is something.
    hasNews: () =>
      wanted.length > 0 &&
      (digestIn(needs) !== known.digest || needs.listRevisions() !== known.count),
    takeNews: async (asker) => {
      const [before, now] = [known, stateOf(needs, endpoint)]
      known = now
      if (before.digest !== now.digest) return wanted
      const rules = needs.rules()
      if (!rules) return []
      const labels = await needs.labels(rules, asker.principal)
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
