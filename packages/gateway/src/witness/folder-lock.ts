import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * One witness per folder: an exclusive transaction on a small database in it, held for as long as we
 * live. The operating system lets go of it when we die, so a crash leaves nothing to clean up. Two
 * processes that both answered could cosign two trees of one size.
 */
export function lockFolder(folder: string): { readonly close: () => void } {
  const path = join(folder, 'lock')
  closeSync(openSync(path, 'a', 0o600))
  const lock = new DatabaseSync(path, { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    throw new Error(`${folder} is in use by another witness. Stop that one first.`, { cause })
  }
  return { close: () => lock.close() }
}
