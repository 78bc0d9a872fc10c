import { consistencyProof, formatProof, inclusionProof } from '@sallyport/evidence/log'
import type { Limits } from '../config/limits.ts'
import type { Ledger, Store } from '../store/store.ts'
import type { WatchedClock } from './clock.ts'
import { contradicts } from './contradicts.ts'
import type { EvidenceLog, LeafProof } from './evidence-log.ts'
import { startHeartbeat } from './heartbeat.ts'
import { type Integrator, LogRefused, openIntegrator } from './integrate.ts'
import { openLedger } from './ledger.ts'
import type { LogKeys } from './log-key.ts'
import { openPublishLoop, type PublishLoop } from './publish-loop.ts'
import { reconcile } from './reconcile.ts'
import { openRotations } from './rotate-key.ts'
import { publishRulebooks } from './rulebook-file.ts'
import type { ShownHead } from './shown-fork.ts'
import type { TileStore } from './tile-store.ts'
import { nodeReader } from './tree.ts'

/** Stands beside `checkpoint` in the published log: the newest that the quorum has cosigned. */
export const witnessedPath = 'checkpoint.witnessed'

/** A checkpoint and how many leaves are under it. */
type Witnessed = { readonly size: bigint; readonly note: string }

export type EvidenceNeeds = {
  readonly store: Store
  readonly tiles: TileStore
  readonly keys: LogKeys
  readonly origin: string
  readonly boot: string
  readonly holder: string
  readonly clock: WatchedClock
  readonly limits: Pick<
    Limits,
    | 'archiveMs'
    | 'growthLeaves'
    | 'heartbeatMs'
    | 'instanceGoneMs'
    | 'integratorLeaseMs'
    | 'lostOutcomeMs'
    | 'publishDelayMs'
    | 'publishRetryMs'
    | 'publishRetryMsMax'
    | 'unpublishedMs'
  >
  /** The newest checkpoint that the quorum of witnesses has cosigned. */
  readonly witnessed: () => Witnessed | undefined
  readonly trust: () => string
  /** Told of every checkpoint once it is published by this gateway. Must not wait. */
  readonly onPublished: (note: string) => void
  /** Told of the last one before a stop, which waits for it: who cosigns it has to do so now. */
  readonly onLast: (note: string) => Promise<void>
  /** The same, when another gateway has published it. */
  readonly onFollowed: (note: string) => void
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
  /**
   * Whether a head that this log's key signed is none of this log: it says more than was ever signed here, or
   * something else. Rejects when that cannot be told now.
   */
  readonly contradicts: (head: ShownHead) => Promise<boolean>
  /** Signs and publishes nothing more, until a restart: this log is not the one that was seen under its key. */
  readonly stopSigning: (why: string) => Promise<void>
  /** Whether this gateway is the one that publishes. */
  readonly publishes: () => boolean
  /** Why it is not as it should be, for probes; undefined when all is well. */
  readonly trouble: () => string | undefined
  readonly failures: () => number
  /** Records what is still open as indeterminate, then the stop, publishes it, and leaves the store open for reading. */
  readonly close: () => Promise<void>
}

/**
 * Takes the log over and publishes what is stored, then everything that is committed through its ledger.
 * Rejects with `LogRefused` when what is stored cannot be what was published.
 */
