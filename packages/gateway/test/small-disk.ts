import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

export type SmallDisk = {
  readonly readOnly: () => void
  readonly writable: () => void
  readonly unmount: () => void
}

/** A disk of so many MiB in a folder of its own; undefined where mounting is not allowed. */
export function mountSmallDisk(folder: string, mib: number): SmallDisk | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const run = (command: string, ...args: string[]) => spawnSync(command, args).status === 0
  const mode = `size=${mib}m,mode=0700`
  if (!run('mount', '-t', 'tmpfs', '-o', mode, 'tmpfs', folder)) return undefined
  const must = (done: boolean) => {
    if (!done) throw new Error(`the disk at ${folder} could not be changed`)
  }
  return {
    readOnly: () => must(run('mount', '-o', 'remount,ro', folder)),
    writable: () => must(run('mount', '-o', 'remount,rw', folder)),
    unmount: () => must(run('umount', '-l', folder)),
  }
}
