import { consistencyProof, formatProof, inclusionProof } from '@sallyport/evidence'
import type { Limits } from '../config/limits.ts'
import type { Ledger, Store } from '../store/store.ts'
import type { EvidenceLog, LeafProof } from './evidence-log.ts'
import { startHeartbeat } from './heartbeat.ts'
import { type Integrator, openIntegrator } from './integrate.ts'
import { openLedger } from './ledger.ts'
import type { LogKeys } from './log-key.ts'
import { openPublishLoop, type PublishLoop } from './publish-loop.ts'
import { publishRulebooks } from './rulebook-file.ts'
import type { TileStore } from './tile-store.ts'
import { nodeReader } from './tree.ts'

/** A checkpoint and how many leaves are under it. */
type Witnessed = { readonly size: bigint; readonly note: string }

export type EvidenceNeeds = {
  readonly store: Store
  readonly tiles: TileStore
  readonly keys: LogKeys
  readonly origin: string
  readonly holder: string
  readonly now: () => number
  readonly limits: Pick<
    Limits,
    | 'archiveMs'
    | 'growthLeaves'
    | 'heartbeatMs'
    | 'lostOutcomeMs'
    | 'publishDelayMs'
    | 'publishRetryMs'
    | 'publishRetryMsMax'
    | 'unpublishedMs'
  >
  /** The newest checkpoint that the quorum of witnesses has cosigned. */
  readonly witnessed: () => Witnessed | undefined
  readonly trust: () => string
  /** Told of every checkpoint once it is published. Must not wait. */
  readonly onPublished: (note: string) => void
  readonly onFailure: (thrown: unknown) => void
  readonly onRecovery: () => void
}

/** The published log, and the ledger through which everybody else writes to it. */
export type Evidence = EvidenceLog & {
  readonly ledger: Ledger
  /** Publishes the content of every rulebook in the log that is not published yet. */
  readonly publishRulebooks: () => Promise<void>
  /** Publishes the newest checkpoint again with more signatures; false when it is no longer the newest. */
  readonly addSignatures: (note: string) => Promise<boolean>
  /** From the tree of one size to a later one, both published (RFC 6962 section 2.1.2). */
  readonly consistency: (size1: bigint, size2: bigint) => Promise<readonly Uint8Array[]>
  /** Why it is not as it should be, for probes; undefined when all is well. */
  readonly trouble: () => string | undefined
  readonly failures: () => number
  /** Records the stop, publishes it, and leaves the store open for reading. */
  readonly close: () => Promise<void>
}

/**
 * Takes the log over and publishes what is stored, then everything that is committed through its ledger.
 * Rejects with `LogRefused` when what is stored cannot be what was published.
 */
export async function openEvidence(needs: EvidenceNeeds): Promise<Evidence> {
  const { store, tiles, keys, origin, now, limits } = needs
  await keys.retire(now())
  const integrator = await openIntegrator({ ...needs, batchLeaves: limits.growthLeaves })
  const archive = openArchive(integrator, needs)
  const loop = openPublishLoop({
    integrator,
    delayMs: limits.publishDelayMs,
    retryMs: limits.publishRetryMs,
    retryMsMax: limits.publishRetryMsMax,
    onPublished: async () => {
      if (archive.isDue()) {
        await archive.now()
        await keys.retire(now())
      }
      const head = integrator.head()
      if (head) needs.onPublished(head.note)
    },
    onFailure: needs.onFailure,
    onRecovery: needs.onRecovery,
  })
  const trouble = () => troubleOf(loop.failing(), limits.unpublishedMs)
  const ledger = openLedger({
    store,
    now,
    nudge: loop.nudge,
    refusing: () => trouble()?.refuses,
    lostAfterMs: limits.lostOutcomeMs,
  })
  const rotations = openRotations({ ledger, keys, now })
  await rotations.finish()
  loop.nudge()
  const heart = startHeartbeat(ledger, { intervalMs: limits.heartbeatMs, now })
  return {
    origin,
    ledger,
    size: () => integrator.head()?.size ?? 0,
    checkpoint: async () => integrator.head()?.note,
    witnessedSize: () => Number(needs.witnessed()?.size ?? 0n),
    witnessedCheckpoint: () => needs.witnessed()?.note,
    file: tiles.get,
    list: tiles.list,
    publishRulebooks: () => publishRulebooks(store, tiles),
    proof: (index) => proofOf(index, { ...needs, integrator }),
    trust: needs.trust,
    rotate: rotations.rotate,
    addSignatures: (note) => loop.between(() => integrator.republish(note)),
    consistency: (size1, size2) =>
      consistencyProof(size1, size2, nodeReader(tiles, BigInt(integrator.head()?.size ?? 0))),
    trouble: () => store.refusing() ?? trouble()?.why,
    failures: loop.failures,
    close: async () => {
      await heart.stop()
      ledger.close()
      await loop.close()
      await store.stop()
      // What cannot be published now is published by the next start.
      await integrator.run().then(archive.now).catch(needs.onFailure)
    },
  }
}

