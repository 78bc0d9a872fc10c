import { EvidenceError } from './error.ts'
import { type BundleSource, gather, irregular, isBundlePath, tooLarge } from './source.ts'

/** Bytes that can be read anywhere: an open file, or a `Blob` in a browser. */
export type RandomAccess = {
  readonly size: number
  /** Exactly `length` bytes from `offset` on, both within `size`. */
  readonly read: (offset: number, length: number) => Promise<Uint8Array>
  readonly close: () => Promise<void>
}

/**
 * A bundle in a zip file (PKWARE APPNOTE 6.3.10), stored or deflated, zip64 included. Strict, because
 * two readers of one zip must not see different files: no bytes before the first entry, no comment, no
 * name twice, no overlapping entries, local headers that say what the directory says, checksums that
 * fit, one disk, no encryption, nothing but files and folders. Throws `EvidenceError` with a code that begins
 * `zip-`, or as a folder does: `source-irregular`.
 */
export async function openZip(file: RandomAccess): Promise<BundleSource> {
  const { find, names } = await readDirectory(file)
  return {
    read: async (path, bytesMax) => {
      const entry = find(path)
      return entry && readEntry(file, entry, bytesMax)
    },
    list: async function* () {
      yield* names()
    },
    close: file.close,
  }
}

/** A `Blob` as `openZip` wants it. */
export function blobAccess(blob: Blob): RandomAccess {
  return {
    size: blob.size,
    read: async (offset, length) =>
      new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
    close: async () => {},
  }
}

type Entry = {
  readonly name: string
  readonly method: number
  readonly flags: number
  /** Time and date, as they stand there: nothing depends on them but that they are said once. */
  readonly stamp: number
  readonly crc: number
  readonly packed: number
  readonly length: number
  readonly offset: number
}

/**
 * What is kept of a directory: its bytes as they are, where in them each name stands, and where entries
 * begin. An export of payloads has millions of entries, and an object for each would be most of it.
 */
type Opened = {
  /** `end`: where the next entry or the directory begins. Nothing of this one lies beyond. */
  readonly find: (name: string) => (Entry & { readonly end: number }) | undefined
  readonly names: () => Iterable<string>
}

/** A log of a hundred million leaves has fewer files; a million calls with all their payloads as well. */
const entriesMax = 4_000_000
/** A name of a bundle, an entry's fixed part, and what packers note of owners and times. */
const centralBytesMax = 256
/** Sizes of the fixed parts of APPNOTE 4.3.7, 4.3.12, 4.3.14, 4.3.15 and 4.3.16. */
const localBytes = 30
const centralBytes = 46
const end64Bytes = 56
const locatorBytes = 20
const endBytes = 22
const none32 = 0xffffffff
const none16 = 0xffff
/** Deflate options (bits 1, 2), sizes behind the bytes (bit 3), UTF-8 names (bit 11). */
const flagsAllowed = 0b1000_0000_1110
const sizesBehind = 0b1000

function malformed(message: string): EvidenceError {
  return new EvidenceError('zip-malformed', `the zip file ${message}`)
}

type Directory = { readonly offset: number; readonly bytes: number; readonly count: number }

async function readDirectory(file: RandomAccess): Promise<Opened> {
  const directory = await findDirectory(file)
  const bytes = await readExactly(file, directory.offset, directory.bytes)
  const view = viewOf(bytes)
  const places = new Map<string, number>()
  const begins = new Float64Array(directory.count)
  let listed = 0
  let at = 0
  for (let count = 0; count < directory.count; count += 1) {
    const place = at
    const { entry, next } = readCentral(bytes, view, place)
    at = next
    if (entry.name.endsWith('/') && entry.length === 0) continue
    if (!isBundlePath(entry.name)) {
      throw new EvidenceError('zip-path', `entry ${count} of the zip file has no path of a bundle`)
    }
    if (places.has(entry.name)) {
      throw new EvidenceError('zip-duplicate', `entry ${count} of the zip file is there twice`)
    }
    places.set(entry.name, place)
    begins[listed] = entry.offset
    listed += 1
  }
  if (at !== bytes.length) throw malformed('has a directory of another length than it says')
  const ordered = begins.subarray(0, listed).sort()
  const find: Opened['find'] = (name) => {
    const place = places.get(name)
    if (place === undefined) return undefined
    const { entry } = readCentral(bytes, view, place)
    return { ...entry, end: nextAfter(ordered, entry.offset) ?? directory.offset }
  }
  for (const name of places.keys()) {
    const entry = find(name)
    if (entry && entry.offset + localBytes + name.length + entry.packed > entry.end) throw overlap()
  }
  return { find, names: () => places.keys() }
}

/**
 * Entries lie one after the other from the first byte to the directory, and none into the next. Two that
 * begin at one place overlap.
 */
function nextAfter(ordered: Float64Array, offset: number): number | undefined {
  let low = 0
  let high = ordered.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ordered[middle] ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return ordered[low + 1]
}

