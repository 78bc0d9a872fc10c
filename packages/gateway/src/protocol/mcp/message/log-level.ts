import type { Json } from '../../../model/json.ts'
import { logLevels } from './eras.ts'

/** Whether a log message of this level is among those asked for: at least as severe as `least` (RFC 5424). */
export function isLoudEnough(level: Json | undefined, least: string | undefined): boolean {
  const severity = levels.indexOf(String(level))
  const from = least === undefined ? -1 : levels.indexOf(least)
  return severity >= 0 && from >= 0 && severity >= from
}

const levels: readonly string[] = logLevels
