import { randomBytes } from 'node:crypto'
import { link, open, rename, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Creates a file (mode 0600) that is there whole or not at all, whatever happens meanwhile, and durable
 * when this resolves. False: somebody else's was there already, and stays.
 */
export async function createWhole(path: string, text: string): Promise<boolean> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    await writeSynced(draft, { text, flags: 'wx' })
    await link(draft, path)
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown
    return false
  } finally {
    await unlink(draft).catch(() => undefined)
  }
  await syncFolder(dirname(path))
  return true
}

/** The new text could not be written, and the file holds what it held before. */
export class NotReplaced extends Error {
  override readonly name = 'NotReplaced'
}

/**
 * Replaces a file by a whole new one, durable when this resolves. `NotReplaced`: nothing has changed.
 * Anything else thrown: which of the two survives a power cut is not known. The draft has one name, so
 * that a crash leaves at most one behind, and the next replacement overwrites it.
 */
export async function replaceWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.draft`
  try {
    await writeSynced(draft, { text, flags: 'w' })
  } catch (cause) {
    throw new NotReplaced(`${path} could not be written`, { cause })
  }
  await rename(draft, path)
  await syncFolder(dirname(path))
}

async function writeSynced(
  path: string,
  { text, flags }: { readonly text: string; readonly flags: 'w' | 'wx' },
): Promise<void> {
  const file = await open(path, flags, 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A name is durable only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
