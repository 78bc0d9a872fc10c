import { classes, classOf } from '../detect/classes.ts'

/** What this room asks of bytes beyond `classes`, in bits above theirs. */
export const traits = {
  percent: 0x100,
  backslash: 0x200,
  ampersand: 0x400,
  quote: 0x800,
  /** A run of plain content of a JSON string stops here: the quote, the backslash, control bytes. */
  stop: 0x8000,
} as const

/** The class bits of each byte, and the bits above. */
export const traitsOf: Uint16Array = Uint16Array.from(classOf)
for (let byte = 0; byte < 0x20; byte += 1) traitsOf[byte] = (classOf[byte] ?? 0) | traits.stop
// Folding drops it.
traitsOf[0] = (traitsOf[0] ?? 0) | classes.wide
traitsOf[0x22] = (classOf[0x22] ?? 0) | traits.stop | traits.quote
traitsOf[0x5c] = (classOf[0x5c] ?? 0) | traits.stop | traits.backslash
traitsOf[0x25] = (classOf[0x25] ?? 0) | traits.percent
traitsOf[0x26] = (classOf[0x26] ?? 0) | traits.ampersand
