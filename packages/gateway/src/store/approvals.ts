import type { Approval } from '../model/approval.ts'
import type { BreakGlass } from '../model/break-glass.ts'
import type { Clearance } from '../model/clearance.ts'
import type { Deferral } from '../model/deferral.ts'
import type { Delegation } from '../model/delegation.ts'
import type { Page } from './page.ts'

// What every home remembers of questions put to people and of all that comes of them; see store.ts.

export type Approvals = {
  readonly approval: (id: string) => Promise<Approval | undefined>
  /** The PENDING one with this digest. */
  readonly pendingApproval: (digest: string) => Promise<Approval | undefined>
  /** The newest DENIED one with this digest. */
  readonly deniedApproval: (digest: string) => Promise<Approval | undefined>
  /** Newest first, below `before` (an approval id, exclusive), optionally of one state. */
  readonly approvals: (
    query: Page & { readonly state?: Approval['state'] },
  ) => Promise<readonly Approval[]>
}

export type Clearances = {
  readonly clearance: (id: string) => Promise<Clearance | undefined>
  /** Newest first, below `before` (a clearance's id, exclusive), of one state or subject where given. */
  readonly clearances: (
    query: Page & { readonly state?: Clearance['state']; readonly subject?: string },
  ) => Promise<readonly Clearance[]>
  /** Those of this subject that are ISSUED, ACTIVE or IN_USE and not of kind `call`; newest first, at most 100. */
  readonly standingClearances: (subject: string) => Promise<readonly Clearance[]>
}

export type BreakGlasses = {
  readonly breakGlass: (id: string) => Promise<BreakGlass | undefined>
  /** Newest first, below `before` (an id, exclusive), of one person where given. */
  readonly breakGlasses: (query: Page & { readonly by?: string }) => Promise<readonly BreakGlass[]>
}

export type Delegations = {
  /** Those that have not ended by `at`, of or to this person where given; newest first, at most 1000. */
  readonly delegations: (query: {
    readonly at: number
    readonly from?: string
    readonly to?: string
  }) => Promise<readonly Delegation[]>
}

export type Deferrals = {
  readonly deferral: (id: string) => Promise<Deferral | undefined>
  /** Of one state, oldest first, at most `limit`. */
  readonly deferrals: (query: {
    readonly state: Deferral['state']
    readonly limit: number
  }) => Promise<readonly Deferral[]>
  /** The clear bytes; undefined once they were forgotten. */
  readonly deferredRequest: (id: string) => Promise<Uint8Array | undefined>
  readonly deferredResult: (id: string) => Promise<Uint8Array | undefined>
}

/** Changes of it, settled by compare-and-set; see `Change` in store.ts. */
export type ApprovalChange =
  /** Conflict when a PENDING approval with the same digest exists. */
  | { readonly kind: 'approval.open'; readonly approval: Approval }
  /**
   * Replaces the approval if its stored revision is `expectedRevision`; else Conflict. With the clearance that
   * it creates, and the emergency that it was ended by: all or nothing.
   */
  | {
      readonly kind: 'approval.update'
      readonly approval: Approval
      readonly expectedRevision: number
      readonly clearance?: Clearance
      readonly breakGlass?: BreakGlass
      /** As for `break-glass.open`; absent: none. */
      readonly expectedNewest?: string
    }
  /** Replaces the clearance if its stored revision is `expectedRevision`; else Conflict. */
  | {
      readonly kind: 'clearance.update'
      readonly clearance: Clearance
      readonly expectedRevision: number
    }
  /**
   * Conflict when an id exists, or when the newest glass that is stored, whoever broke it, is not `expectedNewest`
   * (undefined: there is none): what somebody may still do was judged by those that were there.
   */
  | {
      readonly kind: 'break-glass.open'
      readonly breakGlass: BreakGlass
      readonly clearance: Clearance
      readonly expectedNewest: string | undefined
    }
  /** Replaces it if its stored revision is `expectedRevision`; else Conflict. */
  | {
      readonly kind: 'break-glass.update'
      readonly breakGlass: BreakGlass
      readonly expectedRevision: number
    }
  /** Conflict when the id exists, or when `from` has another that has not ended by `createdAt`. */
  | { readonly kind: 'delegation.make'; readonly delegation: Delegation }
  /** Conflict when it is absent or ended already. */
  | { readonly kind: 'delegation.end'; readonly id: string; readonly at: number }
  /** Conflict when one of this id exists. Its request is sealed by the home. */
  | {
      readonly kind: 'deferral.open'
      readonly deferral: Deferral
      readonly request: Uint8Array
      /** Opened in the same transaction: the question the call waits for. */
      readonly approval: Approval
    }
  /** Replaces it if its stored revision is `expectedRevision`; else Conflict. `result` is sealed by the home. */
  | {
      readonly kind: 'deferral.update'
      readonly deferral: Deferral
      readonly expectedRevision: number
      readonly result?: Uint8Array
      /** Destroys what is kept of request and result. */
      readonly forget?: true
    }
