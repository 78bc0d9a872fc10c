import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { partyId } from '@sallyport/evidence/record'
import type { InForce } from '../call/in-force.ts'
import type { Limits } from '../config/limits.ts'
import { listedIn } from '../model/approval-rules.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { GrantStandings } from '../store/reviews.ts'
import type { Leaves } from '../store/store.ts'
import type { Catalogue } from './catalogue.ts'

/** What of the functions in force nobody answers for, hides, uses or follows. Function ids, ascending. */
export type Coverage = {
  readonly functions: number
  /** Nobody is in any group that stands behind the owner. */
  readonly withoutOwner: readonly string[]
  /** Who stands behind the owner is said by tokens only: whether anybody does cannot be told. */
  readonly ownerUnknown: readonly string[]
  /** Nothing of the result is hidden, whether somebody said so or nobody did. */
  readonly withoutMasks: readonly string[]
  /** No call of it is in the log. */
  readonly neverCalled: readonly string[]
  /**
   * Its newest `of` calls were all made by this one caller. A record does not say what a party is, so it is an agent
   * where it acted for somebody, or where the rulebook says so.
   */
  readonly oneCaller: readonly {
    readonly function: string
    readonly caller: string
    readonly isAgent: boolean
    readonly of: number
  }[]
  /** A change at the upstream would not be noticed. */
  readonly notFollowed: readonly string[]
  /** Refused until its owner looks. */
  readonly held: readonly string[]
}

/** Reads the log for every function, one after the other: a report, not for a hot path. */
export async function coverageOf(
  rules: InForce,
  {
    store,
    catalogue,
    limits,
  }: {
    readonly store: Pick<Leaves, 'callHeads'> & Pick<GrantStandings, 'grantUse'>
    readonly catalogue: Pick<Catalogue, 'holdOf' | 'sources'>
    readonly limits: Pick<Limits, 'coverageCalls'>
  },
): Promise<Coverage> {
  const functions = rules.rulebook.functions.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const used = new Set((await store.grantUse({})).map((use) => use.function))
  const calls = new Map<string, Callers>()
  for (const { id } of functions) calls.set(id, await callersOf(store, id, limits.coverageCalls))
  const followed = new Set(catalogue.sources().map(({ connection }) => connection))
  const those = (holds: (fn: FunctionDefinition) => boolean) =>
    functions.filter(holds).map(({ id }) => id)
  return {
    functions: functions.length,
    withoutOwner: those((fn) => ownersOf(rules, fn) === 'nobody'),
    ownerUnknown: those((fn) => ownersOf(rules, fn) === 'unknown'),
    withoutMasks: those(({ resultMasks }) => resultMasks.length === 0),
    neverCalled: those(({ id }) => !used.has(id) && calls.get(id)?.calls === 0),
    oneCaller: functions.flatMap(({ id }) => {
      const { only, calls: of } = calls.get(id) ?? noCallers
      if (!only) return []
      const isAgent = only.actsForOthers || isListedAgent(rules, only.id)
      return [{ function: id, caller: only.id, isAgent, of }]
    }),
    notFollowed: those((fn) => !fn.source || !followed.has(fn.connection)),
    held: those(({ id }) => catalogue.holdOf(id)?.state === 'quarantined'),
  }
}

type Caller = { readonly id: string; readonly actsForOthers: boolean }
type Callers = { readonly calls: number; readonly only: Caller | undefined }
const noCallers: Callers = { calls: 0, only: undefined }

/** Who made the newest calls that were let through; `only`: whoever made all of them. */
async function callersOf(
  store: Pick<Leaves, 'callHeads'>,
  functionId: string,
  limit: number,
): Promise<Callers> {
  const callers: Caller[] = []
  let before: number | undefined
  // Behind the refusals of a day may stand calls of the day before.
  for (let pages = 0; pages < pagesMax && callers.length === 0; pages++) {
    const page = { functionId, limit, ...(before !== undefined && { before }) }
    const heads = await store.callHeads(page)
    for (const { bytes } of heads) {
      const leaf = parseLeaf(bytes)
      if (leaf.type !== 'call.authorized' || !leaf.caller) continue
      const actsForOthers = leaf.obo !== undefined && leaf.obo.length > 0
      callers.push({ id: partyId(leaf.caller), actsForOthers })
    }
    if (heads.length < limit) break
    before = heads.at(-1)?.index
  }
  const [first] = callers
  const isOne = first !== undefined && callers.every(({ id }) => id === first.id)
  const actsForOthers = callers.some((one) => one.actsForOthers)
  return { calls: callers.length, only: isOne ? { id: first.id, actsForOthers } : undefined }
}

const pagesMax = 20

function ownersOf(rules: InForce, { owner }: FunctionDefinition): 'nobody' | 'unknown' | 'known' {
  const lists = rules.ownerGroups(owner).map((group) => listedIn(rules.approvals.groups, group))
  if (lists.some((list) => list !== undefined && list.length > 0)) return 'known'
  return lists.some((list) => list === undefined) ? 'unknown' : 'nobody'
}

function isListedAgent({ approvals, grants }: InForce, party: string): boolean {
  if (approvals.people.some(({ agents }) => agents.includes(party))) return true
  return grants.some(({ principal }) => {
    return principal.kind === 'party' && principal.type === 'Agent' && principal.id === party
  })
}
