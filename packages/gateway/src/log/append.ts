import { quarantined } from '../call/authorize.ts'
import type { Gate } from '../call/gate.ts'
import { Refusal, refuseLocked } from '../call/refusal.ts'
import type { Approved, RecordPosition } from '../call/stage.ts'
import type { Principal } from '../model/principal.ts'
import { Conflict, type Entry, type Ledger } from '../store/store.ts'
import { chunkEntry, denialEntry, intentEntry, outcomeEntry } from './call-record.ts'
import { openSessions } from './session-record.ts'
import { commitStream } from './stream-commitment.ts'

type PipelineLog = Pick<
  Gate,
  'appendIntent' | 'appendOutcome' | 'appendChunk' | 'appendDenial' | 'commitStream'
> & {
  /** For a record that names a session and is written by somebody else: resolves when it may be. */
  readonly sessionOpened: (principal: Principal) => Promise<void>
}

/** The pipeline's way to the log: each resolves with the record's place once it is durable. */
export function openLog(options: {
  readonly ledger: Ledger
  /** The log's name: the first half of every record's place. */
  readonly origin: string
  readonly now: () => number
  /** Sessions whose parties are remembered as written down. */
  readonly sessionsMax: number
}): PipelineLog {
  const { ledger, origin, now } = options
  const sessions = openSessions(options)
  const append = async (entry: Entry): Promise<RecordPosition> => {
    const { index } = await ledger.commit(entry)
    return { origin, index }
  }
  /** Both commits are made in this turn, so nothing comes between the session and what names it. */
  const appendFirst = async (
    principal: Principal | undefined,
    make: (time: number) => Entry,
  ): Promise<RecordPosition> => {
    const opened = principal && sessions.opened(principal)
    const [position] = await Promise.all([append(make(now())), opened])
    return position
  }
  return {
    appendIntent: (at) =>
      appendFirst(at.principal, (time) => intentEntry(at, time)).catch((cause: unknown) => {
        throw cause instanceof Conflict ? refuseLate(at, cause) : cause
      }),
    appendOutcome: (at, outcome) => append(outcomeEntry(at, outcome, now())),
    appendChunk: (at, soFar) => append(chunkEntry(at, soFar, now())),
    appendDenial: (at, refusal) => {
      const principal = 'principal' in at ? at.principal : refusal.locked
      return appendFirst(principal, (time) => denialEntry(at, refusal, time))
    },
    commitStream,
    sessionOpened: async (principal) => {
      await sessions.opened(principal)
    },
  }
}

/** An intent changes no state: what stands against it is that something happened before it, in the order of the log. */
function refuseLate({ principal, used, duties }: Approved, cause: Conflict): Refusal {
  switch (cause.about) {
    case 'key':
      return new Refusal('unauthenticated', { detail: 'The API key was revoked.', cause })
    case 'grant':
      return new Refusal('grant-revoked', { cause, grants: used })
    case 'function':
      return quarantined({}, cause)
    case 'duty': {
      const rules = new Set(duties?.bars.map(({ rule }) => rule))
      return new Refusal('duties-conflict', { cause, facts: { duties: [...rules] } })
    }
    default:
      return refuseLocked(principal, { cause })
  }
}
