import { type Checkpoint, emptyRoot, verifyConsistency } from '@sallyport/evidence/log'
import type { Head } from './heads.ts'
import type { Submission } from './submission.ts'

/** `stale` names the size that was cosigned last, so that the log can prove consistency from there. */
export type Judgement =
  | { readonly verdict: 'cosign' }
  | { readonly verdict: 'malformed' | 'inconsistent' }
  | { readonly verdict: 'stale'; readonly size: bigint }

/**
 * May a checkpoint of a known log, validly signed by it, be cosigned after `head`? The rules of
 * c2sp.org/tlog-witness, `add-checkpoint`, in their order: also two roots of one size are inconsistent (422
 * since its revision of July 2026, 409 before). Pure; nothing is remembered here.
 */
export function judge(asked: Submission, head: Head | undefined): Judgement {
  const { oldSize, proof, checkpoint } = asked
  if (oldSize > checkpoint.size) return { verdict: 'malformed' }
  const size = head?.size ?? 0n
  if (oldSize !== size) return { verdict: 'stale', size }
  return { verdict: extend({ head, proof, checkpoint }) ? 'cosign' : 'inconsistent' }
}

/** Is the checkpoint's tree the head's tree with leaves added, or none? */
function extend(given: {
  readonly head: Head | undefined
  readonly proof: readonly Uint8Array[]
  readonly checkpoint: Checkpoint
}): boolean {
  const { head, proof, checkpoint } = given
  if (checkpoint.size === 0n && !sameBytes(checkpoint.root, emptyRoot)) return false
  if (!head || head.size === 0n) return proof.length === 0
  if (head.size === checkpoint.size) {
    return proof.length === 0 && sameBytes(head.root, checkpoint.root)
  }
  try {
    const [size1, size2] = [head.size, checkpoint.size]
    return verifyConsistency({ size1, size2, root1: head.root, root2: checkpoint.root, proof })
  } catch {
    return false
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
