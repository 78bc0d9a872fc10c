/**
 * Recovers a home from its published log, as `sallyport evidence recover --from-tiles` does, and kills itself on
 * the way where it is told to. It is a process of its own, so that a kill is one.
 */
import { hash } from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { readPublishedHead } from '../packages/gateway/src/log/head.ts'
import { openLogKeys } from '../packages/gateway/src/log/log-key.ts'
import { readPublished } from '../packages/gateway/src/log/read-published.ts'
import { openTileFolder } from '../packages/gateway/src/log/tile-folder.ts'
import { grantsSeen } from '../packages/gateway/src/rulebook/grants-seen.ts'
import { rebuildDatabase } from '../packages/gateway/src/store/sqlite/rebuild.ts'
import type { Leaf } from '../packages/gateway/src/store/store.ts'
import type { RecoveryOptions } from './crash-recover.ts'

await recover(JSON.parse(process.argv[2] ?? '{}'))

async function recover({ home, origin, stop }: RecoveryOptions): Promise<void> {
  const path = join(home, 'sallyport.db')
  const keys = await openLogKeys(join(home, 'log-key.json'), {
    ...{ origin, overlapMs: 1, now: Date.now() },
    databasePath: path,
    checkpointPath: join(home, 'log/checkpoint'),
  })
  const tiles = await openTileFolder(join(home, 'log'))
  const head = await readPublishedHead({ keys, origin, tiles })
  if (!head) throw new Error('nothing is published')
  let turns = 0
  const here = (at: string) => {
    if (at !== stop?.at) return
    turns += 1
    if (turns === stop.turn) process.kill(process.pid, 'SIGKILL')
  }
  // The old database is moved away and the new one put in its place by renaming, and nothing else is renamed.
  const { renameSync } = fs
  fs.renameSync = (from, to) => {
    here('recovery-before-move')
    renameSync(from, to)
    here('recovery-after-move')
  }
  syncBuiltinESMExports()
  const leaves = async function* (): AsyncGenerator<Leaf> {
    for await (const leaf of readPublished(tiles, head)) {
      here('recovery-reading')
      yield leaf
    }
    here('recovery-read')
  }
  const { size, note, at } = head
  await rebuildDatabase({
    path,
    origin,
    leaves: { [Symbol.asyncIterator]: leaves },
    checkpoint: { size, note, at },
    rulebook: async (digest) => {
      const content = await tiles.get(`rulebooks/${digest.slice('sha256:'.length)}.json`)
      const isSound = content && `sha256:${hash('sha256', content, 'hex')}` === digest
      return isSound ? Buffer.from(content).toString() : undefined
    },
    grants: grantsSeen,
  })
}
