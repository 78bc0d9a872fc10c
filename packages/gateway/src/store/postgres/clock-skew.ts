import { limits } from '../../config/limits.ts'

/**
 * Why this gateway may not write: its clock and the database's are too far apart. Of gateways that share a log, one
 * whose clock is ahead would date records so that no other could sign them before their time has come.
 */
export function clockSkew(given: {
  readonly databaseMs: number
  readonly ownMs: number
}): string | undefined {
  const apart = given.ownMs - given.databaseMs
  // Also for what is no number.
  if (Math.abs(apart) <= limits.clockLeewayMs) return undefined
  const way = apart > 0 ? 'ahead of' : 'behind'
  const seconds = Math.round(Math.abs(apart) / 1000)
  return `the clock of this gateway is ${seconds} s ${way} the database's: set the wrong one right`
}
