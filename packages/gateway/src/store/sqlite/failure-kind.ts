import type { OutageReason } from '@sallyport/evidence/record'

/**
 * What a failed write means. `suspended`: SQLite was not let to write, nothing that counts was written,
 * and it may be let again (no room, read-only, a limit). `broken`: a sync failed or what is there is
 * damaged, so what the disk holds is not known; a page that failed to sync may even read back as if it
 * had not. See https://www.sqlite.org/rescode.html.
 */
export function failureKind(thrown: unknown): 'suspended' | 'broken' {
  const code = codeOf(thrown)
  if (code === undefined) return 'broken'
  return mayPass.has(code) || mayPass.has(code & 0xff) ? 'suspended' : 'broken'
}

/** In the words of the record that says so afterwards. */
export function outageReason(thrown: unknown): OutageReason {
  const code = (codeOf(thrown) ?? 0) & 0xff
  if (code === 13) return 'disk-full'
  return code === 8 ? 'read-only' : 'unwritable'
}

function codeOf(thrown: unknown): number | undefined {
  const code = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : undefined
  return typeof code === 'number' ? code : undefined
}

const mayPass = new Set([
  5, // SQLITE_BUSY
  8, // SQLITE_READONLY
  13, // SQLITE_FULL
  14, // SQLITE_CANTOPEN
  // SQLITE_IOERR_WRITE: a frame was refused, or cut short; without the whole last frame of a transaction
  // none of it counts.
  10 | (3 << 8),
])
