import { hexOf, isAlnum } from './classes.ts'
import { hintOfCell, noSupport, supportOf, topic } from './context.ts'
import { add } from './finding.ts'
import { hints } from './hint-bits.ts'
import { isLabel } from './ip.ts'

/**
 * A hardware address (IEEE 802 EUI-48 or EUI-64) that begins at `start`: six or eight pairs of
 * hexadecimal digits with one separator throughout, or three or four groups of four with points.
 * Returns where it ends; `start` when there is none.
 */
export function scanMac(bytes: Uint8Array, start: number, to: number): number {
  if (before(bytes, start)) return start
  const size = groupSize(bytes, start, to)
  if (size !== 2 && size !== 4) return start
  const separator = bytes[start + size] ?? 0
  const colons = separator === 0x3a || separator === 0x2d
  if (!(size === 2 ? colons || separator === 0x20 : separator === 0x2e)) return start
  let groups = 1
  let at = start + size
  while (
    at < to &&
    bytes[at] === separator &&
    groups < 9 &&
    groupSize(bytes, at + 1, to) === size
  ) {
    groups += 1
    at += size + 1
  }
  if (size === 2 ? groups !== 6 && groups !== 8 : groups !== 3 && groups !== 4) return start
  if (at < to && (isAlnum(bytes[at]) || (bytes[at] === separator && isAlnum(bytes[at + 1]))))
    return start
  let confidence = separator === 0x20 ? 40 : size === 4 ? 60 : 92
  if (confidence < 90 && named(start, at)) confidence = 90
  add({ type: 'MAC_ADDRESS', rule: 'mac/eui', start, end: at, confidence, validator: undefined })
  return confidence >= 50 ? at : start
}

/** Twelve hexadecimal digits in one word, where the field or a word beside it says what they are. */
export function scanBareMac(start: number, end: number): void {
  if (!named(start, end)) return
  add({ type: 'MAC_ADDRESS', rule: 'mac/bare', start, end, confidence: 80, validator: undefined })
}

const macTopic: number = topic('mac')

const named = (start: number, end: number): boolean =>
  (hintOfCell() & hints.mac) !== 0 || supportOf(macTopic, start, end) !== noSupport

/** How many hexadecimal digits stand at `at`, up to five. */
function groupSize(bytes: Uint8Array, at: number, to: number): number {
  let size = 0
  while (size < 5 && at + size < to && (hexOf[bytes[at + size] ?? 0] ?? -1) >= 0) size += 1
  return size
}

function before(bytes: Uint8Array, start: number): boolean {
  const byte = bytes[start - 1] ?? 0x20
  if (byte === 0x3a && isLabel(bytes, start - 1)) return false
  return (byte === 0x3a || byte === 0x2d || byte === 0x2e) && isAlnum(bytes[start - 2])
}