export async function openEvidence(needs: EvidenceNeeds): Promise<Evidence> {
  const { store, tiles, keys, origin, clock, limits } = needs
  const { now } = clock
  await keys.retire(now())
  const integrator = await openIntegrator({ ...needs, now, batchLeaves: limits.growthLeaves })
  const archive = openArchive(integrator, { ...needs, now })
  const gone = openGone({ ...needs, now })
  const loop = openPublishLoop({
    integrator,
    delayMs: limits.publishDelayMs,
    retryMs: limits.publishRetryMs,
    retryMsMax: limits.publishRetryMsMax,
    // A lease is to be renewed, and another's watched.
    idleMs: store.instances === 'many' ? limits.integratorLeaseMs / 3 : undefined,
    onPublished: async () => {
      const head = integrator.head()
      if (!integrator.leads()) {
        if (head) needs.onFollowed(head.note)
        return
      }
      if (archive.isDue()) {
        await archive.now()
        await keys.retire(now())
      }
      // A log that can be written again says which key signs it.
      if (keys.unrecorded().length > 0) void rotations.finish().catch(() => undefined)
      if (head) needs.onPublished(head.note)
      await gone.look()
    },
    onFailure: needs.onFailure,
    onRecovery: needs.onRecovery,
  })
  const trouble = () => troubleOf(loop.failing(), limits.unpublishedMs)
  const ledger = openLedger({
    store,
    now,
    objection: clock.objection,
    nudge: loop.nudge,
    refusing: () => trouble()?.refuses,
    lostAfterMs: limits.lostOutcomeMs,
  })
  const rotations = openRotations({ ledger, store, keys, now })
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
    addSignatures: (note) => loop.between(() => archive.republish(note)),
    consistency: (size1, size2) =>
      consistencyProof(size1, size2, nodeReader(tiles, BigInt(integrator.head()?.size ?? 0))),
    contradicts: (shown) => contradicts(shown, { store, tiles, head: integrator.head }),
    stopSigning: (why) => loop.refuse(new LogRefused(why)),
    trouble: () => store.refusing() ?? clock.jumped() ?? trouble()?.why,
    failures: loop.failures,
    publishes: integrator.leads,
    close: async () => {
      await heart.stop()
      await ledger.close()
      const { refused } = await loop.close()
      // Where it cannot be written, the next start says it.
      await reconcile(store, { boot: needs.boot, now, reason: 'stop' }).catch(() => undefined)
      await store.stop()
      // What cannot be published now is published by the next start, which finds out whether it may be.
      if (!refused) await archive.end().catch(needs.onFailure)
      await integrator.release().catch(() => undefined)
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
 * was witnessed is often not the newest, and not published with its cosignatures: it is kept as well, and stands
 * beside `checkpoint` all the time, for whoever asks for a quorum just when a newer one has been published.
 */
function openArchive(
  integrator: Integrator,
  given: Pick<EvidenceNeeds, 'limits' | 'onLast' | 'tiles' | 'witnessed'> & {
    readonly now: () => number
  },
) {
  const { tiles, limits, now, witnessed } = given
  let dueAt = 0
  let shown: string | undefined
  const archive = async () => {
    const head = integrator.head()
    if (!head || !integrator.leads()) return
    await tiles.put(`checkpoints/${head.size}`, Buffer.from(head.note))
    const cosigned = witnessed()
    if (cosigned) await tiles.put(`checkpoints/${cosigned.size}`, Buffer.from(cosigned.note))
    dueAt = now() + limits.archiveMs
  }
  return {
    now: archive,
    isDue: () => now() >= dueAt,
    /** The newest, if it still is, with more signatures; and what the quorum has cosigned, newest or not. */
    republish: async (signed: string) => {
      const isNewest = await integrator.republish(signed)
      const note = witnessed()?.note
      if (note !== undefined && note !== shown && integrator.leads()) {
        await tiles.put(witnessedPath, Buffer.from(note))
        shown = note
      }
      return isNewest
    },
    /** Publishes what is left before a stop, and has it cosigned: without that a quorum is not met until the next start. */
    end: async () => {
      await integrator.run()
      const head = integrator.head()
      if (head && integrator.leads()) await given.onLast(head.note)
      await archive()
    },
  }
}

/**
 * Says of the calls of gateways that are gone, and will not come back to say it themselves, that nobody knows. A
 * failure leaves it to the next look.
 */
function openGone(
  given: Pick<EvidenceNeeds, 'store' | 'boot' | 'limits'> & { readonly now: () => number },
) {
  const { store, boot, now, limits } = given
  let lookedAt = performance.now()
  return {
    look: async () => {
      const isDue = performance.now() - lookedAt >= limits.instanceGoneMs
      if (store.instances === 'one' || !isDue) return
      lookedAt = performance.now()
      await reconcile(store, { boot, now, reason: 'restart' }).catch(() => undefined)
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
