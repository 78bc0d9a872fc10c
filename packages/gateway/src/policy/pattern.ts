/**
 * Compiles the pattern of a `like`. A `*` stands for any text, so matching piece by piece from the
 * left, each as early as possible, finds a match whenever there is one: no backtracking.
 */
export function compilePattern(pattern: unknown): ((text: string) => boolean) | undefined {
  const pieces = literalPieces(pattern)
  if (!pieces) return undefined
  const first = pieces[0] ?? ''
  const last = pieces.at(-1) ?? ''
  if (pieces.length === 1) return (text) => text === first
  const middle = pieces.slice(1, -1)
  return (text) => {
    if (text.length < first.length + last.length) return false
    if (!text.startsWith(first) || !text.endsWith(last)) return false
    const end = text.length - last.length
    let at = first.length
    for (const piece of middle) {
      const found = text.indexOf(piece, at)
      if (found < 0) return false
      at = found + piece.length
    }
    return at <= end
  }
}

/** The literal text between the wildcards; `undefined` for a form that is not a pattern. */
function literalPieces(pattern: unknown): readonly string[] | undefined {
  if (!Array.isArray(pattern)) return undefined
  const pieces = ['']
  for (const element of pattern) {
    if (element === 'Wildcard') {
      pieces.push('')
      continue
    }
    const literal: unknown =
      typeof element === 'object' && element !== null ? element.Literal : null
    if (typeof literal !== 'string') return undefined
    pieces.push(`${pieces.pop()}${literal}`)
  }
  return pieces
}
