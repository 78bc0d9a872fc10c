import type { Publication } from '../publication.ts'
import { Conflict } from '../store.ts'
import type { Run } from './connection.ts'

/**
 * The publication's one row. Every step is one statement, so a transaction of its own, synced like any
 * other: a checkpoint that was swapped in survives a crash before any file of it is published.
 */
export function publicationOf(run: Run, instance: string): Publication {
  return {
    storedCheckpoint: async () => {
      const { rows } = await run('SELECT size, note, at_ms FROM publication', [])
      const [row] = rows
      return row && row.size > 0 ? { size: row.size, note: row.note, at: row.at_ms } : undefined
    },
    claimIntegrator: async (holder, { leaseMs }) => {
      // A lease of this instance's own earlier boot is of a process that is gone: its name is ours now.
      const { rows } = await run(
        `UPDATE publication SET fence = fence + 1, holder = $1, instance = $2,
            leased_until = clock_timestamp() + make_interval(secs => $3)
          WHERE leased_until <= clock_timestamp() OR instance = $2
          RETURNING fence`,
        [holder, instance, leaseMs / 1000],
      )
      return rows[0]?.fence
    },
    renewIntegrator: async (fence, { leaseMs }) => {
      const { count } = await run(
        `UPDATE publication SET leased_until = clock_timestamp() + make_interval(secs => $2)
          WHERE fence = $1`,
        [fence, leaseMs / 1000],
      )
      return count === 1
    },
    releaseIntegrator: async (fence) => {
      await run("UPDATE publication SET leased_until = '-infinity' WHERE fence = $1", [fence])
    },
    swapCheckpoint: async ({ size, note, at, fence, expectedSize }) => {
      const { count } = await run(
        `UPDATE publication SET size = $1, note = $2, at_ms = $3
          WHERE fence = $4 AND size = $5 AND $1 > size`,
        [size, note, at, fence, expectedSize],
      )
      if (count !== 1) throw new Conflict('the stored checkpoint, or its integrator, is another')
    },
  }
}
