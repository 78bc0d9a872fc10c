import { hash } from 'node:crypto'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import type { LeafRecord } from '@sallyport/evidence/record'
import type { Rulebook } from '../../model/rulebook.ts'
import type { PayloadsDue } from '../store.ts'

export type DueRow = {
  readonly index: number
  readonly bytes: Uint8Array
  readonly retention: string | undefined
  /** Whether anything is left that could be destroyed. */
  readonly held: boolean
}

/** By digest; `unknown`: not kept. `altered`: kept, and not what its digest says. */
export type Classes = ReadonlyMap<string, string> | 'unknown' | 'altered'

/**
 * Payloads whose time is over among these rows, judged by the leaf itself and by the rulebook it cites: whoever
 * can write to the database could otherwise have evidence destroyed by changing a column. Where the column of
 * the class says something else than they do, nothing is due: what was destroyed too early cannot be brought
 * back.
 */
export function dueAmong(
  rows: readonly DueRow[],
  query: Parameters<PayloadsDue>[0] & { readonly start: number },
  look: {
    readonly leaf: (index: number) => Uint8Array | undefined
    readonly classes: (digest: string) => Classes
  },
): Awaited<ReturnType<PayloadsDue>> {
  const { class: name, standard, before, limit, start } = query
  const records: number[] = []
  let next = start
  for (const { index, bytes, retention, held } of rows) {
    const record = held ? recordOf(bytes) : undefined
    if (record && Date.parse(record.time) >= before) return { records, next, more: false }
    next = index + 1
    const is = retention === name || (retention === undefined && standard)
    if (record && is && isOfClass(record, name, look)) records.push(index)
  }
  return { records, next, more: rows.length === limit }
}

/** Undefined for what is no leaf: damage is for the verifier to tell, and destroys nothing. */
export function recordOf(bytes: Uint8Array | undefined): LeafRecord | undefined {
  if (!bytes) return undefined
  try {
    return parseLeaf(bytes)
  } catch {
    return undefined
  }
}

/** The first record of the call, which cites its rulebook: the record itself, or what it says is its intent. */
export function firstOf(
  record: LeafRecord,
  leaf: (index: number) => Uint8Array | undefined,
): LeafRecord | undefined {
  return 'intent' in record ? recordOf(leaf(record.intent)) : record
}

/** The rulebook by which a call was decided. */
export function rulebookOf(first: LeafRecord | undefined): string | undefined {
  if (first?.type !== 'call.authorized' && first?.type !== 'call.denied') return undefined
  return first.fn && first.decision?.policy
}

/** Whether a record's function has this class; also where its record cites no rulebook that could tell. */
function isOfClass(
  record: LeafRecord,
  name: string,
  look: Parameters<typeof dueAmong>[2],
): boolean {
  const first = firstOf(record, look.leaf)
  const digest = rulebookOf(first)
  if (digest === undefined || !first || !('fn' in first)) return true
  const classes = look.classes(digest)
  if (classes === 'unknown') return true
  const fn = typeof first.fn === 'object' ? first.fn.name : first.fn
  return classes !== 'altered' && classes.get(fn ?? '') === name
}

/** The class of every function. A rulebook that is not what its digest says tells nothing. */
export function readClasses(content: string | undefined, digest: string): Classes {
  if (content === undefined) return 'unknown'
  if (`sha256:${hash('sha256', content, 'hex')}` !== digest) return 'altered'
  const { functions }: Pick<Rulebook, 'functions'> = JSON.parse(content)
  return new Map(functions.map(({ id, retention }) => [id, retention ?? 'standard']))
}
