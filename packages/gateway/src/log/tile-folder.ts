import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { syncFolder } from './sync-folder.ts'
import type { TileStore } from './tile-store.ts'

/** Files on their way; on the same file system as where they go. What a crash left in it is removed. */
const draftFolder = 'staging/drafts'

/**
 * The published log as a folder: any web server can serve it, and a copy of it is an export. A file is
 * written whole under another name, synced, renamed and its folder synced: a crash, a full disk or a
 * folder that became read-only leaves the old file or the new one, never half of one. Not for network
 * file systems, whose rename and sync promise less.
 */
export async function openTileFolder(
  root: string,
  { isShared = false }: { readonly isShared?: boolean } = {},
): Promise<TileStore> {
  const known = new Set<string>()
  const absolute = (path: string) => {
    // Whoever names a file, beside the folder are the log's keys and its database.
    const isBelow = resolve(root, path).startsWith(`${resolve(root)}${sep}`)
    if (!isBelow) throw new Error('this names no file of the log: it lies outside of its folder')
    return join(root, path)
  }

  const makeFolder = async (path: string): Promise<void> => {
    if (known.has(path)) return
    const parent = dirname(path)
    if (parent !== path && path !== root) await makeFolder(parent)
    // Of several that come at once each syncs the parent before it goes on, whoever made the folder.
    await mkdir(path, { recursive: path === root, mode: 0o755 }).catch(unlessCode('EEXIST'))
    await syncFolder(parent)
    known.add(path)
  }
  const put: TileStore['put'] = async (path, bytes) => {
    const target = absolute(path)
    const draft = join(root, draftFolder, randomBytes(9).toString('hex'))
    try {
      await makeFolder(dirname(draft))
      await makeFolder(dirname(target))
      await writeSynced(draft, bytes)
      await rename(draft, target)
      await syncFolder(dirname(target))
    } catch (cause) {
      // A folder that somebody took away is made again with the next attempt.
      known.clear()
      await unlink(draft).catch(() => {})
      throw new Error(`${target} cannot be written (${codeOf(cause)})`, { cause })
    }
  }
  await removeDrafts(join(root, draftFolder), isShared ? sharedDraftMs : 0)
  return {
    put,
    get: async (path) => {
      try {
        return await readFile(absolute(path))
      } catch (cause) {
        if (isMissing(cause)) return undefined
        throw new Error(`${absolute(path)} cannot be read (${codeOf(cause)})`, { cause })
      }
    },
    list: async (folder) => {
      try {
        return await readdir(absolute(folder))
      } catch (cause) {
        if (isMissing(cause)) return []
        throw new Error(`${absolute(folder)} cannot be read (${codeOf(cause)})`, { cause })
      }
    },
    delete: async (path) => {
      try {
        await unlink(absolute(path))
      } catch (cause) {
        if (isMissing(cause)) return
        throw new Error(`${absolute(path)} cannot be removed (${codeOf(cause)})`, { cause })
      }
    },
    deleteFolder: async (folder) => {
      try {
        await rm(absolute(folder), { recursive: true, force: true })
        known.delete(absolute(folder))
      } catch (cause) {
        throw new Error(`${absolute(folder)} cannot be removed (${codeOf(cause)})`, { cause })
      }
    },
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o644)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Another gateway may just be writing to one; no file takes longer. */
const sharedDraftMs = 3_600_000

async function removeDrafts(folder: string, olderThanMs: number): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const draft = join(folder, name)
    const writtenAt = olderThanMs > 0 ? (await stat(draft).catch(() => undefined))?.mtimeMs : 0
    if (writtenAt === undefined || Date.now() - writtenAt < olderThanMs) continue
    // Where they cannot be removed nothing can be written either, and the first `put` says so.
    await unlink(draft).catch(() => {})
  }
}

function unlessCode(code: string): (thrown: unknown) => void {
  return (thrown) => {
    if (codeOf(thrown) !== code) throw thrown
  }
}

function isMissing(thrown: unknown): boolean {
  const code = codeOf(thrown)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'
}