function troubleOf(
  failing: ReturnType<PublishLoop['failing']>,
  unpublishedMs: number,
): { readonly why: string; readonly refuses: string | undefined } | undefined {
  if (!failing) return undefined
  const why = `the log cannot be published: ${failing.why}`
  return { why, refuses: failing.forMs > unpublishedMs ? why : undefined }
}

/**
 * Copies of checkpoints that stay: with them an auditor sees how the log grew, and who saw it. The newest that
 * was witnessed is often not the newest, and not published with its cosignatures: it is kept as well.
 */
function openArchive(
  integrator: Integrator,
  { tiles, limits, now, witnessed }: Pick<EvidenceNeeds, 'limits' | 'now' | 'tiles' | 'witnessed'>,
) {
  let dueAt = 0
  const archive = async () => {
    const head = integrator.head()
    if (!head) return
    await tiles.put(`checkpoints/${head.size}`, Buffer.from(head.note))
    const cosigned = witnessed()
    if (cosigned) await tiles.put(`checkpoints/${cosigned.size}`, Buffer.from(cosigned.note))
    dueAt = now() + limits.archiveMs
  }
  return { now: archive, isDue: () => now() >= dueAt }
}

function openRotations(needs: {
  readonly ledger: Ledger
  readonly keys: LogKeys
  readonly now: () => number
}) {
  const { ledger, keys, now } = needs
  const finish = async () => {
    for (const rotation of keys.unrecorded()) {
      const { key, previous, by } = rotation
      const time = new Date(now()).toISOString()
      // A crash before the next line records it twice, which says nothing else.
      await ledger.commit({
        record: { type: 'key.rotated', time, key, previous, by },
        payloads: [],
      })
      await keys.recorded(rotation)
    }
  }
  return {
    /** Records what a crash, or a log that could not be written, kept from being recorded. */
    finish,
    rotate: async (by: string) => {
      const { key } = await keys.rotate(by, now())
      await finish()
      return { key }
    },
  }
}

async function proofOf(
  index: number,
  given: Pick<EvidenceNeeds, 'store' | 'tiles' | 'witnessed'> & { readonly integrator: Integrator },
): Promise<LeafProof> {
  const { store, tiles, integrator } = given
  const witnessed = given.witnessed()
  const head = integrator.head()
  const covered = witnessed !== undefined && BigInt(index) < witnessed.size
  const checkpoint = covered ? witnessed : head && { size: BigInt(head.size), note: head.note }
  const [leaf] = await store.leaves(index, 1)
  if (!checkpoint || BigInt(index) >= checkpoint.size || leaf?.index !== index) {
    return { state: 'durable' }
  }
  const { size, note } = checkpoint
  // Read out of the newest tree: the partial tiles of one witnessed long ago are swept away.
  const readNode = nodeReader(tiles, BigInt(head?.size ?? 0))
  const proof = await inclusionProof(BigInt(index), size, readNode)
  const text = formatProof({ extra: leaf.bytes, index: BigInt(index), proof, checkpoint: note })
  return { state: covered ? 'witnessed' : 'integrated', text }
}
