import { crc32, deflateRawSync } from 'node:zlib'
import type { Files } from './log-builder.ts'

export type ZipEntry = {
  readonly name: string
  readonly bytes: Uint8Array
  /** What the headers say, where that is not the truth. */
  readonly lie?: {
    readonly length?: number
    readonly crc?: number
    readonly localName?: string
    readonly flags?: number
    readonly method?: number
    readonly offset?: number
    /** Unix mode with its file type, as the directory says it. */
    readonly mode?: number
    readonly disk?: number
    /** Time and date, sizes: as the local header says them. */
    readonly localStamp?: number
    readonly localLength?: number
  }
}

/** A zip file by PKWARE's APPNOTE, as plain as it goes, and able to lie. */
export function writeZip(
  entries: readonly ZipEntry[],
  options: { readonly deflate?: boolean; readonly zip64?: boolean } = {},
): Buffer {
  const locals: Buffer[] = []
  const centrals: Buffer[] = []
  let offset = 0
  for (const { name, bytes, lie = {} } of entries) {
    const packed = options.deflate ? deflateRawSync(bytes) : Buffer.from(bytes)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(lie.flags ?? 0, 2)
    fields.writeUInt16LE(lie.method ?? (options.deflate ? 8 : 0), 4)
    fields.writeUInt32LE(lie.crc ?? crc32(bytes), 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(lie.length ?? bytes.length, 18)
    fields.writeUInt16LE(name.length, 22)
    const ownFields = Buffer.from(fields)
    if (lie.localStamp !== undefined) ownFields.writeUInt32LE(lie.localStamp, 6)
    if (lie.localLength !== undefined) {
      ownFields.writeUInt32LE(0, 10)
      ownFields.writeUInt32LE(lie.localLength, 18)
    }
    const local = [word(0x04034b50), ownFields, Buffer.from(lie.localName ?? name), packed]
    const wide = Buffer.alloc(options.zip64 ? 28 : 0)
    const rest = Buffer.alloc(14)
    rest.writeUInt16LE(lie.disk ?? 0, 2)
    rest.writeUInt16LE(lie.mode ?? 0, 8)
    rest.writeUInt32LE(lie.offset ?? offset, 10)
    const central = Buffer.from(fields)
    if (options.zip64) {
      wide.writeUInt16LE(1, 0)
      wide.writeUInt16LE(24, 2)
      wide.writeBigUInt64LE(BigInt(bytes.length), 4)
      wide.writeBigUInt64LE(BigInt(packed.length), 12)
      wide.writeBigUInt64LE(BigInt(offset), 20)
      central.writeUInt32LE(0xffffffff, 14)
      central.writeUInt32LE(0xffffffff, 18)
      central.writeUInt16LE(wide.length, 24)
      rest.writeUInt32LE(0xffffffff, 10)
    }
    // Version made by comes before what the local header has as well.
    const head = [word(0x02014b50), Buffer.of(20, 0), central, rest]
    centrals.push(...head, Buffer.from(name), wide)
    locals.push(...local)
    offset += Buffer.concat(local).length
  }
  const directory = Buffer.concat(centrals)
  const all = [...locals, directory]
  const count = entries.length
  if (options.zip64) all.push(end64(count, directory.length, offset))
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(options.zip64 ? 0xffff : count, 8)
  end.writeUInt16LE(options.zip64 ? 0xffff : count, 10)
  end.writeUInt32LE(options.zip64 ? 0xffffffff : directory.length, 12)
  end.writeUInt32LE(options.zip64 ? 0xffffffff : offset, 16)
  return Buffer.concat([...all, end])
}

export function zipOf(files: Files, deflate = true): Buffer {
  return writeZip(
    [...files].map(([name, bytes]) => ({ name, bytes })),
    { deflate },
  )
}

function end64(count: number, bytes: number, offset: number): Buffer {
  const end = Buffer.alloc(76)
  end.writeUInt32LE(0x06064b50, 0)
  end.writeBigUInt64LE(44n, 4)
  end.writeBigUInt64LE(BigInt(count), 24)
  end.writeBigUInt64LE(BigInt(count), 32)
  end.writeBigUInt64LE(BigInt(bytes), 40)
  end.writeBigUInt64LE(BigInt(offset), 48)
  end.writeUInt32LE(0x07064b50, 56)
  end.writeBigUInt64LE(BigInt(offset + bytes), 64)
  end.writeUInt32LE(1, 72)
  return end
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
