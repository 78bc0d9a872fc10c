import { parseLeaf } from '../parse-leaf.ts'
import type { LeafRecord } from '../record.ts'
import type { BundleSource } from '../source.ts'
import type { Trust } from '../trust.ts'
import { watchApiKeys } from './api-keys.ts'
import { type Approvals, watchApprovals } from './approvals.ts'
import { type Cedar, loadCedar } from './cedar.ts'
import { watchChains } from './chains.ts'
import { openArchive } from './checkpoints.ts'
import { checkNames } from './codes.ts'
import { watchCommitments } from './commitments.ts'
import { type Cosigned, watchDates } from './dates.ts'
import { watchDecisions } from './decisions.ts'
import { holdEdge } from './edge.ts'
import { watchForwarded } from './forwarded.ts'
import { watchHeartbeats } from './heartbeats.ts'
import { watchIntents } from './intents.ts'
import { takeInventory } from './inventory.ts'
import { type NamedKeys, watchKeys } from './keys.ts'
import { watchLocks } from './locks.ts'
import { type Manifest, parseManifest } from './manifest.ts'
import { watchMasks } from './masks.ts'
import { type Newest, readNewest } from './newest.ts'
import { watchPairing } from './pairing.ts'
import { openPayloads } from './payloads.ts'
import { type Remembered, remember } from './remembered.ts'
import { watchReviews } from './reviews.ts'
import { watchRulebooks } from './rulebooks.ts'
import { watchShortened } from './shortened.ts'
import { openSince, together } from './since.ts'
import { readOrFind } from './stored.ts'
import { watchStreams } from './streams.ts'
import { type ShownLeaf, walkTree } from './tree.ts'
import { type Gone, openReport, type Report, type Scope, type Verdict } from './verdict.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

export type VerifyOptions = {
  /**
   * A bundle that holds less than this is a failure. Absent: `whole`. What a bundle says of itself nobody
   * signed, so a part of a log verifies only for those who asked for a part.
   */
  readonly expect?: Scope
  /**
   * Texts of checkpoints or receipts of this log from before: one that the log of today does not contain is
   * a failure. `verifyBundle` throws `EvidenceError` `since-malformed` for a text that is none.
   */
  readonly since?: readonly string[]
  /** Called now and then with the records walked so far, and all there are. */
  readonly onProgress?: (done: number, size: number) => void
  /** How to come by Cedar; absent: the optional peer `@cedar-policy/cedar-wasm`, where it is installed. */
  readonly cedar?: () => Promise<Cedar | undefined>
}

/**
 * Verifies an export, or the folder of a running log, against what the auditor trusts, and nothing else:
 * the tree up to the signed checkpoint, and what its records say. The verdict tells what was found; an
 * error is thrown only where the source cannot be read (`EvidenceError` `source-unreadable`).
 *
 * One pass over the records, in memory that does not grow with their number but for three bytes of each that
 * has payloads.
 */
export async function verifyBundle(
  source: BundleSource,
  trust: Trust,
  options: VerifyOptions = {},
): Promise<Verdict> {
  const report = openReport()
  const manifest = await readManifest(source, report)
  const scope = manifest?.scope ?? 'whole'
  const { expect = 'whole' } = options
  if (reach[scope] < reach[expect]) {
    report.find('scope-unmet', { detail: `it is a ${scope} bundle, and ${expect} was expected` })
  }
  const trusted = await readNewest({ source, report, isExport: manifest !== undefined }, trust)
  report.examined('signatures')
  if (!trusted) {
    for (const check of others) report.notChecked(check, 'there is no checkpoint to trust')
    return report.close({ origin: '', size: 0n, scope, witnesses: [] })
  }
  const { origin, size } = trusted.checkpoint
  if (manifest && !describes(manifest, origin, size)) {
    report.find('manifest-mismatch', { file: 'bundle.json' })
  }
  const count = Number(size)
  const edge = manifest ? source : await holdEdge(source, size)
  const inventory = await takeInventory(source, { size: count, manifest, report })
  const isWhole = scope === 'whole'
  const scene: Scene = { source: edge, inventory, manifest, origin, size: count, isWhole, report }
  if (!showsItsEnds(scene)) report.find('manifest-mismatch', { file: 'bundle.json' })
  const walked = await walk(scene, trust, trusted, options)
  const { witnesses } = trusted
  return report.close({ origin, size, scope, ...partOf(manifest), witnesses, ...walked })
}

/** What it says of itself, which the records shown bear out or do not. */
function partOf(manifest: Manifest | undefined): Pick<Verdict, 'part'> {
  if (!manifest || manifest.scope === 'whole') return {}
  const { from, to, session } = manifest
  return { part: { from, to, ...(session !== undefined && { session }) } }
}

function describes(manifest: Manifest, origin: string, size: bigint): boolean {
  const isAll = manifest.from === 0 && manifest.to === manifest.size
  // Nothing is in every log: a bundle that means to show no record proves none.
  if (manifest.from === manifest.to && size > 0n) return false
  const fits = manifest.origin === origin && BigInt(manifest.size) === size
  return fits && (manifest.scope !== 'whole' || isAll)
}

