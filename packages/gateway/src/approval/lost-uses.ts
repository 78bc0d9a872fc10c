import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { Clearance } from '../model/clearance.ts'
import type { DeskNeeds } from './needs.ts'
import { closeUse } from './uses.ts'

/**
 * Looks at what an earlier run of this instance had under way: a call whose ending is on record gives its use
 * back; of any other nobody knows what it did, so its clearance is UNKNOWN, and then used. Runs after
 * log/reconcile.ts, before the first call; a crash in the middle leaves the rest to the next start.
 */
export async function reconcileUses({
  store,
  instance,
  now,
}: Pick<DeskNeeds, 'store' | 'instance' | 'now'>): Promise<void> {
  for (const state of ['IN_USE', 'UNKNOWN'] as const) {
    for (const { id, open } of await all(store, state)) {
      for (const { call, instance: by } of open) {
        if (by !== instance) continue
        const kind = (await hasEnded(store, call)) ? 'done' : 'lost'
        await closeUse(store, { clearance: id, event: { kind, call }, now })
      }
      await closeUse(store, { clearance: id, event: { kind: 'reconcile' }, now })
    }
  }
}

async function all(
  store: DeskNeeds['store'],
  state: Clearance['state'],
): Promise<readonly Clearance[]> {
  const found: Clearance[] = []
  for (let before: string | undefined; ; ) {
    const query = { state, limit: pageRows, ...(before !== undefined && { before }) }
    const page = await store.clearances(query)
    found.push(...page)
    before = page.at(-1)?.id
    if (before === undefined || page.length < pageRows) return found
  }
}

/** Whether it is known how the call ended: not when it is only on record that nobody knows. */
async function hasEnded(store: DeskNeeds['store'], call: string): Promise<boolean> {
  const leaves = await store.leavesOfCall(call)
  return leaves.some(({ bytes }) => {
    const { type } = parseLeaf(bytes)
    return type === 'call.outcome' || type === 'call.denied'
  })
}

const pageRows = 200
