/** The text of one policy, from its first word to its semicolon, and where that word stands (1-based). */
export type PolicyText = { readonly text: string; readonly line: number; readonly column: number }

/**
 * Cuts a Cedar file at the semicolons that end policies: those outside strings and comments. What
 * follows the last one is returned too, so that Cedar can say what it lacks.
 */
export function splitPolicies(file: string): readonly PolicyText[] {
  // To Cedar a carriage return by itself ends a line too: what follows a comment would be lost.
  const text = file.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n')
  const found: PolicyText[] = []
  let start: number | undefined
  let line = 1
  let lineStart = 0
  let place = { line: 1, column: 1 }
  for (const match of text.matchAll(tokens)) {
    const [token] = match
    if (token === '\n') {
      line += 1
      lineStart = match.index + 1
    } else if (!token.startsWith('//')) {
      if (start === undefined) {
        start = match.index
        place = { line, column: match.index - lineStart + 1 }
      }
      line += token.split('\n').length - 1
      if (token.includes('\n')) lineStart = match.index + token.lastIndexOf('\n') + 1
    }
    if (token === ';' && start !== undefined) {
      found.push({ text: text.slice(start, match.index + 1), ...place })
      start = undefined
    }
  }
  if (start !== undefined) found.push({ text: text.slice(start).trimEnd(), ...place })
  return found
}

/** A line end, a comment, a string (closed or not), a semicolon, or a stretch of anything else. */
const tokens = /\n|\/\/[^\n]*|"(?:\\[\s\S]|[^"\\])*"?|;|(?:[^\s"/;]|\/(?!\/))+/g