function overlap(): EvidenceError {
  return new EvidenceError('zip-overlap', 'entries of the zip file overlap')
}

async function findDirectory(file: RandomAccess): Promise<Directory> {
  if (file.size < endBytes) throw malformed('is too short')
  const tailBytes = Math.min(file.size, endBytes + locatorBytes)
  const tail = viewOf(await readExactly(file, file.size - tailBytes, tailBytes))
  const at = tailBytes - endBytes
  if (tail.getUint32(at, true) !== 0x06054b50 || tail.getUint16(at + 20, true) !== 0) {
    throw malformed('does not end where a zip file ends: it was cut off, or something was added')
  }
  if (tail.getUint16(at + 4, true) !== 0 || tail.getUint16(at + 6, true) !== 0) {
    throw malformed('is one of several disks')
  }
  const count = tail.getUint16(at + 10, true)
  const bytes = tail.getUint32(at + 12, true)
  const offset = tail.getUint32(at + 16, true)
  if (tail.getUint16(at + 8, true) !== count) throw malformed('is one of several disks')
  const wide = count === none16 || bytes === none32 || offset === none32
  const directory = wide
    ? await findDirectory64(file, tail, at - locatorBytes)
    : { offset, bytes, count, end: file.size - endBytes }
  if (directory.count > entriesMax || directory.bytes > directory.count * centralBytesMax) {
    throw new EvidenceError('zip-too-large', 'the zip file has too many entries')
  }
  if (directory.offset + directory.bytes !== directory.end) {
    throw malformed('has its directory elsewhere than before its end')
  }
  return directory
}

async function findDirectory64(
  file: RandomAccess,
  tail: DataView,
  at: number,
): Promise<Directory & { readonly end: number }> {
  if (at < 0 || tail.getUint32(at, true) !== 0x07064b50) throw malformed('lacks its zip64 locator')
  const offset = uint64(tail, at + 8)
  if (offset + end64Bytes !== file.size - endBytes - locatorBytes) {
    throw malformed('has its zip64 record elsewhere than before its end')
  }
  const view = viewOf(await readExactly(file, offset, end64Bytes))
  if (view.getUint32(0, true) !== 0x06064b50 || uint64(view, 4) !== end64Bytes - 12) {
    throw malformed('has a damaged zip64 record')
  }
  const count = uint64(view, 32)
  if (uint64(view, 24) !== count) throw malformed('is one of several disks')
  return { count, bytes: uint64(view, 40), offset: uint64(view, 48), end: offset }
}

function readCentral(
  bytes: Uint8Array,
  view: DataView,
  at: number,
): { readonly entry: Entry; readonly next: number } {
  if (at + centralBytes > bytes.length || view.getUint32(at, true) !== 0x02014b50) {
    throw malformed('has a damaged directory')
  }
  const flags = view.getUint16(at + 8, true)
  const method = view.getUint16(at + 10, true)
  const nameEnd = at + centralBytes + view.getUint16(at + 28, true)
  const extraEnd = nameEnd + view.getUint16(at + 30, true)
  const next = extraEnd + view.getUint16(at + 32, true)
  if (next > bytes.length) throw malformed('has a damaged directory')
  if ((flags & ~flagsAllowed) !== 0 || (method !== 0 && method !== 8)) {
    throw new EvidenceError('zip-unsupported', 'an entry of the zip file is packed in another way')
  }
  if (view.getUint16(at + 34, true) !== 0) throw malformed('is one of several disks')
  if (!isPlain(view, at)) throw irregular()
  const sizes = sizesOf(view, at, { from: nameEnd, to: extraEnd })
  if (method === 0 && sizes.packed !== sizes.length) throw malformed('has an entry of two lengths')
  const name = latin(bytes.subarray(at + centralBytes, nameEnd))
  return {
    entry: {
      ...{ name, method, flags, ...sizes },
      stamp: view.getUint32(at + 12, true),
      crc: view.getUint32(at + 16, true),
    },
    next,
  }
}

/**
 * Not a link, a pipe or a device, by the file type in its Unix mode: what unpacks it would make one. Packers
 * that know of no types write none.
 */
function isPlain(view: DataView, at: number): boolean {
  const type = view.getUint16(at + 40, true) & 0xf000
  return type === 0 || type === unixFile || type === unixFolder
}

const unixFile = 0x8000
const unixFolder = 0x4000

/** Sizes and offset, from the zip64 extra field where 32 bits do not hold them (APPNOTE 4.5.3). */
function sizesOf(
  view: DataView,
  at: number,
  extra: { readonly from: number; readonly to: number },
): { readonly packed: number; readonly length: number; readonly offset: number } {
  const fields = [view.getUint32(at + 24, true), view.getUint32(at + 20, true)]
  const short = {
    length: fields[0] ?? 0,
    packed: fields[1] ?? 0,
    offset: view.getUint32(at + 42, true),
  }
  const wide = [short.length, short.packed, short.offset].map((field) => field === none32)
  if (!wide.includes(true)) return short
  const found = extraField(view, extra, 0x0001)
  const values = found ? wide64(view, found, wide) : undefined
  if (!values) throw malformed('has a damaged zip64 field')
  return {
    length: values[0] ?? short.length,
    packed: values[1] ?? short.packed,
    offset: values[2] ?? short.offset,
  }
}

