import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { listFolder } from './folder.ts'

// Editors and Git write in bursts; a rulebook read in the middle of one is a mixture.
const quietMs = 150
// Network and container mounts lose events, so the folder is also looked at.
const pollMs = 2000

/**
 * Calls `changed` after the folder changed and has been quiet for a moment, one call at a time. Told by
 * the file system where it tells, and by looking every two seconds where it does not. When `changed` says
 * `again` it is called again in two seconds, though nothing changed. Returns how to stop.
 */
export function watchFolder(
  folder: string,
  changed: () => Promise<'settled' | 'again'>,
): () => void {
  /** What was last settled; undefined: nothing, so that the next look finds it changed. */
  let seen: string | undefined
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
      const before = await fingerprint(folder)
      const outcome = stopped ? 'settled' : await changed()
      seen = outcome === 'settled' ? before : undefined
    } finally {
      busy = false
    }
    // What changed while it was read may be half in it.
    if (seen !== undefined && (await fingerprint(folder)) !== seen) soon()
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
export async function fingerprint(folder: string): Promise<string> {
  const names = await listFolder(folder)
  const lines = names.map(async (name) => {
    // Through links: a mounted volume changes what they lead to. One that leads nowhere is a name only.
    const found = await stat(join(folder, name)).catch(() => undefined)
    // A folder changes with every hidden file in it; what counts of it is listed by itself.
    if (!found || found.isDirectory()) return name
    return `${name} ${found.size} ${found.mtimeMs} ${found.ino}`
  })
  return (await Promise.all(lines)).toSorted().join('\n')
}
