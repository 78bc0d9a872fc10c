import type { RulebookContents } from '../store/store.ts'
import type { TileStore } from './tile-store.ts'

/** Where the content of a rulebook is published: its name is its SHA-256. */
export function rulebookPath(digest: string): string {
  return `rulebooks/${digest.replace(/^sha256:/, '')}.json`
}

/**
 * Publishes every rulebook that was ever in force and is not published yet. Records cite rulebooks by digest;
 * this is what lets somebody without the gateway read them. A crash in between is made up for by the next
 * activation or start.
 */
export async function publishRulebooks(
  store: Pick<RulebookContents, 'rulebookDigests' | 'rulebookContent'>,
  files: Pick<TileStore, 'list' | 'put'>,
): Promise<void> {
  const published = new Set((await files.list('rulebooks')).map((name) => `rulebooks/${name}`))
  for (const digest of await store.rulebookDigests()) {
    const path = rulebookPath(digest)
    if (published.has(path)) continue
    const content = await store.rulebookContent(digest)
    if (content !== undefined) await files.put(path, Buffer.from(content))
  }
}
