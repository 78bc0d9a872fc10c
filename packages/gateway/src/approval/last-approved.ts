import type { Approval } from '../model/approval.ts'
import type { Approvals } from '../store/approvals.ts'

/** `none`: none was approved. `beyond-look-back`: none of those that were looked at, and there are older ones. */
export type LastApproved = Approval | 'none' | 'beyond-look-back'

/**
 * The approval of the last call of the same function that people let through: the newest there is for a
 * question that waits, the newest before it for one that is settled.
 */
export async function lastApproved(
  store: Pick<Approvals, 'approvals'>,
  { id, functionId, state }: Pick<Approval, 'id' | 'functionId' | 'state'>,
): Promise<LastApproved> {
  let before = state === 'PENDING' ? undefined : id
  for (let page = 0; page < pagesMax; page++) {
    const found = await store.approvals({
      limit: pageRows,
      state: 'APPROVED',
      ...(before !== undefined && { before }),
    })
    const last = found.find((one) => one.functionId === functionId && one.id !== id)
    if (last) return last
    before = found.at(-1)?.id
    if (before === undefined || found.length < pageRows) return 'none'
  }
  return 'beyond-look-back'
}

/** 1,000 approvals: read in a moment, and further back nobody remembers what was approved. */
const pagesMax = 5
const pageRows = 200
