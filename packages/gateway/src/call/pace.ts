import { limits } from '../mask/limits.ts'
import type { Paced } from '../mask/plan.ts'
import type { Gate } from './gate.ts'

/** The work on one body, done piece by piece so that nobody waits long for the thread. */
export type Pace = {
  /** So many bytes of the body are a piece now: as many as were done in time so far. */
  readonly pieceBytes: () => number
  readonly paced: Paced
  /** All work so far, in microseconds. */
  readonly taken: () => number
}

/** Pieces are measured, because a byte of one format takes a hundred times as long as one of another. */
export function openPace({ micros, turn }: Pick<Gate, 'micros' | 'turn'>): Pace {
  let pieceBytes: number = limits.pieceBytes
  let sinceTurn = 0
  let taken = 0
  return {
    pieceBytes: () => pieceBytes,
    paced: async (step, bytes) => {
      if (sinceTurn >= limits.turnMicros) {
        await turn()
        sinceTurn = 0
      }
      const from = micros()
      try {
        return step()
      } finally {
        const spent = micros() - from
        taken += spent
        sinceTurn += spent
        if (spent > limits.turnMicros) pieceBytes = Math.max(limits.pieceBytesMin, pieceBytes >> 1)
        else if (bytes === pieceBytes && spent < limits.turnMicros / 4) {
          pieceBytes = Math.min(limits.pieceBytesMax, pieceBytes << 1)
        }
      }
    },
    taken: () => taken,
  }
}
