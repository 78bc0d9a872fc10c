import { equalBytes } from '../encoding.ts'
import { EvidenceError } from '../error.ts'
import { emptyRoot } from '../hash.ts'
import { isProof, parseProof } from '../proof.ts'
import { checkTrust, type Trust } from '../trust.ts'
import type { Archive } from './checkpoints.ts'
import type { Scene } from './watch.ts'

/** Earlier states of the log, to be compared with its tree while that is walked. */
export type Earlier = Pick<Archive, 'marks' | 'passed' | 'end'>

/**
 * Reads what the auditor kept from before: checkpoints, or receipts, whose checkpoint counts. The log of
 * today has to contain each of them, or it was rolled back or rewritten. Witnesses need not be a quorum:
 * they may be younger than the checkpoint. Throws `EvidenceError` `since-malformed` for a text that is
 * no checkpoint of this log.
 */
export async function openSince(
  { report, origin, size: newest }: Pick<Scene, 'report' | 'origin' | 'size'>,
  trust: Trust,
  texts: readonly string[],
): Promise<Earlier> {
  const kept = await Promise.all(texts.map((text, at) => readKept(text, { at, trust, origin })))
  const open = new Set(kept)
  const compare = (one: Kept, root: Uint8Array | undefined) => {
    open.delete(one)
    const place = { detail: `${one.size} records` }
    if (!root) report.find('since-unshown', place)
    else if (!equalBytes(root, one.root)) report.find('since-inconsistent', place)
  }
  for (const one of kept) {
    report.examined('checkpoints')
    if (one.size === 0n) compare(one, emptyRoot)
    else if (one.size > BigInt(newest)) {
      open.delete(one)
      report.find('since-ahead', { detail: `${one.size} records` })
    }
  }
  return {
    marks: [...open].map(({ size }) => Number(size)),
    passed: (size, root) => {
      for (const one of open) if (one.size === BigInt(size)) compare(one, root)
    },
    end: () => {
      for (const one of open) compare(one, undefined)
    },
  }
}

/** Both are told of the sizes they asked for, and of no others. */
export function together(one: Earlier, other: Earlier): Earlier {
  const both = [one, other].map((earlier) => ({ earlier, wanted: new Set(earlier.marks) }))
  return {
    marks: [...new Set([...one.marks, ...other.marks])].sort((a, b) => a - b),
    passed: (size, root) => {
      for (const { earlier, wanted } of both) if (wanted.has(size)) earlier.passed(size, root)
    },
    end: () => {
      for (const { earlier } of both) earlier.end()
    },
  }
}

type Kept = { readonly size: bigint; readonly root: Uint8Array }

async function readKept(
  text: string,
  { at, trust, origin }: { readonly at: number; readonly trust: Trust; readonly origin: string },
): Promise<Kept> {
  try {
    const note = isProof(text) ? parseProof(text).checkpoint : text
    const { checkpoint } = await checkTrust(note, { ...trust, quorum: undefined })
    if (checkpoint.origin === origin) return checkpoint
  } catch (cause) {
    if (!(cause instanceof EvidenceError)) throw cause
    throw malformed(at, { cause })
  }
  throw malformed(at)
}

function malformed(at: number, options?: ErrorOptions): EvidenceError {
  const message = `earlier checkpoint ${at + 1} is none that this log signed`
  return new EvidenceError('since-malformed', message, options)
}
