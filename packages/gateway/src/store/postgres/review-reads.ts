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
import { bigintArray, textArray } from './binary-array.ts'
import type { Row, Run } from './connection.ts'
import { page } from './page.ts'

/** Grants, their reviews, and functions that wait for their owner. */
export function reviewReads(
  run: Run,
): GrantStandings & TimedGrants & FunctionHolds & Campaigns & DutyMarks {
  return {
    ...standingReads(run),
    ...timedReads(run),
    ...holdReads(run),
    ...campaignReads(run),
    dutiesMarked: async (bars) => (bars.length === 0 ? [] : marked(run, bars)),
  }
}

const standingNames = 'id, revision, revoked, first_seen_ms, content, content_since_ms, body'

function standingReads(run: Run): GrantStandings {
  return {
    grantStandings: async ({ changedSince = 0 }) => {
      // First: what is committed between the two comes again with the next question.
      const { rows: heads } = await run('SELECT size FROM head', [])
      const { rows } = await run(
        `SELECT ${standingNames} FROM grant_standing WHERE changed >= $1`,
        [changedSince],
      )
      return { standings: rows.map(toStanding), upTo: Number(heads[0]?.size) }
    },
    grantStanding: async (grant) => {
      const { rows } = await run(`SELECT ${standingNames} FROM grant_standing WHERE id = $1`, [
        grant,
      ])
      return rows.map(toStanding)[0]
    },
    grantUse: async ({ grants, since = 0 }) => {
      const { rows } = await run(
        `SELECT grant_id, party, function, day, calls, last_ms FROM grant_use
          WHERE day >= $1 AND ($2::text[] IS NULL OR grant_id = ANY ($2::text[]))`,
        [since, grants ? textArray(grants) : null],
      )
      return rows.map(({ grant_id: grant, party, function: fn, day, calls, last_ms: lastAt }) => {
        return { grant, party, function: fn, day, calls, lastAt }
      })
    },
  }
}

function toStanding({ id, revision, revoked, first_seen_ms, content, ...row }: Row) {
  const { content_since_ms, body } = row
  const of: StandingRow = { id, revision, revoked, first_seen_ms, content, content_since_ms, body }
  return standingOf(of)
}

const timedMax = 10_000

function timedReads(run: Run): TimedGrants {
  return {
    timedGrant: async (id) =>
      bodies<TimedGrant>(await run('SELECT body FROM timed_grant WHERE id = $1', [id]))[0],
    timedGrants: async ({ state, party, endsAfter = -1, changedSince = 0 }) =>
      bodies<TimedGrant>(
        await run(
          `SELECT body FROM timed_grant WHERE ends_ms > $1 AND changed >= $2
            AND ($3::text IS NULL OR state = $3) AND ($4::text IS NULL OR party = $4)
            ORDER BY number DESC LIMIT ${timedMax}`,
          [endsAfter, changedSince, state ?? null, party ?? null],
        ),
      ),
  }
}

function holdReads(run: Run): FunctionHolds {
  return {
    functionHold: async (id) =>
      bodies<FunctionHold>(await run('SELECT body FROM function_hold WHERE id = $1', [id]))[0],
    functionHolds: async ({ changedSince = 0 } = {}) =>
      bodies<FunctionHold>(
        await run('SELECT body FROM function_hold WHERE changed >= $1', [changedSince]),
      ),
  }
}

function campaignReads(run: Run): Campaigns {
  return {
    campaign: async (id) =>
      bodies<Campaign>(await run('SELECT body FROM campaign WHERE id = $1', [id]))[0],
    campaigns: async ({ state, ...query }) =>
      bodies<Campaign>(await page(run, query, { table: 'campaign', filters: { state } })),
    reviewItem: async (id) =>
      bodies<ReviewItem>(await run('SELECT body FROM review_item WHERE id = $1', [id]))[0],
    reviewItems: async ({ campaign, state, ...query }) =>
      bodies<ReviewItem>(
        await page(run, query, { table: 'review_item', filters: { campaign, state } }),
      ),
    reviewItemCounts: async (campaign) => {
      const { rows } = await run(
        'SELECT state, count(*) AS n FROM review_item WHERE campaign = $1 GROUP BY state',
        [campaign],
      )
      return countsOf(rows)
    },
    openItemsOf: async (grant) =>
      bodies<ReviewItem>(
        await run(
          `SELECT body FROM review_item WHERE grant_id = $1
            AND state IN ('UNREVIEWED', 'DECIDED', 'SECOND_LEVEL') ORDER BY number DESC LIMIT 1000`,
          [grant],
        ),
      ),
  }
}

/** Those of these bars for which a mark that counts is there. */
export async function marked(run: Run, bars: readonly DutyMark[]): Promise<readonly DutyMark[]> {
  const { rows } = await run(
    `SELECT place FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[])
        WITH ORDINALITY AS one (rule, object, person, side, since, place)
      WHERE EXISTS (SELECT 1 FROM duty_mark AS mark WHERE mark.rule = one.rule
        AND mark.object = one.object AND mark.person = one.person AND mark.side = one.side
        AND mark.at_ms >= one.since)`,
    [
      textArray(bars.map(({ rule }) => rule)),
      textArray(bars.map(({ object }) => object)),
      textArray(bars.map(({ person }) => person)),
      textArray(bars.map(({ side }) => side)),
      bigintArray(bars.map(({ since }) => since)),
    ],
  )
  const places = new Set(rows.map(({ place }) => Number(place)))
  return bars.filter((_, at) => places.has(at + 1))
}

type Found = { readonly rows: readonly Row[] }

function bodies<Body>({ rows }: Found): readonly Body[] {
  return rows.map(({ body }): Body => JSON.parse(body))
}