/** A session's first and last record are among those shown. */
function showsItsEnds({ manifest, inventory }: Scene): boolean {
  if (manifest?.scope !== 'session') return true
  return [manifest.from, manifest.to - 1].every((index) => inventory.leaves.includes(index))
}

const reach: Readonly<Record<Scope, number>> = { session: 0, range: 1, whole: 2 }
const others = checkNames.filter((check) => check !== 'signatures')

/** Returns the last record shown, and what became of payloads. */
async function walk(
  scene: Scene,
  trust: Trust,
  trusted: Newest,
  { since = [], onProgress, cedar = loadCedar }: VerifyOptions,
): Promise<Pick<Verdict, 'lastRecord' | 'gone'>> {
  const kept = await openSince(scene, trust, since)
  const archive = await openArchive(scene, trust, trusted)
  const earlier = together(archive, kept)
  let lastRecord: Verdict['lastRecord']
  const remembered = remember(scene)
  const keys = watchKeys(scene, trusted)
  const needs = { keys, cosigned: archive.cosigned, remembered, cedar: await cedar() }
  const { watches, gone } = watchAll(scene, needs)
  const visit = async (leaves: readonly ShownLeaf[]) => {
    for (const shown of leaves) {
      const record = readRecord(scene.report, shown)
      if (!record) continue
      const leaf: SeenLeaf = { index: shown.index, hash: shown.hash, record }
      remembered.note(leaf)
      for (const watch of watches) {
        // Most checks look and are done: waiting for nothing costs more than looking.
        const seen = watch.see(leaf)
        if (seen) await seen
      }
      remembered.forget(leaf)
      lastRecord = { index: shown.index, time: record.time }
    }
    const last = leaves.at(-1)
    if (last) onProgress?.(last.index + 1, scene.size)
  }
  const { marks, passed } = earlier
  await walkTree(
    { ...scene, root: trusted.checkpoint.root, due: dueOf(scene) },
    { marks, passed, visit },
  )
  await earlier.end(keys)
  for (const { end } of watches) await end?.()
  return { gone: gone(), ...(lastRecord && { lastRecord }) }
}

/** A bundle of a session shows records of the session it names. */
function watchSession({ manifest, report }: Scene): Watch {
  let isShown = manifest?.scope !== 'session'
  return {
    see: ({ record }) => {
      if ('session' in record && record.session === manifest?.session) isShown = true
    },
    end: () => {
      if (!isShown) report.find('manifest-mismatch', { file: 'bundle.json' })
    },
  }
}

/** Which records a bundle of this scope has to hold. A session's are scattered, and each is a file. */
function dueOf({ manifest, size }: Scene): { readonly from: number; readonly to: number } {
  if (manifest?.scope === 'session') return { from: 0, to: 0 }
  return manifest ? { from: manifest.from, to: manifest.to } : { from: 0, to: size }
}

/** In this order: the content of a rulebook is asked for by the checks behind the one that finds it. */
function watchAll(
  scene: Scene,
  {
    keys,
    cosigned,
    remembered,
    cedar,
  }: {
    readonly keys: NamedKeys
    readonly cosigned: readonly Cosigned[]
    readonly remembered: Remembered
    readonly cedar: Cedar | undefined
  },
): { readonly watches: readonly Watch[]; readonly gone: () => Gone } {
  const payloads = openPayloads(scene)
  const rulebooks = watchRulebooks(scene)
  const about = { payloads, rulebooks, remembered, cedar }
  const reviews = watchReviews(scene, { ...about, approvals: () => approvals })
  const { timed } = reviews
  const approvals: Approvals = watchApprovals(scene, { ...about, timed })
  const { clearances, electorate } = approvals
  const needs = { ...about, clearances, electorate, timed }
  const commitments = watchCommitments(scene, needs)
  const watches = [
    keys,
    watchChains(scene),
    rulebooks,
    watchIntents(scene, needs),
    watchDecisions(scene, needs),
    approvals,
    reviews,
    commitments,
    watchStreams(scene),
    watchMasks(scene, needs),
    watchForwarded(scene, needs),
    watchPairing(scene),
    watchLocks(scene),
    watchApiKeys(scene),
    watchDates(scene, cosigned),
    watchShortened(scene),
    watchHeartbeats(scene),
    watchSession(scene),
  ]
  return { watches, gone: commitments.gone }
}

function readRecord(report: Report, { index, bytes }: ShownLeaf): LeafRecord | undefined {
  try {
    return parseLeaf(bytes)
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown
    report.find('leaf-malformed', { record: index, detail: thrown.message })
    return undefined
  }
}

async function readManifest(source: BundleSource, report: Report): Promise<Manifest | undefined> {
  const file = 'bundle.json'
  const bytes = await readOrFind({ source, report }, file)
  const manifest = bytes && parseManifest(bytes)
  if (bytes && !manifest) report.find('manifest-malformed', { file })
  return manifest
}
