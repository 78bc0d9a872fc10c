import type { Approvals, BreakGlasses, Clearances, Deferrals, Delegations } from '../approvals.ts'
import { recordStart } from '../home/beginning.ts'
import { openListeners } from '../home/changes.ts'
import type { OutboxStep, PublicationStep } from '../home/message.ts'
import { startWriter, threadModule, type WriterThread } from '../home/writer-thread.ts'
import type { Publication, StoredCheckpoint } from '../publication.ts'
import type {
  Campaigns,
  DutyMarks,
  FunctionHolds,
  GrantStandings,
  TimedGrants,
} from '../reviews.ts'
import {
  type ApiKeys,
  type Erasures,
  type Leaves,
  type NoticeTaken,
  type Outbox,
  PayloadDamaged,
  type Payloads,
  type PrincipalLocks,
  type RulebookContents,
  type Store,
  Unavailable,
} from '../store.ts'
import { openForReading } from './database.ts'
import { type ChainPlace, prepareReads, type Reads } from './reads.ts'
import type { WriterOptions } from './writer-options.ts'

/** A database as it was found, before anything is written to it. */
export type Found = Publication &
  Pick<Leaves, 'leaves' | 'size'> & { readonly chains: () => Promise<readonly ChainPlace[]> }

export type SqliteOptions = {
  /** A file, created with mode 0600 when absent; or `:memory:`, which a restart forgets. */
  readonly path: string
  /** The name of this gateway process's place, stable over restarts. */
  readonly instance: string
  /** Unique to this start; its records form one chain. */
  readonly boot: string
  /** 32 bytes that wrap the keys of payloads. Not kept in the database. */
  readonly kek: Uint8Array
  /** The log's name. A database belongs to one log for ever. */
  readonly origin?: string
  /** The key the log begins with (a note verifier key): a new database begins with `log.genesis`. */
  readonly logKey?: string
  /** Asked before anything is written: a rejection refuses the start and leaves the records as they were. */
  readonly accept?: (store: Found) => Promise<void>
  /** Go into `emitter.start`; `config` names the configuration, as in the record. */
  readonly version?: string
  readonly config?: string
  /** Unix milliseconds, for `emitter.start` and `emitter.stop`. */
  readonly now?: () => number
  /** The most pages (8 KiB each) the file may have; absent: as the disk allows. */
  readonly pagesMax?: number
}

/**
 * The store in one SQLite file: one writer thread with group commit, every flush synced to the disk,
 * and reads on a connection of their own. Records `emitter.start` before it resolves and
 * `emitter.stop` when closed. Rejects, saying what to do, when another process writes to the file.
 */
