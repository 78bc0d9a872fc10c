import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { limits } from '../config/limits.ts'
import type { Publication } from '../store/publication.ts'
import { Conflict, type Leaves, type Store } from '../store/store.ts'
import {
  type Head,
  readHead,
  readNewestHead,
  readPublishedHead,
  rebuildTree,
  type SignedHead,
  signHead,
} from './head.ts'
import { Fenced, openLease } from './integrator-lease.ts'
import { leafPages } from './leaf-pages.ts'
import type { LogKeys } from './log-key.ts'
import { encodeStaged, readStaged } from './staged.ts'
import type { LogFile, TileStore } from './tile-store.ts'
import { emptyTree, type Grown, grow, readTree, type Tree, treeSize } from './tree.ts'

export type IntegratorNeeds = {
  readonly store: Publication & Pick<Leaves, 'leaves' | 'size'> & Pick<Store, 'instances'>
  readonly tiles: TileStore
  readonly keys: Pick<LogKeys, 'sign' | 'verifierKeys'>
  readonly origin: string
  /** Who this integrator is, for people who look at the database. */
  readonly holder: string
  readonly now: () => number
  /** Leaves of one growth: what is held and staged at once. */
  readonly batchLeaves: number
}

/** Turns stored leaves into a published tree. One at a time: the caller waits before it calls again. */
export type Integrator = {
  /**
   * Publishes everything that is stored by now, or, while another gateway has that task, follows what it
   * publishes. Rejects when it could not; calling again tries again.
   */
  readonly run: () => Promise<void>
  /** Whether this gateway has the task, as far as it knows. */
  readonly leads: () => boolean
  /** What is published. */
  readonly head: () => SignedHead | undefined
  /** Publishes the same checkpoint with more signatures, if it is still the newest. False: it is not. */
  readonly republish: (note: string) => Promise<boolean>
  /** Lets another gateway have the task at once. */
  readonly release: () => Promise<void>
}

/** What is stored and what was published cannot both be true. Nothing is signed until a person decides. */
export class LogRefused extends Error {
  override readonly name = 'LogRefused'
}

/**
 * Claims the log and makes what is published equal to what was signed, or rejects with `LogRefused`. The
 * order is Sunlight's: stage all files, swap the signed checkpoint in, publish the files, publish the
 * checkpoint, drop what was staged. A crash before the swap leaves files that mean nothing; one after it
 * is finished by the next start, by the same functions. Of several gateways that share the store one has the
 * task, for as long as it renews its lease; the others take over when that lapses.
 */
export async function openIntegrator(needs: IntegratorNeeds): Promise<Integrator> {
  const { store, tiles } = needs
  const lease = await openLease(needs)
  const isOurs = lease.fence() !== undefined
  const restored = isOurs ? await lease.keeping(() => restore(needs)) : undefined
  let tree = restored?.tree ?? emptyTree
  let head = restored ? restored.head : await readNewestHead(needs)
  /** False from a failure or a takeover on until what is stored and what is published were compared again. */
  let sound = isOurs
  let sweep: readonly string[] = []
  const standby = openStandby(needs)

  const settle = async () => {
    if (sound) return
    const again = await restore(needs)
    tree = again.tree
    head = again.head
    sound = true
  }
  const growOnce = async (size: number, fence: number) => {
    const from = treeSize(tree)
    const grown = await growTo(store, tree, Math.min(size, from + needs.batchLeaves))
    const at = signingTime(needs, grown.last, head)
    const next = await signHead(needs, { size: grown.size, root: grown.root, at })
    const staged = encodeStaged(grown.files)
    sound = false
    await tiles.put(stagingPath(next), staged)
    await swap(store, { fence, expectedSize: head?.size ?? 0, head: next })
    await publish(tiles, { files: grown.files, head: next, mayShow: lease.isKept })
    tree = grown.tree
    head = next
    sound = true
    const replaced = sweep
    sweep = replacedPartials(grown.files)
    for (const folder of replaced) await tiles.deleteFolder(folder)
  }
  const growAll = async () => {
    await settle()
    // What comes meanwhile is the next run's: under load there is always more, and each growth has its price.
    const size = await store.size()
    while (treeSize(tree) < size) {
      const fence = lease.fence()
      if (fence === undefined) return
      await growOnce(size, fence)
    }
  }
  return {
    run: async () => {
      const taken = await lease.take()
      if (taken !== 'kept') sound = false
      if (taken === 'elsewhere') {
        head = await standby.follow()
        return
      }
      try {
        await lease.keeping(growAll)
      } catch (thrown) {
        // Another may be able to do what this one is not.
        await lease.release().catch(() => {})
        throw thrown
      }
    },
    leads: () => lease.fence() !== undefined,
    head: () => head,
    republish: async (note) => {
      const textOf = (signed: string) => signed.slice(0, signed.lastIndexOf('\n\n'))
      if (!sound || !head || textOf(head.note) !== textOf(note)) return false
      if (!(await lease.isKept())) return false
      await tiles.put('checkpoint', Buffer.from(note))
      head = { ...head, note }
      return true
    },
    release: lease.release,
  }
}

