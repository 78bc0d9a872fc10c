/** Where a JSON number (RFC 8259 section 6) stands. */
export const numberMinus = 0
export const numberZero = 1
export const numberWhole = 2
const numberPoint = 3
const numberFraction = 4
const numberE = 5
const numberSign = 6
const numberExponent = 7

/** Whether a number may end where it stands. */
export const endsNumber: readonly boolean[] = [false, true, true, false, true, false, false, true]

/** Where a number stands after one more byte; undefined when the byte is not part of it. */
export function afterNumberByte(state: number, byte: number): number | undefined {
  if (byte >= 0x30 && byte <= 0x39) {
    switch (state) {
      case numberMinus:
        return byte === 0x30 ? numberZero : numberWhole
      case numberZero:
        return undefined
      case numberPoint:
        return numberFraction
      case numberE:
      case numberSign:
        return numberExponent
      default:
        return state
    }
  }
  if (byte === 0x2e) return state === numberZero || state === numberWhole ? numberPoint : undefined
  if (byte === 0x65 || byte === 0x45) {
    const fits = state === numberZero || state === numberWhole || state === numberFraction
    return fits ? numberE : undefined
  }
  const sign = byte === 0x2b || byte === 0x2d
  return sign && state === numberE ? numberSign : undefined
}
