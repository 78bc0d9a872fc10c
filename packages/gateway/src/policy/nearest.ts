/** The candidate closest to a misspelt word, if one is close enough to be meant. */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Words longer than this are compared by their beginning: the distance is quadratic. */
const comparedMax = 80

function editDistance(left: string, right: string): number {
  const from = left.slice(0, comparedMax)
  const to = right.slice(0, comparedMax)
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (const [at, letter] of [...from].entries()) {
    const next = [at + 1]
    for (const [column, other] of [...to].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1)
      const dropped = (row[column + 1] ?? 0) + 1
      const added = (next[column] ?? 0) + 1
      next.push(Math.min(replaced, dropped, added))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