/**
 * Follows what another gateway publishes. Nobody may be let through on a log that is not published, whoever has
 * that task: what stays unpublished for longer than a lease is a failure here as well.
 */
function openStandby({ store, ...needs }: IntegratorNeeds): {
  readonly follow: () => Promise<SignedHead | undefined>
} {
  let behind: { readonly size: number; readonly since: number } | undefined
  return {
    follow: async () => {
      const stored = await store.size()
      const head = await readNewestHead(needs)
      const published = head?.size ?? 0
      if (behind && published >= behind.size) behind = undefined
      if (published < stored) behind ??= { size: stored, since: performance.now() }
      if (behind && performance.now() - behind.since > limits.integratorLeaseMs) {
        throw new Error('the gateway whose task it is does not publish')
      }
      return head
    },
  }
}

type Restored = { readonly tree: Tree; readonly head: SignedHead | undefined }

/** Page by page, so that nobody waits long; of each tile only the last state is written. */
async function growTo(
  store: Pick<Leaves, 'leaves'>,
  tree: Tree,
  to: number,
): Promise<Grown & { readonly last: Uint8Array }> {
  const files = new Map<string, LogFile>()
  let grown: (Grown & { readonly last: Uint8Array }) | undefined
  for await (const page of leafPages(store, treeSize(tree), to)) {
    const last = page.at(-1)
    if (!last) continue
    grown = { ...grow(grown?.tree ?? tree, page), last }
    for (const file of grown.files) files.set(file.path.replace(/\.p\/\d+$/, ''), file)
  }
  if (!grown) throw new Error('there is nothing to grow by')
  return { ...grown, files: [...files.values()] }
}

type Compared = {
  readonly signed: SignedHead | undefined
  readonly published: SignedHead | undefined
}

/**
 * What is stored beside what is published. Changes nothing. Throws `LogRefused` when the store is older than
 * what is published, or holds fewer leaves than were signed.
 */
export async function compareHeads(
  needs: Pick<IntegratorNeeds, 'keys' | 'origin' | 'tiles'> & {
    readonly store: Pick<Publication, 'storedCheckpoint'> & Pick<Leaves, 'size'>
  },
): Promise<Compared> {
  const { store } = needs
  // First, so that what another gateway publishes meanwhile does not look like more than what is stored.
  const shown = await readPublishedHead(needs)
  const stored = await store.storedCheckpoint()
  const signed = stored && (await readHead(needs, stored.note, stored.at))
  assertNotRolledBack({ signed, published: shown })
  if (signed && (await store.size()) < signed.size) throw new LogRefused(rolledBack)
  return { signed, published: await readNewestHead(needs) }
}

