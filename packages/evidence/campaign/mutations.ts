import type { Files } from '../test/log-builder.ts'

export const kinds = [
  'flip',
  'set',
  'insert',
  'delete',
  'truncate',
  'reorder',
  'duplicate',
  'copy',
  'rename',
  'remove',
  'swap',
  'splice',
  'hide',
] as const
export type Mutation = (typeof kinds)[number]

/** A whole number below `below`. */
export type Random = (below: number) => number

/** mulberry32: small, and the same everywhere. */
export function newRandom(seed: number): Random {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** Changes the files in place; returns what it changed, undefined where it could not. */
export function mutateFiles(
  files: Files,
  kind: Mutation,
  { random, others }: { readonly random: Random; readonly others: readonly Files[] },
): string | undefined {
  const paths = [...files.keys()]
  // By the kind of file first: there are many payloads, and one checkpoint.
  const groups = [...Map.groupBy(paths, (one) => one.replace(/[\d.].*$/, '')).values()]
  const group = groups[random(groups.length)] ?? paths
  const path = group[random(group.length)] ?? ''
  const bytes = files.get(path) ?? new Uint8Array()
  const second = paths[random(paths.length)] ?? ''
  const other = others[random(others.length)]
  switch (kind) {
    case 'remove':
      files.delete(path)
      return path
    case 'rename':
    case 'copy': {
      const to = newName(path, random)
      files.set(to, bytes)
      if (kind === 'rename' && to !== path) files.delete(path)
      return `${path} to ${to}`
    }
    case 'swap': {
      const there = files.get(second) ?? bytes
      files.set(path, there)
      files.set(second, bytes)
      return `${path} with ${second}`
    }
    case 'splice': {
      const theirs = other?.get(path)
      if (!theirs) return undefined
      // The whole file, or its end after the same beginning.
      const at = random(2) === 0 ? 0 : random(Math.min(bytes.length, theirs.length) + 1)
      files.set(path, Buffer.concat([bytes.subarray(0, at), theirs.subarray(at)]))
      return `${path} from ${at} on`
    }
    case 'hide':
      return hidePayload(files, random)
    default: {
      const changed = mutateBytes(bytes, kind, { random, other: files.get(second) ?? bytes })
      if (!changed) return undefined
      files.set(path, changed)
      return path
    }
  }
}

/** `bundle.json` says that no payloads are disclosed, and one of those that are says something else. */
function hidePayload(files: Files, random: Random): string | undefined {
  const payloads = [...files.keys()].filter((one) => one.startsWith('payloads/'))
  const path = payloads[random(payloads.length)]
  const bytes = files.get(path ?? '')
  if (path === undefined || !bytes) return undefined
  const about = JSON.parse(Buffer.from(files.get('bundle.json') ?? []).toString())
  files.set('bundle.json', Buffer.from(JSON.stringify({ ...about, payloads: false })))
  const altered = mutateBytes(bytes, 'flip', { random, other: bytes })
  if (altered) files.set(path, altered)
  else files.delete(path)
  return `bundle.json and ${path}`
}

/** The bytes with one change; undefined for a kind that is about files, or where nothing can be changed. */
export function mutateBytes(
  bytes: Uint8Array,
  kind: Mutation,
  { random, other }: { readonly random: Random; readonly other: Uint8Array },
): Uint8Array | undefined {
  const at = random(bytes.length + 1)
  const before = bytes.subarray(0, at)
  const after = bytes.subarray(at)
  const some = 1 + random(random(4) === 0 ? 300 : 4)
  switch (kind) {
    case 'flip':
    case 'set': {
      if (at === bytes.length) return undefined
      const changed = Uint8Array.from(bytes)
      changed[at] = kind === 'flip' ? (bytes[at] ?? 0) ^ (1 << random(8)) : random(256)
      return changed
    }
    case 'insert':
      return Buffer.concat([before, Uint8Array.from({ length: some }, () => random(256)), after])
    case 'delete':
      return at === bytes.length ? undefined : Buffer.concat([before, after.subarray(some)])
    case 'truncate':
      return at === bytes.length ? undefined : before
    case 'duplicate':
      return Buffer.concat([before, after.subarray(0, some), after])
    case 'reorder':
      return reorder(bytes, random)
    case 'splice':
      return Buffer.concat([before, other.subarray(Math.min(at, other.length))])
    default:
      return undefined
  }
}

/** Two stretches change places: lines, hashes, or bytes. */
function reorder(bytes: Uint8Array, random: Random): Uint8Array | undefined {
  const parts =
    [splitLines, splitHashes, splitEntries, splitAnywhere][random(4)]?.(bytes, random) ?? []
  if (parts.length < 2) return undefined
  const a = random(parts.length)
  const b = random(parts.length)
  const moved = parts.map((part, at) => (at === a ? parts[b] : at === b ? parts[a] : part) ?? part)
  return Buffer.concat(moved)
}

function splitLines(bytes: Uint8Array): readonly Uint8Array[] {
  const text = Buffer.from(bytes).toString('latin1')
  return text.split(/(?<=\n)/).map((line) => Buffer.from(line, 'latin1'))
}

function splitHashes(bytes: Uint8Array): readonly Uint8Array[] {
  const count = Math.floor(bytes.length / 32)
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * 32, at * 32 + 32))
}

function splitEntries(bytes: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + ((bytes[at] ?? 0) << 8) + (bytes[at + 1] ?? 0)
    parts.push(bytes.subarray(at, end))
    at = end
  }
  return parts
}

function splitAnywhere(bytes: Uint8Array, random: Random): readonly Uint8Array[] {
  const cuts = [0, 0, 0].map(() => random(bytes.length + 1)).sort((a, b) => a - b)
  return [0, ...cuts].map((from, at) => bytes.subarray(from, cuts[at] ?? bytes.length))
}

/** A name that another file of the same kind could have, or one that none has. */
function newName(path: string, random: Random): string {
  const digits = [...path.matchAll(/\d+/g)]
  const found = digits[random(Math.max(1, digits.length))]
  if (!found || random(6) === 0) return `${path}${['.bak', '~', '/x', 'x', ' '][random(5)]}`
  const [number] = found
  const value = (Number(number) + random(3) + 1) % 1000
  const text = `${value}`.padStart(number.startsWith('0') ? number.length : 1, '0')
  return path.slice(0, found.index) + text + path.slice(found.index + number.length)
}
