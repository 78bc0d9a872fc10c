import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EvidenceError } from '../error.ts'
import { type BundleSource, fileBytesMax, isBundlePath, urlSource } from '../source.ts'
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
  const handle = await open(target, 'r')
  try {
    return await openZip(fileAccess(handle, found.size))
  } catch (thrown) {
    await handle.close()
    throw thrown
  }
}

function folderSource(folder: string): BundleSource {
  return {
    read: async (path) => {
      if (!isBundlePath(path))
        throw new EvidenceError('source-path', 'a path is not one of a bundle')
      return readable(path, () => readWhole(join(folder, path)))
    },
    list: () => listFolder(folder, ''),
    close: async () => {},
  }
}

async function readWhole(path: string): Promise<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    if (size > fileBytesMax) throw new EvidenceError('source-too-large', 'a file is too long')
    return await file.readFile()
  } finally {
    await file.close()
  }
}

async function* listFolder(root: string, below: string): AsyncGenerator<string> {
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
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
    throw new EvidenceError('source-unreadable', `${path} cannot be read (${code})`, { cause })
  }
}
