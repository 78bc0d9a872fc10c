import {
  encodeEntries,
  parseEntries,
  parseTilePath,
  type Tile,
  tilePath,
  tileWidth,
} from '@sallyport/evidence/log'
import { payloadRoles } from '@sallyport/evidence/record'
import type { ExportFile } from './contract.ts'
import { type Export, lossBeyond, sectionsOf } from './export-plan.ts'
import type { AdminNeeds, PublishedLog } from './needs.ts'
import { Refused } from './problem.ts'

/** Where a page of an export's files begins: a position in the list, then a record with payloads. */
export type FilePosition = { readonly file: number } | { readonly record: number }

/** Some of its files in their order, and where the next ones begin. Refuses `conflict` when payloads were destroyed since. */
export async function exportFiles(
  { store }: Pick<AdminNeeds, 'store'>,
  plan: Export,
  { start, limit }: { readonly start: FilePosition; readonly limit: number },
): Promise<{ readonly files: readonly ExportFile[]; readonly next: FilePosition | undefined }> {
  if ('file' in start) {
    const paths = pathsFrom(plan, start.file, limit)
    if (paths.length > 0) {
      const files = paths.map((path) => ({ path, bytes: bytesOf(path) }))
      return { files, next: { file: start.file + paths.length } }
    }
    if (!plan.payloads) return { files: [], next: undefined }
  }
  const record = 'record' in start ? start.record : 0
  const kept = await keptFrom(store, plan, { record, limit })
  const files = kept.map(({ index, role }) => ({ path: `payloads/${index}.${role}`, bytes: null }))
  const last = kept.at(-1)
  // Asked at the end: a payload that was destroyed before is in none of the pages.
  if (!last) await refuseOutdated(store, plan)
  return { files, next: last && { record: last.index + 1 } }
}

/** What is gone by now is explained by a record that the export does not show. */
async function refuseOutdated(store: AdminNeeds['store'], plan: Export): Promise<void> {
  const loss = await lossBeyond({ store }, plan)
  if (loss === undefined) return
  throw new Refused('conflict', {
    detail: `Payloads were destroyed since the export was planned, as record ${loss} says. Plan it anew.`,
  })
}

function pathsFrom(plan: Export, start: number, limit: number): readonly string[] {
  const paths: string[] = []
  let before = 0
  for (const { count, at } of sectionsOf(plan)) {
    const first = Math.max(0, start - before)
    for (let position = first; position < count && paths.length < limit; position++) {
      paths.push(at(position))
    }
    before += count
  }
  return paths
}

type Kept = Awaited<ReturnType<AdminNeeds['store']['keptPayloads']>>

/** Payloads of the records shown. Those of single records are looked up one by one. */
async function keptFrom(
  store: AdminNeeds['store'],
  plan: Export,
  { record, limit }: { readonly record: number; readonly limit: number },
): Promise<Kept> {
  const stretch = async () => {
    const from = Math.max(record, plan.from)
    return from < plan.to ? store.keptPayloads(from, plan.to, limit) : []
  }
  if (plan.scope !== 'session') return stretch()
  const found: Kept[number][] = []
  for (const index of plan.singles) {
    if (index < record) continue
    if (found.length >= limit) break
    found.push(...(await store.keptPayloads(index, index + 1, 10)))
  }
  return found
}

function bytesOf(path: string): number | null {
  if (!path.startsWith('tile/')) return null
  const { level, width } = parseTilePath(path)
  return level === 'entries' ? null : width * 32
}

/** The bytes of one file of the export; undefined when it has no such file. */
export async function exportFile(
  needs: Pick<AdminNeeds, 'store' | 'evidence'>,
  plan: Export,
  path: string,
): Promise<Uint8Array | undefined> {
  const { store, evidence } = needs
  if (path === 'checkpoint') return Buffer.from(plan.note)
  if (path === 'bundle.json') return Buffer.from(manifestOf(plan))
  if (plan.beside.includes(path)) return besideFile(needs, path)
  const [, name, number = '', role] =
    /^(leaf|payloads)\/(0|[1-9]\d{0,15})(?:\.([a-z]+))?$/.exec(path) ?? []
  const index = Number(number)
  if (name === 'leaf' && role === undefined) {
    const [leaf] = plan.singles.has(index) ? await store.leaves(index, 1) : []
    return leaf?.bytes
  }
  if (name === 'payloads') {
    const known = payloadRoles.find((one) => one === role)
    if (!known || !plan.payloads || !shows(plan, index)) return undefined
    const bytes = await store.saltedPayload(index, known)
    if (!bytes) await refuseOutdated(store, plan)
    return bytes
  }
  return isTile(path) ? tileAsOf(evidence, parseTilePath(path), plan.size) : undefined
}

function shows({ scope, singles, from, to }: Export, index: number): boolean {
  return scope === 'session' ? singles.has(index) : index >= from && index < to
}

async function besideFile(
  { store, evidence }: Pick<AdminNeeds, 'store' | 'evidence'>,
  path: string,
): Promise<Uint8Array | undefined> {
  const [, hex] = /^rulebooks\/([0-9a-f]{64})\.json$/.exec(path) ?? []
  if (hex === undefined) return evidence.file(path)
  const content = await store.rulebookContent(`sha256:${hex}`)
  return content === undefined ? undefined : Buffer.from(content)
}

/** `bundle.json`: only what is meant to be there; nothing in it is taken for true. */
function manifestOf({ scope, origin, size, from, to, session, payloads, madeAt }: Export): string {
  const made = new Date(madeAt).toISOString()
  const manifest = { v: 'bundle/1', scope, origin, size, from, to, session, payloads, made }
  return `${JSON.stringify(manifest)}\n`
}

function isTile(path: string): boolean {
  try {
    parseTilePath(path)
    return true
  } catch {
    return false
  }
}

/**
 * A tile as it was when the tree had `size` leaves. Partial tiles are replaced by wider ones while an export
 * is downloaded; what a narrower one held is how the wider one begins.
 */
async function tileAsOf(
  { file, size: published }: Pick<PublishedLog, 'file' | 'size'>,
  tile: Tile,
  size: number,
): Promise<Uint8Array | undefined> {
  const hashesAt = (leaves: number) =>
    tile.level === 'entries' ? leaves : Math.floor(leaves / tileWidth ** tile.level)
  const first = Number(tile.index) * tileWidth
  if (first + tile.width > hashesAt(size)) return undefined
  // Each attempt may meet a growth that has just replaced what it was about to read.
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const grown = Math.min(tileWidth, hashesAt(published()) - first)
    for (const width of new Set([tile.width, tileWidth, grown])) {
      if (width < tile.width) continue
      const bytes = await file(tilePath({ ...tile, width }))
      if (bytes) return beginning(tile, bytes)
    }
  }
  return undefined
}

function beginning({ level, width }: Tile, bytes: Uint8Array): Uint8Array {
  if (level !== 'entries') return bytes.subarray(0, width * 32)
  return encodeEntries(parseEntries(bytes).slice(0, width))
}

const attemptsMax = 5
