import type { Approval } from '../model/approval.ts'
import type { BreakGlass } from '../model/break-glass.ts'
import type { Notice, NoticeEvent } from '../model/notice.ts'

/** Who is told of a change of this approval, in the same commit as the change. Unix milliseconds. */
export function noticesOf(
  { id, revision, notify }: Pick<Approval, 'id' | 'revision' | 'notify'>,
  event: NoticeEvent,
  at: number,
): readonly Notice[] {
  return notify.map((channel) => noticeOf({ about: id, revision, event, channel, at }))
}

/**
 * Who is told of an emergency: at once, and again when its review is overdue, which is taken back by nothing
 * but the review (message.ts has nothing to tell then).
 */
export function glassNotices(
  { id, revision, openedAt, reviewBy }: BreakGlass,
  channels: readonly string[],
): readonly Notice[] {
  return channels.flatMap((channel) => [
    noticeOf({ about: id, revision, event: 'break-glass.opened', channel, at: openedAt }),
    noticeOf({ about: id, revision, event: 'break-glass.overdue', channel, at: reviewBy }),
  ])
}

function noticeOf(told: Omit<Notice, 'id'> & { readonly revision: number }): Notice {
  const { about, event, revision, channel, at } = told
  return { id: `${about}:${event}:${revision}:${channel}`, channel, event, about, at }
}
