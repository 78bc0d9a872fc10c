/** 1-based. */
export type Place = { readonly line: number; readonly column: number }

/** Where a byte of the text's UTF-8 form stands in the file that the text begins in at `start`. */
export function placeOfByte(text: string, byte: number, start: Place): Place {
  const before = Buffer.from(text).subarray(0, byte).toString()
  return placeOfCharacter(text, before.length, start)
}

export function placeOfCharacter(text: string, character: number, start: Place): Place {
  const lines = text.slice(0, character).split('\n')
  const last = lines.at(-1) ?? ''
  if (lines.length === 1) return { line: start.line, column: start.column + last.length }
  return { line: start.line + lines.length - 1, column: last.length + 1 }
}