type Span = { readonly from: number; readonly to: number }

function extraField(view: DataView, { from, to }: Span, id: number): Span | undefined {
  for (let at = from; at + 4 <= to; ) {
    const end = at + 4 + view.getUint16(at + 2, true)
    if (end > to) return undefined
    if (view.getUint16(at, true) === id) return { from: at + 4, to: end }
    at = end
  }
  return undefined
}

function wide64(
  view: DataView,
  { from, to }: Span,
  wide: readonly boolean[],
): readonly (number | undefined)[] | undefined {
  let at = from
  const values: (number | undefined)[] = []
  for (const isWide of wide) {
    if (!isWide) values.push(undefined)
    else {
      if (at + 8 > to) return undefined
      values.push(uint64(view, at))
      at += 8
    }
  }
  return values
}

async function readEntry(
  file: RandomAccess,
  entry: Entry & { readonly end: number },
  bytesMax: number,
): Promise<Uint8Array> {
  // Packing makes little longer, so much that unpacks to nothing is as hostile as the opposite.
  const packedMax = entry.length + (entry.length >> 8) + packedSlack
  if (entry.length > bytesMax || entry.packed > packedMax) throw tooLarge()
  // Local extra fields are short: one read usually brings header and bytes.
  const guess = Math.min(
    localBytes + entry.name.length + 64 + entry.packed,
    entry.end - entry.offset,
  )
  const head = await readExactly(file, entry.offset, guess)
  const view = viewOf(head)
  const start = localBytes + entry.name.length + checkLocal(head, view, entry)
  if (entry.offset + start + entry.packed > entry.end) {
    throw overlap()
  }
  const packed =
    start + entry.packed <= head.length
      ? head.subarray(start, start + entry.packed)
      : await readExactly(file, entry.offset + start, entry.packed)
  const bytes = entry.method === 0 ? packed : await inflate(packed, entry.length)
  if (bytes.length !== entry.length || crc32(bytes) !== entry.crc) {
    throw new EvidenceError('zip-damaged', `${entry.name} in the zip file is damaged`)
  }
  return bytes
}

/** Longer than the frame of an entry that holds nothing. */
const packedSlack = 1024

/** The local header has to say what the directory says. Returns the length of its extra fields. */
function checkLocal(head: Uint8Array, view: DataView, entry: Entry): number {
  const isSame =
    view.getUint32(0, true) === 0x04034b50 &&
    view.getUint16(6, true) === entry.flags &&
    view.getUint16(8, true) === entry.method &&
    view.getUint32(10, true) === entry.stamp &&
    view.getUint16(26, true) === entry.name.length &&
    latin(head.subarray(localBytes, localBytes + entry.name.length)) === entry.name
  const [crc, packed, length] = [14, 18, 22].map((at) => view.getUint32(at, true))
  // What is told behind the bytes is nothing here.
  const isLater = (entry.flags & sizesBehind) !== 0 && crc === 0
  const fits = (said: number | undefined, known: number) =>
    said === known || said === none32 || (isLater && said === 0)
  const isFitting = fits(packed, entry.packed) && fits(length, entry.length)
  if (!isSame || !isFitting || !(isLater || crc === entry.crc)) {
    throw malformed('says two things about one entry')
  }
  return view.getUint16(28, true)
}

/** Never more than the entry says it is: a zip bomb ends at the first byte too many. */
async function inflate(packed: Uint8Array, length: number): Promise<Uint8Array> {
  const copy = new Uint8Array(packed)
  const stream = new Blob([copy]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  try {
    return await gather(stream, length)
  } catch (cause) {
    const code = cause instanceof EvidenceError ? 'zip-bomb' : 'zip-damaged'
    throw new EvidenceError(code, 'an entry of the zip file does not unpack to what it says', {
      cause,
    })
  }
}

async function readExactly(
  file: RandomAccess,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  if (offset < 0 || length < 0 || offset + length > file.size) throw malformed('is cut off')
  const bytes = await file.read(offset, length)
  if (bytes.length !== length) throw malformed('is cut off')
  return bytes
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** No file here is 2^53 bytes long, so what rounds is wrong anyway. */
function uint64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true))
}

/** One character a byte; what is no ASCII is no path of a bundle and is refused as such. */
function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

let crcTable: Uint32Array | undefined

function crc32(bytes: Uint8Array): number {
  crcTable ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte
    for (let bit = 0; bit < 8; bit += 1)
      value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
    return value >>> 0
  })
  let crc = none32
  for (const byte of bytes) crc = (crcTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
  return (crc ^ none32) >>> 0
}
