import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export type SmallDisk = {
  readonly readOnly: () => Promise<void>
  readonly writable: () => Promise<void>
  readonly unmount: () => void
}

/** A disk of so many MiB in a folder of its own; undefined where mounting is not allowed. */
export function mountSmallDisk(folder: string, mib: number): SmallDisk | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const run = (command: string, ...args: string[]) => spawnSync(command, args, { encoding: 'utf8' })
  const mode = `size=${mib}m,mode=0700`
  if (run('mount', '-t', 'tmpfs', '-o', mode, 'tmpfs', folder).status !== 0) return undefined
  /** The kernel says EBUSY while a file happens to be open for writing, so it is asked again. */
  const remount = async (mode: 'ro' | 'rw') => {
    for (let tries = 1; ; tries++) {
      const { status, stderr } = run('mount', '-o', `remount,${mode}`, folder)
      if (status === 0) return
      if (tries === triesMax)
        throw new Error(`the disk at ${folder} could not be changed: ${stderr}`)
      await sleep(5)
    }
  }
  return {
    readOnly: () => remount('ro'),
    writable: () => remount('rw'),
    unmount: () => void run('umount', '-l', folder),
  }
}

const triesMax = 500
