import type { OutageReason } from '@sallyport/evidence/record'

/** Words for people, without a value of any row: those stand in errors about data. */
export function describeFailure(thrown: unknown): string {
  const state = sqlState(thrown)
  const message = thrown instanceof Error ? thrown.message : 'unknown'
  if (state === undefined) return message
  return isAboutData(thrown) ? `the database refused what it was given (${state})` : message
}

/** Whether the server would say the same again, to these very values; see the classes of appendix A. */
export function isAboutData(thrown: unknown): boolean {
  return /^(?:22|54)/.test(sqlState(thrown) ?? '')
}

/** In the words of the record that says so afterwards. */
export function outageReason(thrown: unknown): OutageReason {
  const state = sqlState(thrown)
  if (state === '53100') return 'disk-full'
  return state === '25006' ? 'read-only' : 'unwritable'
}

/** SQLSTATE; undefined for what the server did not say. */
export function sqlState(thrown: unknown): string | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}
