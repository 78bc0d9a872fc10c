import { type FSWatcher, watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '../config/limits.ts'

// Editors and Git write in bursts; a rulebook read in the middle of one is a mixture.
const quietMs = 150
// Network and container mounts lose events, so the folder is also looked at.
const pollMs = 2000

/**
 * Calls `changed` after the folder changed and has been quiet for a moment, one call at a time. Told by
 * the file system where it tells, and by looking every two seconds where it does not. Returns how to stop.
 */
export function watchFolder(folder: string, changed: () => Promise<void>): () => void {
  let seen = ''
  let timer: NodeJS.Timeout | undefined
  let busy = false
  let stopped = false

  const soon = () => {
    if (stopped) return
    clearTimeout(timer)
    timer = setTimeout(() => void settle(), quietMs)
  }
  const settle = async () => {
    if (busy) return soon()
    busy = true
    try {
      seen = await fingerprint(folder)
      if (!stopped) await changed()
    } finally {
      busy = false
    }
    // What changed while it was read may be half in it.
    if ((await fingerprint(folder)) !== seen) soon()
  }
  const look = async () => {
    if (!busy && (await fingerprint(folder)) !== seen) soon()
  }
  const watcher = follow(folder, soon)
  const poll = setInterval(() => void look(), pollMs)
  // What changed before anybody watched counts too.
  soon()
  return () => {
    stopped = true
    clearTimeout(timer)
    clearInterval(poll)
    watcher?.close()
  }
}

/** Undefined where the file system cannot tell; looking is then all there is. */
function follow(folder: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { recursive: true, persistent: false }, changed)
    // A watcher that breaks, because the folder was replaced for instance, leaves the looking.
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}

/** Names, sizes and times of what is in the folder; equal while nothing changed. Never rejects. */
async function fingerprint(folder: string): Promise<string> {
  try {
    const names = await readdir(folder, { recursive: true })
    const lines = names.slice(0, limits.rulebookFiles).map(async (name) => {
      const { size, mtimeMs, ino } = await stat(join(folder, name))
      return `${name} ${size} ${mtimeMs} ${ino}`
    })
    return (await Promise.all(lines)).toSorted().join('\n')
  } catch {
    // It is being changed at this moment, or is gone.
    return 'unreadable'
  }
}
