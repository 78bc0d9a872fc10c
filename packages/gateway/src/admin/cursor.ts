import { Refused } from './problem.ts'

/** Where a page ended, in a form that callers pass back and do not read: base64url of JSON. */
export function writeCursor(position: string | number): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

/** Refuses `cursor-invalid`. */
export function readIndexCursor(cursor: string | undefined): number | undefined {
  const position = readCursor(cursor)
  if (position === undefined) return undefined
  if (typeof position !== 'number' || !Number.isSafeInteger(position) || position < 0) {
    throw new Refused('cursor-invalid')
  }
  return position
}

/** Refuses `cursor-invalid`. */
export function readIdCursor(cursor: string | undefined): string | undefined {
  const position = readCursor(cursor)
  if (position === undefined) return undefined
  if (typeof position !== 'string' || !/^[\w.:-]{1,256}$/.test(position)) {
    throw new Refused('cursor-invalid')
  }
  return position
}

function readCursor(cursor: string | undefined): unknown {
  if (cursor === undefined) return undefined
  if (!/^[\w-]{1,512}$/.test(cursor)) throw new Refused('cursor-invalid')
  try {
    const position: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return position ?? null
  } catch {
    throw new Refused('cursor-invalid')
  }
}
