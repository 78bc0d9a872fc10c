import { equalBytes } from '../encoding.ts'
import { EvidenceError } from '../error.ts'
import { emptyRoot } from '../hash.ts'
import { isProof, parseProof } from '../proof.ts'
import type { Trust } from '../trust.ts'
import type { Archive } from './checkpoints.ts'
import { sizeByNow } from './newest.ts'
import { readSigned, type Signed, signersOf } from './signed.ts'
import type { Scene } from './watch.ts'

/** Earlier states of the log, to be compared with its tree while that is walked. */
export type Earlier = Pick<Archive, 'marks' | 'passed' | 'end'>

/**
 * Reads what the auditor kept from before: checkpoints, or receipts, whose checkpoint counts. The log of
 * today has to contain each of them, or it was rolled back or rewritten. Witnesses need not be a quorum:
 * they may be younger than the checkpoint, and the key that signed it may be one that the log has replaced since.
 * Throws `EvidenceError` `since-malformed`, some of it at the end, for a text that is no checkpoint of this log.
 */
export async function openSince(
  scene: Scene,
  trust: Trust,
  texts: readonly string[],
): Promise<Earlier> {
  const { report, isWhole, origin } = scene
  const all = BigInt(scene.size)
  const kept = await Promise.all(texts.map((text, at) => readKept(text, { at, trust, origin })))
  const roots = new Map<bigint, Uint8Array>([[0n, emptyRoot]])
  const judge = async ({ checkpoint: { size, root } }: Signed) => {
    const place = { detail: `${size} records` }
    const today = roots.get(size)
    // What the quorum has not cosigned yet is not walked, and so nobody knows what it begins with.
    const isAhead = size > all && size > (await sizeByNow(scene, trust))
    if (isAhead) report.find('since-ahead', place)
    else if (!today) report.find('since-unshown', place)
    else if (!equalBytes(today, root)) report.find('since-inconsistent', place)
  }
  return {
    marks: kept.map(({ checkpoint }) => Number(checkpoint.size)).filter((size) => size <= all),
    passed: (size, root) => {
      if (root) roots.set(BigInt(size), root)
    },
    end: async (named) => {
      for (const [at, one] of kept.entries()) {
        report.examined('checkpoints')
        const { size } = one.checkpoint
        const isSigned = (await signersOf(one, named.at(Number(size)))).length > 0
        if (isSigned) await judge(one)
        else if (isWhole) throw malformed(at)
        else report.find('since-unshown', { detail: `${size} records` })
      }
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
    end: async (named) => {
      for (const { earlier } of both) await earlier.end(named)
    },
  }
}

async function readKept(
  text: string,
  { at, trust, origin }: { readonly at: number; readonly trust: Trust; readonly origin: string },
): Promise<Signed> {
  try {
    const signed = await readSigned(isProof(text) ? parseProof(text).checkpoint : text, trust)
    if (signed.checkpoint.origin === origin) return signed
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
