export type Departures = {
  /** A caller waits for this question; the returned function says that it does no more, and why. */
  readonly arrive: (id: string) => (why: 'left' | 'answered') => void
  /** Whether anything is remembered of it. */
  readonly has: (id: string) => boolean
  /** Nobody has to wait for it any more. */
  readonly settled: (id: string) => void
  readonly close: () => void
}

/**
 * Withdraws a held question when the last caller that waited for it has left and none came back within the
 * grace. A caller that was answered, if only with the id to come back with, keeps it open. Of callers that wait
 * at another gateway nothing is known here: theirs is withdrawn with it, and has to be asked again.
 *
 * Forgotten when the gateway stops: the question stays, and whoever comes back joins it.
 */
export function openDepartures({
  graceMs,
  withdraw,
}: {
  readonly graceMs: number
  readonly withdraw: (id: string) => Promise<void>
}): Departures {
  const questions = new Map<
    string,
    { waiting: number; answered: boolean; timer?: NodeJS.Timeout }
  >()
  const settled = (id: string) => {
    clearTimeout(questions.get(id)?.timer)
    questions.delete(id)
  }
  return {
    arrive: (id) => {
      const question = questions.get(id) ?? { waiting: 0, answered: false }
      questions.set(id, question)
      question.waiting += 1
      clearTimeout(question.timer)
      return (why) => {
        question.waiting -= 1
        if (why === 'answered') question.answered = true
        if (question.waiting > 0 || question.answered || questions.get(id) !== question) return
        question.timer = setTimeout(() => {
          questions.delete(id)
          void withdraw(id)
        }, graceMs)
        question.timer.unref()
      }
    },
    has: (id) => questions.has(id),
    settled,
    close: () => {
      for (const id of [...questions.keys()]) settled(id)
    },
  }
}
