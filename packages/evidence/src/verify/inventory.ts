import { EvidenceError } from '../error.ts'
import { type PayloadRole, payloadRoles } from '../record.ts'
import type { BundleSource } from '../source.ts'
import { parseTilePath, type Tile } from '../tile.ts'
import type { Manifest } from './manifest.ts'
import { openPayloadSet, type PayloadSet } from './payload-set.ts'
import type { Report } from './verdict.ts'

/** What a bundle holds beside the full tiles, which are looked for where they have to be. */
export type Inventory = {
  /** False where files cannot be listed. All that follows is then empty. */
  readonly isListed: boolean
  /** Sizes of archived checkpoints, ascending. */
  readonly archived: readonly number[]
  /** Widths of the partial tiles at `<level>/<index>`, ascending. */
  readonly partials: ReadonlyMap<string, readonly number[]>
  /** Indexes of leaves that are files of their own, ascending. */
  readonly leaves: readonly number[]
  /** Digests, as hexadecimal. */
  readonly rulebooks: Set<string>
  readonly payloads: PayloadSet
}

/**
 * Lists the source once. A file with a place in a log of this size is kept in mind; one beyond it is a
 * finding in an export, and in the folder of a running log only a part that was not signed yet.
 */
export async function takeInventory(
  source: BundleSource,
  at: {
    readonly size: number
    readonly manifest: Pick<Manifest, 'payloads'> | undefined
    readonly report: Report
  },
): Promise<Inventory> {
  const archived: number[] = []
  const leaves: number[] = []
  const partials = new Map<string, number[]>()
  const rulebooks = new Set<string>()
  const payloads = openPayloadSet()
  const list = source.list()
  const isExport = at.manifest !== undefined
  const unexpected = (file: string) => at.report.find('file-unexpected', { file })
  for await (const path of list ?? []) {
    const file = classify(path)
    if (file.kind === 'running' && isExport) unexpected(path)
    else if (file.kind === 'other') at.report.find('file-unknown', { file: path })
    else if (file.kind === 'archived') archived.push(file.size)
    else if (file.kind === 'rulebook') rulebooks.add(file.hex)
    else if (file.kind === 'payload') {
      // Of a bundle that says it discloses none, they would be looked at by nobody.
      if (file.index < at.size && at.manifest?.payloads === true)
        payloads.add(file.index, file.role)
      else unexpected(path)
    } else if (file.kind === 'leaf') {
      if (file.index < at.size && isExport) leaves.push(file.index)
      else unexpected(path)
    } else if (file.kind === 'tile') {
      if (!isWithin(file.tile, at.size)) {
        if (isExport) unexpected(path)
      } else if (file.tile.width < 256) {
        const key = `${file.tile.level}/${file.tile.index}`
        partials.set(key, [...(partials.get(key) ?? []), file.tile.width])
      }
    }
  }
  for (const widths of partials.values()) widths.sort((a, b) => a - b)
  return {
    isListed: list !== undefined,
    archived: archived.sort((a, b) => a - b),
    partials,
    leaves: leaves.sort((a, b) => a - b),
    rulebooks,
    payloads,
  }
}

type Classified =
  /** `running`: in the folder of a running log alone. */
  | { readonly kind: 'known' | 'running' | 'other' }
  | { readonly kind: 'tile'; readonly tile: Tile }
  | { readonly kind: 'archived'; readonly size: number }
  | { readonly kind: 'rulebook'; readonly hex: string }
  | { readonly kind: 'leaf'; readonly index: number }
  | { readonly kind: 'payload'; readonly index: number; readonly role: PayloadRole }

function classify(path: string): Classified {
  if (path === 'checkpoint' || path === 'bundle.json') return { kind: 'known' }
  // What is about to be published is no part of the log yet.
  if (path === 'checkpoint.witnessed' || path.startsWith('staging/')) return { kind: 'running' }
  const tile = path.startsWith('tile/') ? tileOf(path) : undefined
  if (tile) return { kind: 'tile', tile }
  const [, folder, number = '', rest = ''] =
    /^(checkpoints|leaf|payloads)\/(0|[1-9]\d{0,15})(?:\.([a-z]+))?$/.exec(path) ?? []
  if (folder === 'checkpoints' && rest === '') return { kind: 'archived', size: Number(number) }
  if (folder === 'leaf' && rest === '') return { kind: 'leaf', index: Number(number) }
  const role = payloadRoles.find((one) => one === rest)
  if (folder === 'payloads' && role) return { kind: 'payload', index: Number(number), role }
  const [, hex] = /^rulebooks\/([0-9a-f]{64})\.json$/.exec(path) ?? []
  return hex === undefined ? { kind: 'other' } : { kind: 'rulebook', hex }
}

function tileOf(path: string): Tile | undefined {
  try {
    return parseTilePath(path)
  } catch (thrown) {
    if (thrown instanceof EvidenceError) return undefined
    throw thrown
  }
}

/** Whether a tree of this size has all that the tile holds. */
function isWithin({ level, index, width }: Tile, size: number): boolean {
  const count = BigInt(size) >> BigInt(8 * (level === 'entries' ? 0 : level))
  return index * 256n + BigInt(width) <= count
}
