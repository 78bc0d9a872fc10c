import { openForReading } from './database.ts'

/** How many records a database holds, and the one at `index`; also while a gateway writes to it. */
export function storedRecord(
  path: string,
  index: number,
): { readonly size: number; readonly bytes: Uint8Array | undefined } {
  const db = openForReading(path)
  try {
    const size = db.prepare('SELECT coalesce(max("index") + 1, 0) AS size FROM leaf').get()?.size
    const bytes = db.prepare('SELECT bytes FROM leaf WHERE "index" = ?').get(index)?.bytes
    return { size: Number(size), bytes: bytes instanceof Uint8Array ? bytes : undefined }
  } finally {
    db.close()
  }
}
