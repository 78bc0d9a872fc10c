import type { ProofState } from './contract.ts'
import type { PublishedLog } from './needs.ts'

/** How far the proof of a stored record has come, by the size of what covers it. */
export function proofState(
  { size, witnessedSize }: Pick<PublishedLog, 'size' | 'witnessedSize'>,
  index: number,
): ProofState {
  if (index < witnessedSize()) return 'witnessed'
  return index < size() ? 'integrated' : 'durable'
}
