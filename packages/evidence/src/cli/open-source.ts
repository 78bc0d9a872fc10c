import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EvidenceError } from '../error.ts'
import { type BundleSource, irregular, isBundlePath, tooLarge, urlSource } from '../source.ts'
import { openZip, type RandomAccess } from '../zip.ts'

/**
 * A folder, a zip file, or the address of a web server that serves a log folder. Throws `EvidenceError`
 * when there is no such thing or it cannot be read.
 */
export async function openSource(target: string): Promise<BundleSource> {
  if (/^https?:\/\//.test(target)) return urlSource(target)
  const found = await readable(target, () => stat(target))
  if (!found) throw new EvidenceError('source-unreadable', `there is no file or folder ${target}`)
  if (found.isDirectory()) return folderSource(target)
  if (!found.isFile()) throw irregular()
  const handle = await open(target, 'r')
  try {
    return await openZip(fileAccess(handle, found.size))
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
}

function folderSource(folder: string): BundleSource {
  const isInside = openInside(folder)
  return {
    read: async (path, bytesMax) => {
      if (!isBundlePath(path))
        throw new EvidenceError('source-path', 'a path is not one of a bundle')
      return readable(path, async () => {
        if (!(await isInside(dirname(path)))) throw irregular()
        return readRegular(join(folder, path), bytesMax)
      })
    },
    list: () => listFolder(folder, ''),
    close: async () => {},
  }
}

/**
 * Whether a folder of the bundle is one, and no link to elsewhere. Asked once for each: a folder holds a
 * thousand tiles.
 */
function openInside(root: string): (folder: string) => Promise<boolean> {
  const known = new Map<string, boolean>()
  return async (folder) => {
    const before = known.get(folder)
    if (before !== undefined) return before
    const [here, there] = [join(await realpath(root), folder), await realpath(join(root, folder))]
    if (known.size >= foldersMax) known.clear()
    known.set(folder, here === there)
    return here === there
  }
}

const foldersMax = 10_000

/**
 * A file's bytes. A link is not followed and a pipe is not waited for. The file is read to the length it
 * has when it is opened: a log's files are never added to, and a device has no length. Not asynchronous:
 * a log is many small files, and four trips to another thread cost more than the file.
 */
function readRegular(path: string, bytesMax: number): Uint8Array {
  // Windows has neither flag, and no pipes in folders.
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  try {
    const found = fstatSync(file)
    if (!found.isFile()) throw irregular()
    if (found.size > bytesMax) throw tooLarge()
    const bytes = new Uint8Array(found.size)
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(file, bytes, at, bytes.length - at, at)
      if (count === 0) return bytes.subarray(0, at)
      at += count
    }
    return bytes
  } finally {
    closeSync(file)
  }
}

async function* listFolder(root: string, below: string): AsyncGenerator<string> {
  const inside = () => readdir(join(root, below), { withFileTypes: true })
  for (const entry of (await readable(below, inside)) ?? []) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`
    if (entry.isDirectory()) yield* listFolder(root, path)
    else yield path
  }
}

function fileAccess(handle: FileHandle, size: number): RandomAccess {
  return {
    size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(length)
      for (let at = 0; at < length; ) {
        const { bytesRead } = await handle.read(bytes, at, length - at, offset + at)
        if (bytesRead === 0) return bytes.subarray(0, at)
        at += bytesRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
}

/** Undefined where there is nothing; every other trouble is one. */
async function readable<Value>(
  path: string,
  read: () => Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    // What opening a link says that is not to be followed, and opening a socket.
    if (code === 'ELOOP' || code === 'EMLINK' || code === 'ENXIO') throw irregular()
    throw new EvidenceError('source-unreadable', `${path} cannot be read (${code})`, { cause })
  }
}
