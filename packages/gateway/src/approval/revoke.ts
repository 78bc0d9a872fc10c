import type { Clearance } from '../model/clearance.ts'
import { stepClearance } from './clearance-machine.ts'
import type { DeskNeeds } from './needs.ts'
import { clearanceClosedRecord } from './records.ts'
import { attemptsMax, type Uses, updateClearance } from './uses.ts'

export type Revoked =
  | { readonly clearance: Clearance }
  | { readonly refused: 'clearance-unknown' | 'clearance-closed' | 'busy' }

/**
 * Takes a clearance back, and cuts the calls under way with it: those of this process when it returns, those of
 * others when they next look.
 */
export function revokeClearance(
  { store, now }: Pick<DeskNeeds, 'store' | 'now'>,
  uses: Pick<Uses, 'cut' | 'inLine'>,
  { id, party, reason }: { readonly id: string; readonly party: string; readonly reason: string },
): Promise<Revoked> {
  return uses.inLine(id, async () => {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const clearance = await store.clearance(id)
      if (!clearance) return { refused: 'clearance-unknown' }
      const at = now()
      const isPast = stepClearance(clearance, { kind: 'expire' }, at).fits
      const next = stepClearance(clearance, { kind: 'revoke' }, at)
      if (isPast || !next.fits) return { refused: 'clearance-closed' }
      const record = clearanceClosedRecord(next.clearance, { at, by: party, reason })
      if (!(await updateClearance(store, { from: clearance, to: next.clearance, record }))) continue
      uses.cut(id)
      return { clearance: next.clearance }
    }
    return { refused: 'busy' }
  })
}
