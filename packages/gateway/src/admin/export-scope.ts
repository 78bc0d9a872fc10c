import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import { type LeafRecord, payloadRoles } from '@sallyport/evidence/record'
import type { Approvals } from '../store/approvals.ts'
import type { Leaf, Leaves, RulebookContents } from '../store/store.ts'
import type { AdminNeeds } from './needs.ts'
import { Refused } from './problem.ts'

/** Which records an export shows. */
export type Records = {
  /** First record shown in a row, and the first one after the last. */
  readonly from: number
  readonly to: number
  /** Records that are files of their own, ascending. */
  readonly singles: ReadonlySet<number>
}

/**
 * The first record that is not before this time (Unix ms), among the first `size`. Found by halves, so a log of any
 * length costs a few reads: dates of a log rise, but for what the clocks of gateways are apart.
 */
export async function indexAtTime(
  store: Pick<Leaves, 'leaves'>,
  time: number,
  size: number,
): Promise<number> {
  let low = 0
  let high = size
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [leaf] = await store.leaves(middle, 1)
    if (leaf && Date.parse(parseLeaf(leaf.bytes).time) < time) low = middle + 1
    else high = middle
  }
  return low
}

/** What the records from an index on rest on: the log's beginning, and which rules were in force. */
export async function recordsBefore(
  store: RulebookContents,
  from: number,
): Promise<ReadonlySet<number>> {
  if (from === 0) return new Set()
  const activations = (await store.activations(from, activationsMax)).map(({ index }) => index)
  return new Set([0, ...activations].sort((a, b) => a - b))
}

/**
 * Every record about a session: its own, the questions asked about its calls and what became of them, what
 * became of its payloads, and what those rest on. Refuses with `none` when the tree holds none of it.
 */
export async function recordsOfSession(
  { store, limits }: AdminNeeds,
  session: string,
  { size, none }: { readonly size: number; readonly none: Refused },
): Promise<Records> {
  const indexes = new Set<number>()
  const calls = new Set<string>()
  const take = ({ index, bytes }: Leaf) => {
    if (index >= size || indexes.has(index)) return undefined
    if (indexes.size >= limits.exportRecords) {
      throw new Refused('request-invalid', {
        errors: [{ pointer: '/session', detail: 'It has too many records; export its time span.' }],
      })
    }
    indexes.add(index)
    return parseLeaf(bytes)
  }
  const follow = async (record: LeafRecord) => {
    for (const call of await callsIn(store, record)) calls.add(call)
  }
  for (let start = 0; ; ) {
    const leaves = await store.leavesOfSession(session, start, pageLeaves)
    for (const leaf of leaves) {
      const record = take(leaf)
      if (record) await follow(record)
    }
    start = (leaves.at(-1)?.index ?? 0) + 1
    if (leaves.length < pageLeaves) break
  }
  if (indexes.size === 0) throw none
  const own = [...indexes]
  for (const call of calls) for (const leaf of await store.leavesOfCall(call)) take(leaf)
  for (const index of [...indexes]) {
    for (const cause of await causesOf(store, index)) {
      for (const leaf of await store.leaves(cause, 1)) take(leaf)
    }
  }
  const last = (own.at(-1) ?? 0) + 1
  for (const index of await recordsBefore(store, last)) indexes.add(index)
  const singles = new Set([...indexes].sort((a, b) => a - b))
  return { from: own[0] ?? 0, to: last, singles }
}

/** The call of a record, and those whose approval it used. */
async function callsIn(
  store: Pick<Approvals, 'approval'>,
  record: LeafRecord,
): Promise<readonly string[]> {
  const own = 'call' in record ? [record.call] : []
  if (record.type !== 'call.authorized') return own
  const asked = await Promise.all(record.approvals.map(({ id }) => store.approval(id)))
  return [...own, ...asked.flatMap((approval) => (approval ? [approval.callId] : []))]
}

/** The records that say why payloads of this one are gone. */
async function causesOf(store: AdminNeeds['store'], index: number): Promise<readonly number[]> {
  const gone = await Promise.all(payloadRoles.map((role) => store.payloadGone(index, role)))
  return [...new Set(gone.flatMap((one) => (one ? [one.record] : [])))]
}

const pageLeaves = 1000
/** More rulebooks than this in one log, and the oldest are left out: a check that needs them says so. */
const activationsMax = 1000
