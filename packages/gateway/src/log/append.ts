import type { Gate } from '../call/gate.ts'
import type { RecordPosition } from '../call/stage.ts'
import type { Entry, Ledger } from '../store/store.ts'
import { chunkEntry, denialEntry, intentEntry, outcomeEntry } from './call-record.ts'
import { commitStream } from './stream-commitment.ts'

/** The pipeline's way to the log: each resolves with the record's place once it is durable. */
export function openLog(options: {
  readonly ledger: Ledger
  /** The log's name: the first half of every record's place. */
  readonly origin: string
  readonly now: () => number
}): Pick<Gate, 'appendIntent' | 'appendOutcome' | 'appendChunk' | 'appendDenial' | 'commitStream'> {
  const { ledger, origin, now } = options
  const append = async (entry: Entry): Promise<RecordPosition> => {
    const { index } = await ledger.commit(entry)
    return { origin, index }
  }
  return {
    appendIntent: (at) => append(intentEntry(at, now())),
    appendOutcome: (at, outcome) => append(outcomeEntry(at, outcome, now())),
    appendChunk: (at, soFar) => append(chunkEntry(at, soFar, now())),
    appendDenial: (at, refusal) => append(denialEntry(at, refusal, now())),
    commitStream,
  }
}
