/** Whether a text looks like a JSON object, array or string from its first two characters. */
export function beginsJson(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from
  while (at < to && (bytes[at] ?? 0) <= 0x20) at += 1
  const first = bytes[at]
  if (first === 0x22) return isOneString(bytes, at, to)
  if (first !== 0x7b && first !== 0x5b) return false
  at += 1
  while (at < to && (bytes[at] ?? 0) <= 0x20) at += 1
  const second = bytes[at] ?? 0
  if (first === 0x7b) return second === 0x22
  return second === 0x22 || second === 0x7b || second === 0x5b || isNumberStart(second)
}

/** The string that begins at `from` ends the text: `"key": "value"` is a line of a text, not JSON. */
function isOneString(bytes: Uint8Array, from: number, to: number): boolean {
  let end = to
  while (end > from && (bytes[end - 1] ?? 0) <= 0x20) end -= 1
  for (let at = from + 1; at < end; at += 1) {
    const byte = bytes[at]
    if (byte === 0x5c) at += 1
    else if (byte === 0x22) return at === end - 1
  }
  return true
}

function isNumberStart(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39)
}
