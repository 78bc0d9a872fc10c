import { randomBytes } from 'node:crypto'
import { type FileHandle, link, open, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder } from './sync-folder.ts'

/** The gateway's own secrets, 32 random bytes each. Never in the database, a record or a log. */
export type Keys = {
  /** Wraps the keys of payloads. Without it no kept payload can be read again. */
  readonly kek: Uint8Array
  /** Makes the pseudonyms of the `hash` mask. */
  readonly maskKey: Uint8Array
  /** Makes the digests an approval is bound to. */
  readonly bindingKey: Uint8Array
}

const keyBytes = 32
/** Three keys and their names; whatever is longer is another file. */
const fileBytesMax = 4096

/**
 * Reads the key file, or creates it (mode 0600) on the first start. Rejects, saying what to do, when
 * others may read it, when it is damaged, and when it is missing although `databasePath` exists: new
 * keys would make every kept payload unreadable and every open approval unusable without a word.
 */
export async function openKeys(
  path: string,
  options: { readonly databasePath?: string } = {},
): Promise<Keys> {
  const file = await openIfThere(path)
  if (file) return read(file, path)
  if (options.databasePath !== undefined && (await exists(options.databasePath))) {
    throw new Error(
      `The key file ${path} is missing, but the database ${options.databasePath} exists. Restore the key file from its backup; only if its payloads may be lost, move the database away and start anew.`,
    )
  }
  await create(path)
  const created = await open(path, 'r')
  return read(created, path)
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (thrown) {
    if (isMissing(thrown)) return undefined
    throw thrown
  }
}

async function read(file: FileHandle, path: string): Promise<Keys> {
  try {
    const { mode, size } = await file.stat()
    if (mode & 0o077) {
      throw new Error(`The key file ${path} can be read by others. Run: chmod 600 ${path}`)
    }
    const keys = size <= fileBytesMax ? parse(await file.readFile('utf8')) : undefined
    if (!keys) {
      throw new Error(`The key file ${path} is damaged. Restore it from its backup.`)
    }
    return keys
  } finally {
    await file.close()
  }
}

/**
 * Written whole under another name, synced, then linked into place: a crash leaves no half a key file,
 * and when two starts race, one of them wins and both read the same keys.
 */
async function create(path: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  const file = await open(draft, 'wx', 0o600)
  try {
    const key = () => randomBytes(keyBytes).toString('base64url')
    const keys = { version: 1, kek: key(), maskKey: key(), bindingKey: key() }
    await file.writeFile(`${JSON.stringify(keys, undefined, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    await link(draft, path)
  } catch (thrown) {
    if (!isCode(thrown, 'EEXIST')) throw thrown
  } finally {
    await unlink(draft)
  }
  await syncFolder(dirname(path))
}

function parse(text: string): Keys | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    const member = (name: string) => key(Object.entries(value).find(([n]) => n === name)?.[1])
    const kek = member('kek')
    const maskKey = member('maskKey')
    const bindingKey = member('bindingKey')
    return kek && maskKey && bindingKey ? { kek, maskKey, bindingKey } : undefined
  } catch {
    // Not JSON. The parser's message would quote the file.
    return undefined
  }
}

function key(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined
  const bytes = Buffer.from(value, 'base64url')
  return bytes.length === keyBytes ? new Uint8Array(bytes) : undefined
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (thrown) {
    if (isMissing(thrown)) return false
    throw thrown
  }
}

function isMissing(thrown: unknown): boolean {
  return isCode(thrown, 'ENOENT')
}

function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === code
}
