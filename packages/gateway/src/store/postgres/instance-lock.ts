import { hash } from 'node:crypto'
import type { Run } from './connection.ts'

/**
 * The key of an advisory lock, as text of a 64-bit number. Such locks are of the whole database, so that the
 * schema is part of it.
 */
export function lockKey(schema: string, what: string): string {
  return hash('sha256', `sallyport\0${schema}\0${what}`, 'buffer').readBigInt64BE(0).toString()
}

/** Tries until it is free or the time is over: what a process held that was killed is let go of in a moment. */
export async function takeLock(
  run: Run,
  { key, waitMs }: { readonly key: string; readonly waitMs: number },
): Promise<boolean> {
  const until = performance.now() + waitMs
  for (;;) {
    const { rows } = await run('SELECT pg_try_advisory_lock($1) AS taken', [key])
    if (rows[0]?.taken === true) return true
    if (performance.now() >= until) return false
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** A condition on a row with a `lock_key`: nobody holds that lock. */
export const lockIsFree = `NOT EXISTS (SELECT 1 FROM pg_locks
  WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (classid::bigint << 32 | objid::bigint) = lock_key)`
