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
import { bigintArray, textArray } from './binary-array.ts'
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
  // One statement may not change one row twice.
  const seen = new Map(grants.map((one) => [one.grant, one]))
  return {
    text: `INSERT INTO grant_standing AS was
        (id, revision, changed, revoked, first_seen_ms, content, content_since_ms, shape, body)
      SELECT id, 1, $4::bigint, 0, $5::bigint, content, $5::bigint, shape, '{}'
        FROM unnest($1::text[], $2::text[], $3::text[]) AS one (id, content, shape)
      ON CONFLICT (id) DO UPDATE SET content = excluded.content, changed = excluded.changed,
        shape = excluded.shape,
        content_since_ms = CASE
          WHEN was.content = coalesce(was.body::jsonb -> 'certification' ->> 'content', was.content)
          THEN excluded.content_since_ms ELSE was.content_since_ms END,
        revision = was.revision + 1
        WHERE was.content <> excluded.content`,
    values: [...seenArrays([...seen.values()]), index, at],
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
    text: `INSERT INTO grant_standing
        (id, revision, changed, revoked, first_seen_ms, content, content_since_ms, shape, body)
      SELECT DISTINCT ON (now.id) now.id, 1, $4::bigint, was.revoked, was.first_seen_ms, now.content,
          CASE WHEN was.content =
              coalesce(was.body::jsonb -> 'certification' ->> 'content', was.content)
            THEN $5::bigint ELSE was.content_since_ms END,
          was.shape, (was.body::jsonb - 'proposal')::text
        FROM unnest($1::text[], $2::text[], $3::text[]) AS now (id, content, shape)
          JOIN grant_standing AS was ON was.shape = now.shape
        WHERE was.shape <> '' AND was.id <> ALL ($1::text[])
        ORDER BY now.id, was.revoked DESC, was.changed DESC
      ON CONFLICT DO NOTHING`,
    values: [...seenArrays(grants), index, at],
  }
}

function seenArrays(grants: readonly GrantSeen[]) {
  return [
    textArray(grants.map(({ grant }) => grant)),
    textArray(grants.map(({ content }) => content)),
    textArray(grants.map(({ shape = '' }) => shape)),
  ]
}

function restate(
  { standing, expectedRevision }: GrantStandingUpdate,
  index: number,
): Step | undefined {
  return put('grant_standing', standingColumns(standing, index), expectedRevision)
}

function addItems(items: readonly ReviewItem[]): Step {
  const rows = items.map(itemColumns)
  return {
    text: `INSERT INTO review_item (id, campaign, grant_id, state, revision, body)
      SELECT id, campaign, grant_id, state, revision, body
        FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
          WITH ORDINALITY AS one (id, campaign, grant_id, state, revision, body, place)
        ORDER BY place
      ON CONFLICT DO NOTHING`,
    values: [
      textArray(rows.map(({ id }) => id)),
      textArray(rows.map(({ campaign }) => campaign)),
      textArray(rows.map(({ grant_id: grant }) => grant)),
      textArray(rows.map(({ state }) => state)),
      bigintArray(rows.map(({ revision }) => revision)),
      textArray(rows.map(({ body }) => body)),
    ],
    rows: items.length,
  }
}

function updateItems(updates: readonly ReviewItemUpdate[]): Step {
  const rows = updates.map(({ item }) => itemColumns(item))
  return {
    text: `UPDATE review_item SET state = one.state, revision = one.revision, body = one.body
      FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[])
        AS one (id, expected, state, revision, body)
      WHERE review_item.id = one.id AND review_item.revision = one.expected`,
    values: [
      textArray(rows.map(({ id }) => id)),
      bigintArray(updates.map(({ expectedRevision }) => expectedRevision)),
      textArray(rows.map(({ state }) => state)),
      bigintArray(rows.map(({ revision }) => revision)),
      textArray(rows.map(({ body }) => body)),
    ],
    rows: updates.length,
  }
}