export async function openSqlite(options: SqliteOptions): Promise<Store> {
  const { path, instance, boot, kek, origin = 'sallyport', pagesMax, now = Date.now } = options
  const at = () => new Date(now()).toISOString()
  const workerData: WriterOptions = { path, instance, boot, kek, origin, pagesMax }
  const { tell, onChange } = openListeners()
  const module = threadModule('./writer', import.meta.url)
  const writer = await startWriter({ module, workerData, at, onChange: tell })
  const reader =
    path === ':memory:' ? askThere(writer) : await askHere(path, kek).catch(writer.abandon)
  try {
    await options.accept?.({
      ...publication(writer),
      size: () => reader.ask('size'),
      leaves: (start, limit) => reader.ask('leaves', start, limit),
      chains: () => reader.ask('chains'),
    })
    const [size, recovered] = [await reader.ask('size'), await reader.ask('recovered')]
    await recordStart(writer, { ...options, origin, time: at(), size, recovered })
  } catch (cause) {
    reader.close()
    return writer.abandon(cause)
  }
  const close = async () => {
    await writer.stop()
    reader.close()
    await writer.close()
  }
  let closing: Promise<void> | undefined
  return {
    ...questions(reader.ask),
    ...publication(writer),
    ...outbox(writer, reader.ask),
    onChange,
    instances: 'one',
    refusing: writer.refusing,
    commit: writer.commit,
    stop: writer.stop,
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

type Ask = <Name extends keyof Reads>(
  name: Name,
  ...args: Parameters<Reads[Name]>
) => Promise<ReturnType<Reads[Name]>>

type Reader = { readonly ask: Ask; readonly close: () => void }

function questions(
  ask: Ask,
): Leaves &
  Payloads &
  ApiKeys &
  PrincipalLocks &
  RulebookContents &
  Erasures &
  Decisions &
  Reviews {
  return {
    ...decisions(ask),
    ...reviews(ask),
    size: () => ask('size'),
    leaves: (start, limit) => ask('leaves', start, limit),
    leavesOfCall: (callId) => ask('leavesOfCall', callId),
    leavesOfSession: (session, start, limit) => ask('leavesOfSession', session, start, limit),
    callHeads: (query) => ask('callHeads', query),
    sessions: (query) => ask('sessions', query),
    sessionLabels: (session) => ask('sessionLabels', session),
    callsWithoutEnding: (olderThan) => ask('callsWithoutEnding', olderThan),
    payload: (index, role) => ask('payload', index, role),
    saltedPayload: (index, role) => ask('saltedPayload', index, role),
    payloadGone: (index, role) => ask('payloadGone', index, role),
    payloadsDue: (query) => ask('payloadsDue', query),
    firstLoss: (from) => ask('firstLoss', from),
    keptPayloads: (from, to, limit) => ask('keptPayloads', from, to, limit),
    erasure: (id) => ask('erasure', id),
    erasures: (query) => ask('erasures', query),
    apiKeyByHash: (hash) => ask('apiKeyByHash', hash),
    apiKeys: (query) => ask('apiKeys', query),
    locks: (query) => ask('locks', query),
    rulebookContent: (digest) => ask('rulebookContent', digest),
    rulebookDigests: () => ask('rulebookDigests'),
    activations: (before, limit) => ask('activations', before, limit),
  }
}

/** Of people. */
type Decisions = Approvals & Clearances & BreakGlasses & Delegations & Deferrals

function decisions(ask: Ask): Decisions {
  return {
    approval: (id) => ask('approval', id),
    pendingApproval: (digest) => ask('pendingApproval', digest),
    deniedApproval: (digest) => ask('deniedApproval', digest),
    approvals: (query) => ask('approvals', query),
    clearance: (id) => ask('clearance', id),
    clearances: (query) => ask('clearances', query),
    standingClearances: (subject) => ask('standingClearances', subject),
    breakGlass: (id) => ask('breakGlass', id),
    breakGlasses: (query) => ask('breakGlasses', query),
    delegations: (query) => ask('delegations', query),
    deferral: (id) => ask('deferral', id),
    deferrals: (query) => ask('deferrals', query),
    deferredRequest: (id) => ask('deferredRequest', id),
    deferredResult: (id) => ask('deferredResult', id),
  }
}

type Reviews = GrantStandings & TimedGrants & FunctionHolds & Campaigns & DutyMarks

function reviews(ask: Ask): Reviews {
  return {
    grantStandings: (query) => ask('grantStandings', query),
    grantStanding: (grant) => ask('grantStanding', grant),
    grantUse: (query) => ask('grantUse', query),
    timedGrant: (id) => ask('timedGrant', id),
    timedGrants: (query) => ask('timedGrants', query),
    functionHold: (functionId) => ask('functionHold', functionId),
    functionHolds: (query) => ask('functionHolds', query),
    campaign: (id) => ask('campaign', id),
    campaigns: (query) => ask('campaigns', query),
    reviewItem: (id) => ask('reviewItem', id),
    reviewItems: (query) => ask('reviewItems', query),
    reviewItemCounts: (campaign) => ask('reviewItemCounts', campaign),
    openItemsOf: (grant) => ask('openItemsOf', grant),
    dutiesMarked: (bars) => ask('dutiesMarked', bars),
  }
}

function outbox({ ask: askWriter }: WriterThread, ask: Ask): Outbox {
  const write = (step: OutboxStep) => askWriter((id) => ({ kind: 'outbox', id, step }))
  return {
    // The writer answers each step with what prepareOutbox gives for it.
    takeNotices: async (query) =>
      (await write({ name: 'take', ...query })) as readonly NoticeTaken[],
    settleNotice: async (settled) => {
      await write({ name: 'settle', ...settled })
    },
    forgetNotices: async (query) => {
      await write({ name: 'forget', ...query })
    },
    noticeReference: (channel, about) => ask('noticeReference', channel, about),
    noticeCounts: () => ask('noticeCounts'),
  }
}

function publication({ ask }: WriterThread): Publication {
  const publish = (step: PublicationStep) => ask((id) => ({ kind: 'publish', id, step }))
  return {
    // The writer answers each step with what preparePublication gives for it.
    storedCheckpoint: async () =>
      (await publish({ name: 'stored' })) as StoredCheckpoint | undefined,
    // One process at a time has the file, so whoever asks gets it, and nobody has to say that it lives.
    claimIntegrator: async (holder) => (await publish({ name: 'claim', holder })) as number,
    renewIntegrator: async (fence) => (await publish({ name: 'renew', fence })) as boolean,
    releaseIntegrator: async () => {},
    swapCheckpoint: async (swap) => {
      await publish({ name: 'swap', ...swap })
    },
  }
}

/** On this thread: each question is a few indexed rows, cheaper than the way to another thread. */
async function askHere(path: string, kek: Uint8Array): Promise<Reader> {
  const db = openForReading(path)
  const reads = prepareReads(db, kek)
  return {
    ask: async (name, ...args) => {
      if (!db.isOpen) throw new Unavailable('the store is closed')
      try {
        return Reflect.apply(reads[name], undefined, args)
      } catch (cause) {
        if (cause instanceof PayloadDamaged) throw cause
        throw new Unavailable('the store cannot be read', { cause })
      }
    },
    close: () => db.close(),
  }
}

/** In memory there is only the writer's own connection: questions go to its thread. */
function askThere({ ask }: WriterThread): Reader {
  let closed = false
  return {
    ask: async (name, ...args) => {
      if (closed) throw new Unavailable('the store is closed')
      const result = await ask((id) => ({ kind: 'read', id, name, args }))
      // The writer answers the question of this id with the same function this type is read from.
      return result as ReturnType<Reads[typeof name]>
    },
    close: () => {
      closed = true
    },
  }
}
