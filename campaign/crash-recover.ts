import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Journal, openCrashHome } from './crash-home.ts'

export type RecoveryOptions = {
  readonly home: string
  readonly origin: string
  /** Dies at this point, when it comes to it for the `turn`-th time. */
  readonly stop?: { readonly at: RecoveryPoint; readonly turn: number }
}

/** A leaf is read of the published ones; all are; before and after a file is renamed into its place. */
const recoveryPoints = [
  'recovery-reading',
  'recovery-read',
  'recovery-before-move',
  'recovery-after-move',
] as const
export type RecoveryPoint = (typeof recoveryPoints)[number]

/**
 * All of the log is published, and its database is replaced by the backup of an earlier time, or is gone. It is
 * recovered from what was published, with kills on the way and each time again; then nothing is missing. Returns
 * where the kills hit. The next time's backup is the database as it was.
 */
export async function crashRecovery(
  { home, origin }: Pick<RecoveryOptions, 'home' | 'origin'>,
  given: {
    readonly random: () => number
    readonly journal: Journal
    readonly env: NodeJS.ProcessEnv
  },
): Promise<readonly RecoveryPoint[]> {
  const { random, journal, env } = given
  const before = openCrashHome(home).check(journal)
  loseDatabase(home, { isGone: random() < 0.3 })
  const killed: RecoveryPoint[] = []
  const isWhole = () => countOf(home) === before.records
  for (let left = 1 + Math.floor(random() * 3); left > 0 && !isWhole(); left--) {
    const at = recoveryPoints[Math.floor(random() * recoveryPoints.length)] ?? 'recovery-read'
    const turn = 1 + Math.floor(random() * turnsOf(at, before.published))
    const { code, signal } = await run({ home, origin, stop: { at, turn } }, env)
    if (signal === 'SIGKILL') killed.push(at)
    // It had fewer turns than that, and has recovered.
    else assert.equal(code, 0, 'a recovery that was not killed')
  }
  if (!isWhole()) assert.deepEqual(await run({ home, origin }, env), { code: 0, signal: null })
  assert.deepEqual(openCrashHome(home).check(journal), before, 'what is there after a recovery')
  return killed
}

/** How often a recovery comes to this point. */
function turnsOf(at: RecoveryPoint, published: number): number {
  if (at === 'recovery-reading') return published
  // At most: the log of the old database, its shared memory, itself; and the new one.
  return at === 'recovery-read' ? 1 : 4
}

/** Leaves in the database as it is now; 0 where there is none. */
function countOf(home: string): number {
  const path = join(home, 'sallyport.db')
  if (!existsSync(path)) return 0
  const db = new DatabaseSync(path, { readOnly: true })
  try {
    return Number(db.prepare('SELECT count(*) AS n FROM leaf').get()?.n)
  } finally {
    db.close()
  }
}

/** Puts the backup of an earlier time in place of the database; the first time there is none. */
function loseDatabase(home: string, { isGone }: { readonly isGone: boolean }): void {
  const backup = join(home, 'backup')
  const files = readdirSync(home).filter((name) => /^sallyport\.db(?:-wal|-shm)?$/.test(name))
  const older = existsSync(backup) && !isGone ? readdirSync(backup) : []
  const kept = join(home, 'backup-next')
  mkdirSync(kept)
  for (const name of files) {
    copyFileSync(join(home, name), join(kept, name))
    rmSync(join(home, name))
  }
  for (const name of older) copyFileSync(join(backup, name), join(home, name))
  rmSync(backup, { recursive: true, force: true })
  mkdirSync(backup)
  for (const name of readdirSync(kept)) copyFileSync(join(kept, name), join(backup, name))
  rmSync(kept, { recursive: true })
}

async function run(options: RecoveryOptions, env: NodeJS.ProcessEnv) {
  const script = join(import.meta.dirname, 'crash-recovery.ts')
  const child = fork(script, [JSON.stringify(options)], { env })
  const [code, signal] = await once(child, 'exit')
  return { code, signal }
}
