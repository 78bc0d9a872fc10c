/**
 * Runs what it is given one at a time, in the order it was asked. What fails does not stop the next.
 * Between a check and the write that relies on it nothing else may happen.
 */
export function openTurns(): <Result>(take: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  return (take) => {
    const turn = last.then(take, take)
    last = turn.catch(() => undefined)
    return turn
  }
}
