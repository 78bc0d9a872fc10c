/**
 * One emergency: a named person let calls through that people would have had to approve. Whether it is
 * suspended, over or overdue follows from its dates. Times are Unix milliseconds.
 */
export type BreakGlass = {
  /** `bgl_` and a UUIDv7. */
  readonly id: string
  readonly revision: number
  /** Party id of the person. */
  readonly by: string
  readonly reason: string
  /** Where the emergency is written down: a ticket, an incident. */
  readonly incident: string
  readonly functions: readonly string[]
  /** The question it answered, when there was one. */
  readonly approval?: string
  readonly clearance: string
  /** How they had proved who they are: `acr`, `amr`, when. */
  readonly assurance: {
    readonly acr?: string
    readonly amr: readonly string[]
    readonly signedInAt: number
  }
  readonly openedAt: number
  readonly expiresAt: number
  /** Somebody else has to have looked at it by then, or its person breaks no more glass. */
  readonly reviewBy: number
  readonly review?: {
    readonly by: string
    readonly verdict: 'justified' | 'unjustified'
    readonly notes: string
    readonly at: number
  }
}
