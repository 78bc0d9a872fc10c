/** The `when { … }` and `unless { … }` clauses of a policy as written, each on one line. */
export function clauseTexts(policy: string): readonly string[] {
  const clauses: string[] = []
  let depth = 0
  let start = 0
  for (const match of policy.matchAll(tokens)) {
    const [token] = match
    if (depth === 0 && (token === 'when' || token === 'unless')) start = match.index
    if (token === '{') depth += 1
    if (token === '}') depth -= 1
    if (token === '}' && depth === 0) clauses.push(oneLine(policy.slice(start, match.index + 1)))
  }
  return clauses
}

const tokens = /\/\/[^\n]*|"(?:\\[\s\S]|[^"\\])*"|[{}]|[A-Za-z_]\w*/g

function oneLine(text: string): string {
  return text
    .replace(/"(?:\\[\s\S]|[^"\\])*"|\/\/[^\n]*/g, (found) => (found.startsWith('//') ? '' : found))
    .replace(/\s+/g, ' ')
}
