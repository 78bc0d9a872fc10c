/**
 * One thing at a time for each key, in the order asked. A claim of one clearance loses against every other one
 * that came between its look and its commit: in one process they stand in line instead, so that none starves.
 */
export function openLanes(): <Result>(key: string, work: () => Promise<Result>) => Promise<Result> {
  const lanes = new Map<string, Promise<unknown>>()
  return (key, work) => {
    const before = lanes.get(key) ?? Promise.resolve()
    const turn = before.then(work, work)
    const over = turn.then(
      () => undefined,
      () => undefined,
    )
    lanes.set(key, over)
    void over.then(() => {
      if (lanes.get(key) === over) lanes.delete(key)
    })
    return turn
  }
}
