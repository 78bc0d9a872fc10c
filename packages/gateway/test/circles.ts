/**
 * Groups of files that reach each other by their imports, types included; each group and the list are sorted. A file
 * alone is none. `imports`: by file, the files it names (Tarjan 1972, strongly connected components).
 */
export function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []

  const visit = (file: string): number => {
    const own = order.size
    order.set(file, own)
    lowest.set(file, own)
    open.push(file)
    for (const next of imports.get(file) ?? []) {
      if (!imports.has(next)) continue
      const reached = order.has(next) ? reachedBy(next) : visit(next)
      lowest.set(file, Math.min(lowest.get(file) ?? own, reached))
    }
    const low = lowest.get(file) ?? own
    if (low !== own) return low
    const circle = open.splice(open.indexOf(file))
    if (circle.length > 1) circles.push(circle.sort())
    return low
  }
  // A file whose circle is known already reaches nothing that is still open.
  const reachedBy = (file: string): number =>
    open.includes(file) ? (order.get(file) ?? 0) : Number.POSITIVE_INFINITY

  for (const file of imports.keys()) if (!order.has(file)) visit(file)
  return circles.sort((a, b) => String(a).localeCompare(String(b)))
}
