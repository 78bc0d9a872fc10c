/** The part of the contract about functions, what is said of them and what they are; see contract.ts. */

export type FunctionSummary = {
  id: string
  connection: string
  purpose: string
  owner: string
  sensitivity: 'public' | 'internal' | 'confidential' | 'restricted'
  risk: 'low' | 'medium' | 'high' | 'critical'
  protocol: 'http' | 'mcp'
  /** A method of HTTP and a path; a method of MCP and what it is of: a name, a URI, nothing. */
  method: string
  path: string
  digest: string
  /**
   * Why its calls are refused until its owner looks, or, `unread`, until its upstream can be read again; null: they are
   * not.
   */
  held: 'drift' | 'gone' | 'new' | 'unread' | null
}

export type FunctionDetail = FunctionSummary & {
  idempotent: boolean
  deferrable: boolean
  payloads: 'kept' | 'committed'
  /** The class that says how long they are kept. */
  retention: string
  upstream: string
  argument_schema: Record<string, unknown>
  result_schema: Record<string, unknown> | null
  masks: { id: string; path: string; how: string; of: 'arguments' | 'result' }[]
  /** Groups of the people who stand behind its owner. */
  owner_groups: string[]
  /** Ids of the grants that cover it. */
  grants: string[]
  /** What it was imported from; null: somebody wrote it. */
  source: { operation: string; digest: string } | null
  /** What became of it since it was registered; null: nothing. */
  hold: FunctionHold | null
  /**
   * Its upstream cannot be read, so nobody knows what it is now; null: it can. Its problem: see FunctionSource. `list`:
   * only what an MCP server lists of this kind cannot; null: nothing of it can.
   */
  unread: { since: string | null; problem: string | null; list: FunctionList | null } | null
  you: {
    /** May the person who asks accept what is found? */
    may_accept: boolean
  }
}

/** What an MCP server lists, by kind. */
export type FunctionList = 'tools' | 'prompts' | 'resources'

/** That a function is not what was registered, or that somebody has accepted that. */
export type FunctionHold = {
  state: 'quarantined' | 'accepted'
  /** Described otherwise; described no longer; described and never registered. */
  why: 'drift' | 'gone' | 'new'
  /** Digests of the descriptions that were registered and found; null: there is none. */
  registered: string | null
  found: string | null
  since: string
  accepted_by: string | null
  accepted_at: string | null
  note: string | null
}

/** What the upstream says now, compared with what it said when the function was registered. Its own words. */
export type FunctionDiff = {
  function: string
  hold: FunctionHold
  /** False: what was registered was never read here, so everything reads as if it were new. */
  registered_known: boolean
  /** All of them. `at`: members from the outside in. Null: nothing stands there. */
  differences: { at: string[]; before: string | null; after: string | null }[]
  /** What of what was found is hidden from people, or aimed at a model; where, and why it is shown. No verdict. */
  flags: { at: string[]; why: string }[]
  you: { may_accept: boolean }
}

/** `found`: the digest of what was looked at; null: that nothing is described any more. */
export type AcceptAsked = { found: string | null; note: string }

/** An operation that an upstream describes and nobody has registered. It cannot be called. */
export type FunctionDiscovered = {
  /** The id it would have. */
  id: string
  connection: string
  operation: string
  found: string
  since: string
}

/** How it goes with what one upstream says of itself. */
export type FunctionSource = {
  connection: string
  kind: 'openapi' | 'mcp'
  /** The URL of its OpenAPI document, or of the server; `stdio:<command>` of a child process. */
  address: string
  every_ms: number
  /** When it was read last; null: not since this gateway started. */
  read_at: string | null
  operations: number | null
  /** Why it could not be read the last time, or the first of `unread_lists`. */
  problem: string | null
  /** Since when it cannot be read; null: it could the last time. */
  unread_since: string | null
  /** It could not be read for so long that its functions are refused: an MCP server for as long as its connection says. */
  refused: boolean
  /** Of an MCP server that answers, the lists that could not be read; each may be refused by itself. */
  unread_lists: { list: FunctionList; problem: string; since: string; refused: boolean }[]
}

/** Function ids, ascending. */
export type FunctionCoverage = {
  functions: number
  /** Nobody is in any group that stands behind the owner. */
  without_owner: string[]
  /** Only tokens say who stands behind the owner: whether anybody does cannot be told. */
  owner_unknown: string[]
  without_masks: string[]
  /** No call of it is in the log. */
  never_called: string[]
  /** Its newest `of` calls were all made by one caller, known to be an agent or not. */
  one_caller: { function: string; caller: string; agent: boolean; of: number }[]
  /** A change at the upstream would not be noticed. */
  not_followed: string[]
  held: string[]
}
