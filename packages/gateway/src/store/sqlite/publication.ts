import type { DatabaseSync } from 'node:sqlite'
import type { PublicationStep } from '../home/message.ts'
import type { StoredCheckpoint } from '../publication.ts'

export type Stepped = { readonly done: boolean; readonly result: unknown }

/**
 * The publication's one row. Every step is one statement, so a transaction of its own, synced like any
 * other: a checkpoint that was swapped in survives a crash before any file of it is published.
 */
export function preparePublication(db: DatabaseSync): (step: PublicationStep) => Stepped {
  const stored = db.prepare('SELECT size, note, at_ms FROM publication')
  const claim = db.prepare('UPDATE publication SET fence = fence + 1, holder = ? RETURNING fence')
  const held = db.prepare('SELECT 1 FROM publication WHERE fence = ?')
  const swap = db.prepare(
    `UPDATE publication SET size = ?1, note = ?2, at_ms = ?3
      WHERE fence = ?4 AND size = ?5 AND ?1 > size`,
  )
  return (step) => {
    switch (step.name) {
      case 'stored': {
        const row = stored.get()
        const size = Number(row?.size)
        const found: StoredCheckpoint = { size, note: String(row?.note), at: Number(row?.at_ms) }
        return { done: true, result: size > 0 ? found : undefined }
      }
      case 'claim':
        return { done: true, result: Number(claim.get(step.holder)?.fence) }
      case 'renew':
        return { done: true, result: held.get(step.fence) !== undefined }
      case 'swap': {
        const { size, note, at, fence, expectedSize } = step
        const { changes } = swap.run(size, note, at, fence, expectedSize)
        return { done: changes === 1, result: undefined }
      }
    }
  }
}
