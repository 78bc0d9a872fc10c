import {
  EvidenceError,
  formatCheckpoint,
  parseCheckpoint,
  verifyNote,
} from '@sallyport/evidence/log'
import type { Leaves } from '../store/store.ts'
import { leafPages } from './leaf-pages.ts'
import type { LogKeys } from './log-key.ts'
import type { TileStore } from './tile-store.ts'
import { emptyTree, grow, type Tree } from './tree.ts'

/** The head of the tree. Sizes of our own log fit a number: 2^53 leaves take longer than we have. */
export type Head = { readonly size: number; readonly root: Uint8Array }

export type SignedHead = Head & {
  /** The checkpoint as a signed note. */
  readonly note: string
  /** When it was signed, Unix milliseconds; 0 where that is not known. */
  readonly at: number
}

type Signing = { readonly keys: Pick<LogKeys, 'sign' | 'verifierKeys'>; readonly origin: string }

export async function signHead(
  { keys, origin }: Signing,
  { size, root, at }: Head & { readonly at: number },
): Promise<SignedHead> {
  const text = formatCheckpoint({ origin, size: BigInt(size), root })
  return { size, root, at, note: await keys.sign(text, at) }
}

/** Rejects when the note is not a checkpoint of this log signed by one of its keys. */
export async function readHead(
  { keys, origin }: Signing,
  note: string,
  at: number,
): Promise<SignedHead> {
  const { text } = await verifyNote(note, keys.verifierKeys())
  const { origin: found, size, root } = parseCheckpoint(text)
  if (found !== origin)
    throw new Error(`a checkpoint of the log "${found}" stands in this one's place`)
  return { size: Number(size), root, note, at }
}

/** What stands in `checkpoint`. Rejects when that is no checkpoint of this log. */
export async function readNewestHead(
  needs: Signing & { readonly tiles: Pick<TileStore, 'get'> },
): Promise<SignedHead | undefined> {
  const text = await needs.tiles.get('checkpoint')
  return text && (await readHead(needs, Buffer.from(text).toString(), 0).catch(namingKeys(needs)))
}

/** A key file of another log may stand in the home, under the same origin. */
function namingKeys({ keys, origin }: Signing): (thrown: unknown) => never {
  return (thrown) => {
    if (!(thrown instanceof EvidenceError) || thrown.code !== 'signature-missing') throw thrown
    const known = keys.verifierKeys().map((key) => key.split('+', 2).join('+'))
    throw new Error(
      `the file "checkpoint" of the published log ${origin} is signed with none of this gateway's keys ` +
        `(${known.join(', ')}). Put the log-key.json of that log back, or move its folder away`,
      { cause: thrown },
    )
  }
}

/**
 * The largest checkpoint of this log that is published, the archived ones included: one file may be gone, or
 * older than the rest. Rejects when the newest is there and is none. What is none in the archive says nothing.
 */
export async function readPublishedHead(
  needs: Signing & { readonly tiles: Pick<TileStore, 'get' | 'list'> },
): Promise<SignedHead | undefined> {
  const { tiles } = needs
  const newest = await readNewestHead(needs)
  const sizes = (await tiles.list('checkpoints'))
    .filter((name) => /^[1-9]\d{0,15}$/.test(name))
    .map(Number)
    // Of the same size as well: there may be two of one size.
    .filter((size) => size >= (newest?.size ?? 0))
    .toSorted((a, b) => b - a)
  for (const size of sizes) {
    const note = await tiles.get(`checkpoints/${size}`)
    const archived =
      note && (await readHead(needs, Buffer.from(note).toString(), 0).catch(() => undefined))
    if (archived?.size !== size) continue
    const isNews = !newest || size > newest.size || !Buffer.from(archived.root).equals(newest.root)
    return isNews ? archived : newest
  }
  return newest
}

/**
 * Grows the tree anew from the stored leaves, writing every tile again, for when published files were lost.
 * Undefined when that does not lead to this head: then the leaves are others than those that were signed.
 */
export async function rebuildTree(
  needs: {
    readonly store: Pick<Leaves, 'leaves'>
    readonly tiles: TileStore
  },
  head: Head,
): Promise<Tree | undefined> {
  // First without writing: were the leaves changed, the files that are there are the better ones.
  for (const write of [false, true]) {
    let tree = emptyTree
    let root: Uint8Array | undefined
    for await (const page of leafPages(needs.store, 0, head.size)) {
      const grown = grow(tree, page)
      if (write) {
        for (const { path, bytes } of grown.files) await needs.tiles.put(path, bytes)
      }
      tree = grown.tree
      root = grown.root
    }
    if (!root || !Buffer.from(root).equals(head.root)) return undefined
    if (write) return tree
  }
  return undefined
}
