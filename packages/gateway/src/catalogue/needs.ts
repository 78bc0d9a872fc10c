import type { InForce } from '../call/in-force.ts'
import type { Limits } from '../config/limits.ts'
import type { FunctionHold } from '../model/function-hold.ts'
import type { McpKind } from '../model/mcp-listing.ts'
import type { FunctionHolds } from '../store/reviews.ts'
import type { Ledger, Store } from '../store/store.ts'
import type { KnownTexts } from './known-texts.ts'
import type { Place, Seen } from './source.ts'

export type CatalogueNeeds = {
  /**
   * One look at what an upstream says of itself; rejects never. `kinds`: of an MCP server, only lists of these are
   * asked for, the rest is as it was read before; absent: everything is. `busyMs`: for how long nothing else could be
   * done here.
   */
  readonly read: (
    place: Place,
    signal: AbortSignal,
    kinds: ReadonlySet<McpKind> | undefined,
  ) => Promise<(Seen | Unread) & { readonly busyMs: number }>
  readonly store: Pick<Ledger, 'commit'> & FunctionHolds & Pick<Store, 'onChange'>
  readonly rules: () => InForce | undefined
  readonly texts: KnownTexts
  /** Unix milliseconds, for records. */
  readonly now: () => number
  /** Milliseconds of a clock that nobody sets, for intervals. */
  readonly elapsed: () => number
  readonly limits: Limits
  readonly onEvent: (event: CatalogueEvent) => void
}

/**
 * Why an upstream could not be read: for the operator, and without a word of the upstream's. `lists`: of an MCP server
 * that was reached, only those of these kinds could not.
 */
export type Unread = { readonly problem: string; readonly lists?: readonly McpKind[] }

type Lists = { readonly lists?: readonly McpKind[] }
export type CatalogueEvent =
  | ({ readonly kind: 'unread'; readonly connection: string; readonly why: string } & Lists)
  | ({ readonly kind: 'read-again'; readonly connection: string } & Lists)
  | { readonly kind: 'held'; readonly function: string; readonly why: FunctionHold['why'] }
  | { readonly kind: 'failed'; readonly cause: unknown }
