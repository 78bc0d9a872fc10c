import type { InForce } from '../call/in-force.ts'
import type { Campaign } from '../model/campaign.ts'
import type { GrantStanding } from '../model/certification.ts'
import type { Notice, NoticeEvent } from '../model/notice.ts'
import type { TimedGrant } from '../model/timed-grant.ts'

// Who is told of it, in the same commit as the change. A notice of a later day is written now and looked at then:
// message.ts has nothing to tell of what is no longer so. Times are Unix milliseconds.

export function grantNotices(
  { grant, revision }: GrantStanding,
  event: 'grant.due' | 'grant.revoked',
  at: number,
  { reviews }: InForce,
): readonly Notice[] {
  return noticesOf(reviews.notify, { about: grant, event, at, key: String(revision) })
}

export function timedNotices(
  { id, revision }: TimedGrant,
  event: 'timed.asked' | 'timed.settled',
  at: number,
  channels: readonly string[],
): readonly Notice[] {
  return noticesOf(channels, { about: id, event, at, key: String(revision) })
}

/** That it is open, and every reminder of it. */
export function campaignNotices(
  { id, opensAt, dueAt, reminders }: Campaign,
  { reviews }: InForce,
): readonly Notice[] {
  return [
    ...noticesOf(reviews.notify, { about: id, event: 'review.opened', at: opensAt, key: 'open' }),
    ...reminders.flatMap((beforeMs) =>
      noticesOf(reviews.notify, {
        ...{ about: id, event: 'review.reminder', at: dueAt - beforeMs },
        key: String(beforeMs),
      }),
    ),
  ]
}

export function campaignNotice(
  { id, revision }: Campaign,
  event: 'review.reminder' | 'review.closed',
  at: number,
  { reviews }: InForce,
): readonly Notice[] {
  return noticesOf(reviews.notify, { about: id, event, at, key: `r${revision}` })
}

function noticesOf(
  channels: readonly string[],
  told: { about: string; event: NoticeEvent; at: number; key: string },
): readonly Notice[] {
  const { about, event, at, key } = told
  return channels.map((channel) => ({
    id: `${about}:${event}:${key}:${channel}`,
    ...{ channel, event, about, at },
  }))
}
