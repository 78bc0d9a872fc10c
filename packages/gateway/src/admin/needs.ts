import type { Assurance } from '../approval/ballot.ts'
import type { Desk } from '../approval/desk.ts'
import type { InForce } from '../call/in-force.ts'
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Coverage } from '../catalogue/coverage.ts'
import type { Limits } from '../config/limits.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { Decision, Question } from '../model/decision.ts'
import type { Party } from '../model/principal.ts'
import type { PrincipalLock } from '../model/principal-lock.ts'
import type { Rulebook, Problem as RulebookFlaw } from '../model/rulebook.ts'
import type { ReviewDesk } from '../review/desk.ts'
import type { Approvals, BreakGlasses, Clearances, Delegations } from '../store/approvals.ts'
import type { Campaigns, FunctionHolds, TimedGrants } from '../store/reviews.ts'
import type {
  ApiKeys,
  Erasures,
  Leaves,
  Ledger,
  Outbox,
  Payloads,
  PrincipalLocks,
  RulebookContents,
  Store,
} from '../store/store.ts'
import type { ChannelGauge, Metrics } from './metrics.ts'

type AdminStore = Ledger &
  Leaves &
  Approvals &
  Clearances &
  BreakGlasses &
  Delegations &
  ApiKeys &
  PrincipalLocks &
  Erasures &
  Omit<Payloads, 'payloadsDue'> &
  RulebookContents &
  Pick<Campaigns, 'campaigns' | 'reviewItem' | 'reviewItems'> &
  TimedGrants &
  Pick<FunctionHolds, 'functionHold'> &
  Pick<Outbox, 'noticeCounts'> &
  Pick<Store, 'onChange'>

/** Somebody who signed in: always a person, never with an actor. */
export type SignedInPerson = {
  readonly subject: Party
  readonly actors: readonly Party[]
  readonly authentication: {
    readonly method: 'oidc' | 'operator'
    /** Unix milliseconds. */
    readonly expiresAt: number
  }
  readonly assurance?: Assurance
}

/** How people prove who they are. Refuses `unauthenticated` whatever is not accepted. */
export type SignIn = {
  /** `spo_…` */
  readonly byOperatorKey: (key: string) => Promise<SignedInPerson>
  /** A token of an identity provider, for this API's audience; only a person without an actor. */
  readonly byToken: (token: string) => Promise<SignedInPerson>
  readonly sessions: {
    /** Returns the `spa_…` token; only its hash is held. */
    readonly create: (person: SignedInPerson) => {
      readonly token: string
      readonly expiresAt: number
    }
    readonly find: (token: string) => SignedInPerson | undefined
    readonly end: (token: string) => boolean
  }
}

type RulebookTest = {
  readonly file: string
  readonly name: string
  readonly passed: boolean
  readonly expected: string
  readonly got: string
}

export type RulebookOutcome = {
  /** Empty: the folder is a valid rulebook. */
  readonly problems: readonly RulebookFlaw[]
  /** Of the rulebook read, when it is valid. */
  readonly digest: string | undefined
  /** What is worth a look, and no reason not to put it in force. */
  readonly warnings: readonly RulebookFlaw[]
  readonly tests: readonly RulebookTest[]
}

type Rulebooks = {
  readonly loaded: () =>
    | {
        readonly rulebook: Rulebook
        readonly decide: (question: Question) => Decision
        readonly inForce: Pick<InForce, 'grants' | 'ownerGroups' | 'reviews'>
        /** When it was activated, Unix milliseconds. */
        readonly since: number
      }
    | undefined
  /** Reads the configured folder and says what it would be; changes nothing. */
  readonly check: () => Promise<RulebookOutcome>
  /** Puts the configured folder in force if it is valid; recorded before it takes effect. `by` is a party id. */
  readonly activate: (by: string) => Promise<RulebookOutcome>
}

/** The published log (log/evidence-log.ts has the contract). */
export type PublishedLog = {
  readonly origin: string
  readonly size: () => number
  readonly witnessedSize: () => number
  readonly checkpoint: () => Promise<string | undefined>
  readonly witnessedCheckpoint: () => string | undefined
  readonly file: (path: string) => Promise<Uint8Array | undefined>
  readonly list: (folder: string) => Promise<readonly string[]>
  readonly proof: (
    index: number,
  ) => Promise<
    | { readonly state: 'durable' }
    | { readonly state: 'integrated' | 'witnessed'; readonly text: string }
  >
  readonly trust: () => string
  readonly rotate: (by: string) => Promise<{ readonly key: string }>
}

/** Everything the admin API asks of the outside world; serve.ts wires it. */
export type AdminNeeds = {
  readonly listen: { readonly host: string; readonly port: number }
  readonly store: AdminStore
  readonly desk: Desk
  /** Where people decide about access (review/desk.ts has the contract). */
  readonly reviews: Omit<ReviewDesk, 'look' | 'start' | 'close'>
  readonly rulebooks: Rulebooks
  /** What upstreams say of themselves (catalogue/catalogue.ts has the contract). */
  readonly catalogue: Pick<Catalogue, 'holdOf' | 'holds' | 'sources' | 'accept'> & {
    /** Undefined: no rulebook is in force. */
    readonly coverage: () => Promise<Coverage | undefined>
  }
  readonly signIn: SignIn
  /** Keeping principals out (identity/locks.ts has the contract). */
  readonly locks: {
    readonly isName: (principal: string) => boolean
    readonly isLockedId: (party: string) => boolean
    readonly lock: (asked: Omit<PrincipalLock, 'at' | 'record'>) => Promise<PrincipalLock>
    readonly unlock: (asked: Pick<PrincipalLock, 'principal' | 'by'>) => Promise<void>
  }
  readonly issueKey: (ask: {
    readonly name: string
    readonly kind: ApiKey['kind']
    readonly groups: readonly string[]
    readonly scope: readonly string[]
    readonly expiresAt: number
    readonly createdBy: string
    readonly now: number
  }) => { readonly key: string; readonly record: ApiKey }
  readonly evidence: PublishedLog
  /** How people are told (notify/notifier.ts has the contract). */
  readonly notifier: {
    readonly channels: () => readonly ChannelGauge[]
    readonly test: (
      name: string,
    ) => Promise<
      { readonly sent: true } | { readonly sent: false; readonly why: string } | undefined
    >
  }
  /** Which groups are administrators, auditors and readers of payloads. Nobody is, unless named here. */
  readonly roleGroups: {
    readonly admin: readonly string[]
    readonly auditor: readonly string[]
    readonly payloadReader: readonly string[]
  }
  /** Is everything needed to govern a call there? Names of what is not. */
  readonly notReady: () => Promise<readonly string[]>
  readonly metrics: Metrics
  readonly now: () => number
  readonly newId: () => string
  readonly version: string
  /** A fault, for the operator; never shown to the caller. */
  readonly logFault: (fault: { readonly requestId: string; readonly cause: unknown }) => void
  readonly limits: Limits
}
