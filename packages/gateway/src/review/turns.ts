/** Does the work for each, so many at once; the results are in the order of the rows. The first failure ends it. */
export async function inTurns<Row, Result>(
  rows: readonly Row[],
  atOnce: number,
  work: (row: Row) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  let next = 0
  const turn = async () => {
    for (let at = next++; at < rows.length; at = next++) {
      const row = rows[at]
      if (row !== undefined) results[at] = await work(row)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, rows.length) }, turn))
  return results
}
