import { leafHash } from '@sallyport/evidence/log'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { chainStart, type LeafRecord } from '@sallyport/evidence/record'
import type { Leaf, Leaves } from '../store/store.ts'
import { LogRefused } from './integrate.ts'

/** Where an instance's chain stands: its last boot, the last place in it, and that leaf's hash. */
export type ChainEnd = {
  readonly instance: string
  readonly boot: string
  readonly seq: number
  readonly hash: string
}

/**
 * What was not signed yet is signed by the next start, so before that each such leaf has to continue the chain of
 * an instance that this log knows: of one with earlier leaves, or of `instance` itself. Rejects with
 * `LogRefused`, saying what was found: then somebody else wrote to the database. Whoever continues the chains
 * as the gateway does is not found out here.
 */
export async function assertChainsGoOn(needs: {
  readonly store: Pick<Leaves, 'leaves' | 'size'> & {
    readonly chains: () => Promise<readonly ChainEnd[]>
  }
  /** Leaves under the last signed checkpoint. */
  readonly signed: number
  /** Whose database this is. */
  readonly instance: string
  /** Whether other gateways write to it: then whoever registered there may begin a chain. */
  readonly isShared?: boolean
}): Promise<void> {
  const { store, signed, instance: own, isShared = false } = needs
  const size = await store.size()
  const stored = new Map((await store.chains()).map((end) => [end.instance, end]))
  const ends = new Map<string, ChainEnd | undefined>()
  for (let start = signed; start < size; ) {
    const page = await store.leaves(start, pageLeaves)
    if (page.length === 0) throw refused(start, 'is not there')
    for (const leaf of page) {
      if (leaf.index !== start) throw refused(start, 'is not there')
      const record = read(leaf)
      const { instance, boot, seq } = record.emitter
      if (!stored.has(instance))
        throw refused(
          start,
          `is of an instance that has no chain here (${JSON.stringify(instance)})`,
        )
      if (!ends.has(instance))
        ends.set(instance, await endBefore(store, { instance, below: start }))
      const end = ends.get(instance)
      if (!end && instance !== own && !isShared) {
        throw refused(
          start,
          `begins a chain of the instance ${JSON.stringify(instance)}, and this is ${JSON.stringify(own)}`,
        )
      }
      const why = brokenBy(record, end)
      if (why !== undefined) throw refused(start, why)
      ends.set(instance, { instance, boot, seq, hash: hashOf(leaf) })
      start += 1
    }
  }
  for (const [instance, end] of ends) {
    const last = stored.get(instance)
    const same = last?.boot === end?.boot && last?.seq === end?.seq && last?.hash === end?.hash
    if (!same)
      throw refused(size, `is missing: the chain of ${JSON.stringify(instance)} ends later`)
  }
}

const pageLeaves = 1000

function read(leaf: Leaf): LeafRecord {
  try {
    return parseLeaf(leaf.bytes)
  } catch {
    throw refused(leaf.index, 'is no record')
  }
}

/** The last leaf of an instance below an index. Its heartbeats keep it near, where there is one. */
async function endBefore(
  store: Pick<Leaves, 'leaves'>,
  { instance, below }: { readonly instance: string; readonly below: number },
): Promise<ChainEnd | undefined> {
  for (let to = below; to > 0; ) {
    const from = Math.max(0, to - pageLeaves)
    const page = await store.leaves(from, to - from)
    for (const leaf of page.toReversed()) {
      const { emitter } = read(leaf)
      if (emitter.instance === instance) return { ...emitter, hash: hashOf(leaf) }
    }
    to = from
  }
  return undefined
}

/** Why it does not follow what came before of its instance; undefined when it does. */
function brokenBy(record: LeafRecord, end: ChainEnd | undefined): string | undefined {
  const { boot, seq, prev } = record.emitter
  if (end?.boot === boot) {
    return seq === end.seq + 1 && prev === end.hash ? undefined : 'does not follow its predecessor'
  }
  if (seq !== 0 || prev !== chainStart) return 'begins a boot in its middle'
  if (record.type === 'log.genesis' && !end) return undefined
  if (record.type !== 'emitter.start') return 'begins a boot without its start'
  const { after } = record
  const follows = after?.boot === end?.boot && after?.seq === end?.seq && after?.hash === end?.hash
  return follows ? undefined : 'does not cite the end of the boot before'
}

function hashOf({ bytes }: Leaf): string {
  return `sha256:${Buffer.from(leafHash(bytes)).toString('hex')}`
}

function refused(index: number, why: string): LogRefused {
  return new LogRefused(
    `Leaf ${index} of the database, which no checkpoint covers yet, ${why}: the gateway did not write it so, and will not sign it. ` +
      'Keep a copy of the home for whoever looks into it; then put the newest database back.',
  )
}
