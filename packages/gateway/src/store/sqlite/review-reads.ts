import type { DatabaseSync } from 'node:sqlite'
import type { Campaign, ReviewItem } from '../../model/campaign.ts'
import type { DutyMark } from '../../model/duty.ts'
import type { FunctionHold } from '../../model/function-hold.ts'
import type { TimedGrant } from '../../model/timed-grant.ts'
import { countsOf, type StandingRow, standingOf } from '../home/review-rows.ts'
import type {
  Campaigns,
  DutyMarks,
  FunctionHolds,
  GrantStandings,
  TimedGrants,
} from '../reviews.ts'
import type { AtOnce } from './at-once.ts'
import { bodies, bodyOf, prepareFiltered, prepareTable, type Row } from './table.ts'

export type ReviewReads = AtOnce<
  GrantStandings & TimedGrants & FunctionHolds & Campaigns & DutyMarks
>

/** Grants, their reviews, and functions that wait for their owner. */
export function reviewReads(db: DatabaseSync): ReviewReads {
  return {
    ...standingReads(db),
    ...timedReads(db),
    ...holdReads(db),
    ...campaignReads(db),
    ...dutyReads(db),
  }
}

function standingReads(db: DatabaseSync): AtOnce<GrantStandings> {
  const size = db.prepare('SELECT coalesce(max("index"), -1) + 1 AS size FROM leaf')
  const since = db.prepare('SELECT * FROM grant_standing WHERE changed >= ?')
  const one = db.prepare('SELECT * FROM grant_standing WHERE id = ?')
  const uses = db.prepare('SELECT * FROM grant_use WHERE day >= ?')
  const usesOf = db.prepare(
    'SELECT * FROM grant_use WHERE day >= ? AND grant_id IN (SELECT value FROM json_each(?))',
  )
  return {
    grantStandings: ({ changedSince = 0 }) => {
      // First: what is committed between the two comes again with the next question.
      const upTo = Number(size.get()?.size)
      return { standings: since.all(changedSince).flatMap(standings), upTo }
    },
    grantStanding: (grant) => one.all(grant).flatMap(standings)[0],
    grantUse: ({ grants, since: day = 0 }) => {
      const rows = grants ? usesOf.all(day, JSON.stringify(grants)) : uses.all(day)
      return rows.map((row) => ({
        grant: String(row.grant_id),
        party: String(row.party),
        function: String(row.function),
        day: Number(row.day),
        calls: Number(row.calls),
        lastAt: Number(row.last_ms),
      }))
    },
  }
}

/** The columns are those of the table, by its own account. */
function standings(row: Row) {
  return isStanding(row) ? [standingOf(row)] : []
}

function isStanding(row: Row): row is Row & StandingRow {
  return 'first_seen_ms' in row
}

const timedMax = 10_000

function timedReads(db: DatabaseSync): AtOnce<TimedGrants> {
  const all = prepareFiltered(
    db,
    'SELECT body FROM timed_grant WHERE ends_ms > ? AND changed >= ?',
    'ORDER BY number DESC',
  )
  return {
    timedGrant: prepareTable<TimedGrant>(db, 'timed_grant').one,
    timedGrants: ({ state, party, endsAfter = -1, changedSince = 0 }) =>
      all([endsAfter, changedSince], { state, party }, timedMax).flatMap(bodies<TimedGrant>),
  }
}

function holdReads(db: DatabaseSync): AtOnce<FunctionHolds> {
  const one = db.prepare('SELECT body FROM function_hold WHERE id = ?')
  const since = db.prepare('SELECT body FROM function_hold WHERE changed >= ?')
  return {
    functionHold: (id) => bodyOf<FunctionHold>(one.get(id)),
    functionHolds: ({ changedSince = 0 } = {}) =>
      since.all(changedSince).flatMap(bodies<FunctionHold>),
  }
}

function campaignReads(db: DatabaseSync): AtOnce<Campaigns> {
  const all = prepareTable<Campaign>(db, 'campaign')
  const items = prepareTable<ReviewItem>(db, 'review_item')
  const counts = db.prepare(
    'SELECT state, count(*) AS n FROM review_item WHERE campaign = ? GROUP BY state',
  )
  const open = db.prepare(
    `SELECT body FROM review_item WHERE grant_id = ?
      AND state IN ('UNREVIEWED', 'DECIDED', 'SECOND_LEVEL') ORDER BY number DESC LIMIT 1000`,
  )
  return {
    campaign: all.one,
    campaigns: ({ state, ...page }) => all.page(page, { state }),
    reviewItem: items.one,
    reviewItems: ({ campaign, state, ...page }) => items.page(page, { campaign, state }),
    reviewItemCounts: (campaign) => countsOf(counts.all(campaign)),
    openItemsOf: (grant) => open.all(grant).flatMap(bodies<ReviewItem>),
  }
}

function dutyReads(db: DatabaseSync): AtOnce<DutyMarks> {
  const isMarked = prepareMarked(db)
  return { dutiesMarked: (bars) => bars.filter(isMarked) }
}

/** Whether a mark that counts is there. */
export function prepareMarked(db: DatabaseSync): (bar: DutyMark) => boolean {
  const mark = db.prepare(
    `SELECT 1 FROM duty_mark WHERE rule = ? AND object = ? AND person = ? AND side = ?
      AND at_ms >= ?`,
  )
  return ({ rule, object, person, side, since }) =>
    mark.get(rule, object, person, side, since) !== undefined
}
