import type { Trust } from '../packages/evidence/src/evidence.ts'
import type { BundleSource } from '../packages/evidence/src/source.ts'
import { openArchive } from '../packages/evidence/src/verify/checkpoints.ts'
import { holdEdge } from '../packages/evidence/src/verify/edge.ts'
import { takeInventory } from '../packages/evidence/src/verify/inventory.ts'
import { watchKeys } from '../packages/evidence/src/verify/keys.ts'
import { readNewest } from '../packages/evidence/src/verify/newest.ts'
import { walkTree } from '../packages/evidence/src/verify/tree.ts'
import { openReport } from '../packages/evidence/src/verify/verdict.ts'

/**
 * The tree of a log folder, and no record of it: signatures, every leaf hash and inner node up to the signed root,
 * archived checkpoints. That is what verifiers of transparency logs look at; ours does it by the same functions, and
 * offers it to nobody. Returns the number of leaves; throws where something is found.
 */
export async function verifyTreeAlone(source: BundleSource, trust: Trust): Promise<number> {
  const report = openReport()
  const trusted = await readNewest({ source, report, isExport: false }, trust)
  if (!trusted) throw new Error('the log has no checkpoint to trust')
  const { origin, size: count, root } = trusted.checkpoint
  const size = Number(count)
  const inventory = await takeInventory(source, { size, manifest: undefined, report })
  const edge = await holdEdge(source, count)
  const scene = {
    source: edge,
    inventory,
    manifest: undefined,
    origin,
    size,
    isWhole: true,
    report,
  }
  const archive = await openArchive(scene, trust, trusted)
  const { marks, passed } = archive
  const visit = async () => {}
  await walkTree({ ...scene, root, due: { from: 0, to: size } }, { marks, passed, visit })
  await archive.end(watchKeys(scene, trusted))
  const { ok, findings } = report.close({ origin, size: count, scope: 'whole', witnesses: [] })
  if (!ok) throw new Error(`the tree does not verify: ${findings[0]?.code}`)
  return size
}
