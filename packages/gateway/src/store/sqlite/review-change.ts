import type { ReviewItem } from '../../model/campaign.ts'
import {
  areUpdates,
  campaignColumns,
  holdColumns,
  itemColumns,
  standingColumns,
  timedColumns,
} from '../home/review-rows.ts'
import type { GrantSeen, GrantStandingUpdate, ReviewChange, ReviewItemUpdate } from '../reviews.ts'
import { insert, one, put, replace, type Step } from './step.ts'

/** What the change does, in the transaction of the record `index`. Undefined where no stored state allows it. */
export function reviewSteps(change: ReviewChange, index: number): readonly Step[] | undefined {
  switch (change.kind) {
    case 'grant.update':
      return one(restate(change, index))
    case 'timed.update':
      return one(put('timed_grant', timedColumns(change.timed, index), change.expectedRevision))
    case 'function.hold':
      return one(put('function_hold', holdColumns(change.hold, index), change.expectedRevision))
    case 'campaign.open':
      return [insert('campaign', campaignColumns(change.campaign)), addItems(change.items)]
    case 'campaign.update': {
      const { campaign, expectedRevision, items = [], added = [] } = change
      if (!areUpdates(items)) return undefined
      const update = replace('campaign', campaignColumns(campaign), expectedRevision)
      return update && [update, updateItems(items), addItems(added)]
    }
    case 'review.update': {
      const { standing, reopened, ...update } = change
      const restated = standing && restate(standing, index)
      if (!areUpdates([update]) || (standing && !restated)) return undefined
      return [
        updateItems([update]),
        ...(restated ? [restated] : []),
        ...(reopened ? [addItems([reopened])] : []),
      ]
    }
  }
}

/**
 * Each grant that was never seen, or never with this content, is so from `at` on. One that is not what was certified
 * stays so from its first change on: changing it once more puts nothing off.
 */
export function seeGrants(
  { grants, at }: { readonly grants: readonly GrantSeen[]; readonly at: number },
  index: number,
): Step {
  return {
    sql: `INSERT INTO grant_standing
        (id, revision, changed, revoked, first_seen_ms, content, content_since_ms, shape, body)
      SELECT value ->> 0, 1, ?2, 0, ?3, value ->> 1, ?3, value ->> 2, '{}'
        FROM json_each(?1) WHERE true
      ON CONFLICT (id) DO UPDATE SET content = excluded.content, changed = excluded.changed,
        shape = excluded.shape,
        content_since_ms = CASE
          WHEN content = coalesce(body ->> '$.certification.content', content)
          THEN excluded.content_since_ms ELSE content_since_ms END,
        revision = revision + 1
        WHERE content <> excluded.content`,
    values: [seenText(grants), index, at],
  }
}

/**
 * A grant under a new id stands where the one stood that it was: narrowed, ended or revoked as that one, certified as
 * something else, so stale. Before `seeGrants`.
 */
export function seeRenamed(
  { grants, at }: { readonly grants: readonly GrantSeen[]; readonly at: number },
  index: number,
): Step {
  return {
    sql: `INSERT OR IGNORE INTO grant_standing
        (id, revision, changed, revoked, first_seen_ms, content, content_since_ms, shape, body)
      SELECT now.value ->> 0, 1, ?2, was.revoked, was.first_seen_ms, now.value ->> 1,
          CASE WHEN was.content = coalesce(was.body ->> '$.certification.content', was.content)
            THEN ?3 ELSE was.content_since_ms END,
          was.shape, json_remove(was.body, '$.proposal')
        FROM json_each(?1) AS now JOIN grant_standing AS was ON was.shape = now.value ->> 2
        WHERE was.shape <> '' AND was.id NOT IN (SELECT value ->> 0 FROM json_each(?1))
        ORDER BY was.revoked DESC, was.changed DESC`,
    values: [seenText(grants), index, at],
  }
}

function seenText(grants: readonly GrantSeen[]): string {
  return JSON.stringify(grants.map(({ grant, content, shape = '' }) => [grant, content, shape]))
}

function restate(
  { standing, expectedRevision }: GrantStandingUpdate,
  index: number,
): Step | undefined {
  return put('grant_standing', standingColumns(standing, index), expectedRevision)
}

function addItems(items: readonly ReviewItem[]): Step {
  return {
    sql: `INSERT OR IGNORE INTO review_item (id, campaign, grant_id, state, revision, body)
      SELECT value ->> 'id', value ->> 'campaign', value ->> 'grant_id', value ->> 'state',
        value ->> 'revision', value ->> 'body' FROM json_each(?) ORDER BY key`,
    values: [JSON.stringify(items.map(itemColumns))],
    rows: items.length,
  }
}

function updateItems(updates: readonly ReviewItemUpdate[]): Step {
  const rows = updates.map(({ item, expectedRevision }) => {
    return { ...itemColumns(item), expected: expectedRevision }
  })
  return {
    sql: `UPDATE review_item SET state = value ->> 'state', revision = value ->> 'revision',
        body = value ->> 'body'
      FROM json_each(?)
      WHERE review_item.id = value ->> 'id' AND review_item.revision = value ->> 'expected'`,
    values: [JSON.stringify(rows)],
    rows: updates.length,
  }
}
