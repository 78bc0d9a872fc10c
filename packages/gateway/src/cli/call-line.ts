import type { CallListed } from '../admin/contract.ts'
import { type Column, out } from './output.ts'
import { marks } from './style.ts'
import { between, lengthOf, moment } from './times.ts'

/** What became of a call, in a sign and a word: `◐ masked`, `✕ policy-denied`. */
export function endingOf(call: CallListed): string {
  if (call.ending === 'running') return `${marks.held} running`
  if (call.ending === 'approval-required') return `${marks.held} held`
  if (call.ending !== 'done') return `${marks.refused} ${call.ending}`
  const failed = call.status !== null && call.status >= 400
  if (failed) return `${marks.warning} upstream ${call.status}`
  return call.masked.length > 0 ? `${marks.masked} masked` : `${marks.ok} allowed`
}

export function paintEnding(text: string): string {
  if (text.startsWith(marks.ok)) return out.green(text)
  if (text.startsWith(marks.masked)) return out.cyan(text)
  if (text.startsWith(marks.refused)) return out.red(text)
  return out.yellow(text)
}

export function tookOf(call: CallListed): string {
  return call.ended_at === null ? '' : lengthOf(between(call.started_at, call.ended_at))
}

/** The function, and what was asked for where that is something else: `notes.read (subscribe)`. */
export function functionOf({ function: fn, wants }: CallListed): string {
  const name = fn ?? 'unknown'
  return wants === null ? name : `${name} (${wants})`
}

/** `agent for user`, or who called for themselves. */
export function whoOf(call: {
  readonly caller: string | null
  readonly on_behalf_of: string | null
}): string {
  const caller = call.caller ?? 'nobody known'
  return call.on_behalf_of === null ? caller : `${caller} for ${call.on_behalf_of}`
}

/** The columns of a list of calls. */
export const callColumns: readonly Column<CallListed>[] = [
  { title: 'STARTED', value: (call) => moment(call.started_at), whole: true },
  { title: 'CALL', value: (call) => call.id, whole: true },
  { title: 'ENDING', value: endingOf, whole: true, paint: paintEnding },
  { title: 'FUNCTION', value: functionOf },
  { title: 'CALLER', value: whoOf },
  { title: 'RULES', value: (call) => call.rules.join(' ') },
  { title: 'TOOK', value: tookOf, whole: true },
]
