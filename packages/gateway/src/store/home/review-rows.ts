import type { Campaign, ReviewItem, ReviewItemState } from '../../model/campaign.ts'
import type { GrantStanding } from '../../model/certification.ts'
import type { FunctionHold } from '../../model/function-hold.ts'
import type { TimedGrant } from '../../model/timed-grant.ts'
import type { ReviewItemUpdate } from '../reviews.ts'
import type { GrantBounds } from './barred.ts'
import type { StateColumns } from './state-columns.ts'

// How grants, their reviews and functions that wait for their owner stand in the rows of every home. `changed` is
// the index of the record that the last change is about.

type Changed = { readonly changed: number }

/** The content stands in columns, so that a rulebook with thousands of grants is one statement. */
export type StandingColumns = StateColumns<'content'> &
  Changed & {
    /** 1 or 0. */
    readonly revoked: number
    readonly first_seen_ms: number
    readonly content_since_ms: number
  }

export function standingColumns(standing: GrantStanding, changed: number): StandingColumns {
  const { grant, revision, firstSeenAt, content, contentSince, ...rest } = standing
  return {
    ...{ id: grant, revision, changed, revoked: rest.revoked ? 1 : 0, content },
    ...{ first_seen_ms: firstSeenAt, content_since_ms: contentSince, body: JSON.stringify(rest) },
  }
}

export type StandingRow = Readonly<Record<keyof Omit<StandingColumns, 'changed'>, unknown>>

export function standingOf(row: StandingRow): GrantStanding {
  const rest: Pick<GrantStanding, 'certification' | 'endsAt' | 'exemption'> = JSON.parse(
    String(row.body),
  )
  return {
    ...rest,
    grant: String(row.id),
    firstSeenAt: Number(row.first_seen_ms),
    content: String(row.content),
    contentSince: Number(row.content_since_ms),
    revision: Number(row.revision),
  }
}

/** Of a row of a standing: its id, its `body`. */
export function boundsOf(
  row: Readonly<Record<'id' | 'body', unknown>>,
): readonly [string, GrantBounds] {
  const { certification, endsAt }: Pick<GrantStanding, 'certification' | 'endsAt'> = JSON.parse(
    String(row.body),
  )
  return [String(row.id), { when: certification?.when ?? [], endsAt }]
}

export function holdColumns(hold: FunctionHold, changed: number): StateColumns<'state'> & Changed {
  const { function: id, state, revision } = hold
  return { id, state, revision, changed, body: JSON.stringify(hold) }
}

export function timedColumns(
  timed: TimedGrant,
  changed: number,
): StateColumns<'state' | 'party'> & Changed & { readonly ends_ms: number } {
  const { id, state, revision, party, endsAt } = timed
  return { id, state, revision, changed, party, ends_ms: endsAt, body: JSON.stringify(timed) }
}

export function campaignColumns(campaign: Campaign): StateColumns<'state'> {
  const { id, state, revision } = campaign
  return { id, state, revision, body: JSON.stringify(campaign) }
}

export function itemColumns(item: ReviewItem): StateColumns<'state' | 'campaign' | 'grant_id'> {
  const { id, state, revision, campaign, grant: grant_id } = item
  return { id, campaign, grant_id, state, revision, body: JSON.stringify(item) }
}

/** Of one change, at most: each is one row of one statement. */
const updatesMax = 1000

/** Whether revisions grow, and no item comes twice: else one expectation would let two changes through. */
export function areUpdates(updates: readonly ReviewItemUpdate[]): boolean {
  return (
    updates.length <= updatesMax &&
    new Set(updates.map(({ item }) => item.id)).size === updates.length &&
    updates.every(({ item, expectedRevision }) => item.revision > expectedRevision)
  )
}

const none: Readonly<Record<ReviewItemState, number>> = {
  UNREVIEWED: 0,
  DECIDED: 0,
  SECOND_LEVEL: 0,
  APPLIED: 0,
  VERIFIED: 0,
  NO_RESPONSE: 0,
  VOIDED: 0,
}

/** `rows`: how many there are in each state that has any. */
export function countsOf(
  rows: readonly Readonly<Record<string, unknown>>[],
): Readonly<Record<ReviewItemState, number>> {
  return { ...none, ...Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)])) }
}
