import { uptime as systemUptime } from 'node:os'
import { limits } from '../config/limits.ts'

/** The wall clock, watched: the log may not be dated by a clock that was set. */
export type WatchedClock = {
  /** Unix milliseconds; after a jump as if there had been none. */
  readonly now: () => number
  /** Why nothing may be dated by the wall clock now; undefined while it runs as the steady one does. */
  readonly jumped: () => string | undefined
  /** Why a record of this date (Unix milliseconds) may not be written now. */
  readonly objection: (date: number) => string | undefined
}

/**
 * Compares the wall clock with the steady one from look to look. Clocks that are slewed are followed, and so is a
 * machine that slept: the steady clock stands still meanwhile, and the time since the machine's start does
 * not. A jump is forgiven when the clock is set back; where the new time is the right one, a restart takes it.
 */
export function watchClock(
  sources: {
    readonly wall?: () => number
    readonly steady?: () => number
    /** Milliseconds since the machine was started, asleep or not. */
    readonly uptime?: () => number
  } = {},
): WatchedClock {
  const {
    wall = Date.now,
    steady = () => performance.now(),
    uptime = () => systemUptime() * 1000,
  } = sources
  let offset = wall() - steady()
  let asleep = uptime() - steady()

  /** How far the wall clock is ahead of where it should be; 0 where that is no jump. */
  const ahead = (): number => {
    const apart = wall() - steady() - offset
    if (Math.abs(apart) > limits.clockJumpMs) {
      const slept = uptime() - steady() - asleep
      if (Math.abs(apart - slept) > limits.clockJumpMs) return apart
      asleep += slept
    }
    offset += apart
    return 0
  }
  const now = () => {
    const jump = ahead()
    return jump === 0 ? wall() : Math.round(offset + steady())
  }
  const jumped = () => {
    const jump = ahead()
    if (jump === 0) return undefined
    const way = jump > 0 ? 'forward' : 'back'
    return `the clock was set ${way} by ${Math.round(Math.abs(jump) / 1000)} s: set it right, or restart the gateway if it is right now`
  }
  return {
    now,
    jumped,
    objection: (date) => {
      const off = date - now()
      if (off > limits.clockJumpMs) return jumped() ?? 'it is dated in the future'
      return off < -limits.clockJumpMs ? jumped() : undefined
    },
  }
}
