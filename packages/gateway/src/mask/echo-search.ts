import { Bytes } from './bytes.ts'

/** Where an echo is, in bytes. */
export type Hit = { readonly at: number; readonly length: number }

/** Finds the next echo from a place on. Each is searched for once per stretch, however many are found. */
export function finder(text: Buffer, wanted: readonly Buffer[]): (from: number) => Hit | undefined {
  const places = wanted.map((echo) => text.indexOf(echo))
  return (from) => {
    let first: Hit | undefined
    for (const [which, echo] of wanted.entries()) {
      let at = places[which] ?? -1
      if (at >= 0 && at < from) {
        at = text.indexOf(echo, from)
        places[which] = at
      }
      if (at >= 0 && (first === undefined || at < first.at)) first = { at, length: echo.length }
    }
    return first
  }
}

/** Where the first echo begins that the end of the text cuts off; the text's length when none does. */
export function earliestBeginning(text: Buffer, wanted: readonly Buffer[], from: number): number {
  let earliest = text.length
  for (const echo of wanted) {
    const first = echo[0] ?? 0
    let at = text.indexOf(first, Math.max(from, text.length - echo.length + 1))
    while (at >= 0 && at < earliest) {
      if (text.compare(echo, 0, text.length - at, at) === 0) earliest = at
      else at = text.indexOf(first, at + 1)
    }
  }
  return earliest
}

/** What may be the beginning of an echo, until more comes. */
export type Hold = {
  readonly size: () => number
  readonly hold: (bytes: Uint8Array) => void
  /** Whether the chunk only continues an echo that all of what is held begins: it is held then, and nothing is settled. */
  readonly continues: (chunk: Uint8Array) => boolean
  readonly take: () => Uint8Array
}

export function openHold(wanted: readonly Buffer[]): Hold {
  // What is held is the beginning of an echo as it may be spelled: the echo bounds it, and it must not get lost.
  const held = new Bytes(Number.POSITIVE_INFINITY)
  /** Those that begin with all of what is held. */
  let begun: readonly Buffer[] = []
  return {
    size: () => held.length,
    hold: (bytes) => {
      held.add(bytes, 0, bytes.length)
      begun = wanted.filter((echo) => begins(echo, 0, bytes))
    },
    continues: (chunk) => {
      const still = begun.filter((echo) => begins(echo, held.length, chunk))
      if (still.length === 0) return false
      held.add(chunk, 0, chunk.length)
      begun = still
      return true
    },
    take: () => held.take(),
  }
}

/** Whether the echo goes on with these bytes from there, and then on. */
function begins(echo: Buffer, from: number, bytes: Uint8Array): boolean {
  const to = from + bytes.length
  return to < echo.length && echo.compare(bytes, 0, bytes.length, from, to) === 0
}