/** Finishes what a crash or a failure cut short. */
async function restore(needs: IntegratorNeeds): Promise<Restored> {
  const { tiles } = needs
  const { signed, published } = await compareHeads(needs)
  if (!signed) {
    await dropStaged(tiles)
    return { tree: emptyTree, head: undefined }
  }
  if (published?.size !== signed.size) {
    const staged = await tiles.get(stagingPath(signed))
    // What somebody else put there is left out, and the tiles are made anew from the leaves.
    const files = staged && (await readStaged(tiles, { staged, head: signed }))
    if (files) await publish(tiles, { files, head: signed, mayShow: async () => true })
  }
  const tree = (await readTree(tiles, signed)) ?? (await rebuildTree(needs, signed))
  if (!tree) {
    throw new LogRefused(
      `The leaves in the database are not those of the checkpoint that was signed over ${signed.size} of them: the database was changed. ${recovery}`,
    )
  }
  if (published?.size !== signed.size) await tiles.put('checkpoint', Buffer.from(signed.note))
  await dropStaged(tiles)
  // Witnesses may have signed the published one since.
  return {
    tree,
    head: published?.size === signed.size ? { ...signed, note: published.note } : signed,
  }
}

/** What was staged and never swapped in, or is published by now. */
async function dropStaged(tiles: TileStore): Promise<void> {
  for (const name of await tiles.list('staging')) {
    if (/^\d+-/.test(name)) await tiles.delete(`staging/${name}`)
  }
}

const recovery =
  'Put the newest database back, or run `sallyport evidence recover --from-tiles` to rebuild it from what was published.'
const rolledBack = `The database is older than what was already published: was it restored from a backup? Signing on would show two histories of one log. ${recovery}`

function assertNotRolledBack(heads: {
  readonly signed: Head | undefined
  readonly published: Head | undefined
}): void {
  const { signed, published } = heads
  if (!published || (signed && published.size < signed.size)) return
  const same = signed?.size === published.size && Buffer.from(signed.root).equals(published.root)
  if (!same) throw new LogRefused(rolledBack)
}

function stagingPath({ size, root }: Head): string {
  return `staging/${size}-${Buffer.from(root).toString('hex')}`
}

async function swap(
  store: Publication,
  given: { readonly fence: number; readonly expectedSize: number; readonly head: SignedHead },
): Promise<void> {
  const { fence, expectedSize, head } = given
  const { size, note, at } = head
  try {
    await store.swapCheckpoint({ fence, expectedSize, size, note, at })
  } catch (thrown) {
    if (!(thrown instanceof Conflict)) throw thrown
    throw new Fenced(thrown)
  }
}

/**
 * Applies what was staged, then lets the world see it. Doing it twice changes nothing. Whoever was held up for so
 * long that another took over has to leave the checkpoint alone: it may be a newer one by now.
 */
async function publish(
  tiles: TileStore,
  given: {
    readonly files: readonly LogFile[]
    readonly head: SignedHead
    readonly mayShow: () => Promise<boolean>
  },
): Promise<void> {
  const { files, head } = given
  for (let start = 0; start < files.length; start += putsAtOnce) {
    const some = files.slice(start, start + putsAtOnce)
    await Promise.all(some.map(({ path, bytes }) => tiles.put(path, bytes)))
  }
  if (!(await given.mayShow())) throw new Fenced()
  await tiles.put('checkpoint', Buffer.from(head.note))
  await tiles.delete(stagingPath(head))
}

/** Node has four threads for files and signatures; callers' tokens are verified on the others. */
const putsAtOnce = 2
/**
 * The time of the next checkpoint. A clock behind the last leaf or the last checkpoint would let a
 * checkpoint claim a time before what it covers: nothing is signed until the clock is right. The clocks of
 * several gateways differ a little, always: then it is the time of what it covers.
 */
function signingTime(
  { now, store }: Pick<IntegratorNeeds, 'now' | 'store'>,
  last: Uint8Array,
  head: SignedHead | undefined,
): number {
  const lastMs = Math.max(Date.parse(parseLeaf(last).time), head?.at ?? 0)
  const behindMs = lastMs - now()
  if (behindMs <= 0) return now()
  if (store.instances === 'many' && behindMs <= limits.clockLeewayMs) return lastMs
  throw new Error(`the clock is ${behindMs} ms behind what is already in the log`)
}

/**
 * The partial files that the full ones of this growth replace, as folders: a log keeps them as long as the
 * full one is not there (tlog-tiles, partial tiles), and we for one growth more, for who is just reading.
 */
function replacedPartials(files: readonly LogFile[]): readonly string[] {
  return files.filter(({ path }) => !path.includes('.p/')).map(({ path }) => `${path}.p`)
}
