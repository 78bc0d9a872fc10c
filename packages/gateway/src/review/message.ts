import { visibleText } from '../approval/visible.ts'
import type { InForce } from '../call/in-force.ts'
import type { Campaign } from '../model/campaign.ts'
import type { Message, MessageFact } from '../model/message.ts'
import type { Notice } from '../model/notice.ts'
import type { TimedGrant } from '../model/timed-grant.ts'
import type { Campaigns, GrantStandings, TimedGrants } from '../store/reviews.ts'
import { freshnessOf } from './freshness.ts'

export type MessageNeeds = {
  readonly store: Campaigns & GrantStandings & TimedGrants
  readonly rules: () => InForce | undefined
  readonly now: () => number
}

/**
 * What people may be told of a campaign, a grant or a request for access, as it stands now; no message: nothing any
 * more. Undefined: the notice is about something else.
 */
export async function reviewTelling(
  needs: MessageNeeds,
  notice: Pick<Notice, 'event' | 'about'>,
): Promise<{ readonly message: Message | undefined } | undefined> {
  const message = await messageOf(needs, notice)
  return message === 'none' ? undefined : { message }
}

async function messageOf(
  needs: MessageNeeds,
  { event, about }: Pick<Notice, 'event' | 'about'>,
): Promise<Message | undefined | 'none'> {
  switch (event) {
    case 'review.opened':
    case 'review.reminder':
    case 'review.closed': {
      const campaign = await needs.store.campaign(about)
      return campaign && campaignMessage(needs, event, campaign)
    }
    case 'grant.due':
    case 'grant.revoked':
      return grantMessage(needs, event, about)
    case 'timed.asked':
    case 'timed.settled': {
      const timed = await needs.store.timedGrant(about)
      return timed && timedMessage(event, timed)
    }
    default:
      return 'none'
  }
}

async function campaignMessage(
  { store, now }: MessageNeeds,
  event: 'review.opened' | 'review.reminder' | 'review.closed',
  campaign: Campaign,
): Promise<Message | undefined> {
  const { id, name, state, dueAt, graceUntil, noResponse } = campaign
  const counts = await store.reviewItemCounts(id)
  const open = counts.UNREVIEWED + counts.SECOND_LEVEL
  const isOver = state === 'CLOSED' || state === 'CANCELLED'
  // What is closed needs no reminder, and what is decided none either.
  if (event === 'review.closed' ? !isOver : isOver || open === 0) return undefined
  const title = visibleText(name)
  const subject = isOver
    ? `The access review ${title} is ${state.toLowerCase()}`
    : now() >= dueAt
      ? `The access review ${title} is overdue`
      : `The access review ${title} waits for you`
  return {
    ...{ event, about: id, subject, state, open: !isOver, path: `/reviews/${id}` },
    facts: [
      fact('campaign', name),
      fact('undecided', String(open)),
      fact('due', date(dueAt)),
      fact('grace_until', date(graceUntil)),
      fact('no_response', noResponse),
    ],
    ...(!isOver && { decideBy: dueAt }),
  }
}

async function grantMessage(
  { store, rules, now }: MessageNeeds,
  event: 'grant.due' | 'grant.revoked',
  about: string,
): Promise<Message | undefined> {
  const inForce = rules()
  const grant = inForce?.grant(about)
  const standing = await store.grantStanding(about)
  if (!inForce || !grant || !standing) return undefined
  const { state, staleAt, lapsesAt } = freshnessOf(standing, grant, inForce.reviews, now())
  const isDue = state === 'DUE_SOON' || state === 'STALE' || state === 'LAPSED'
  // It was reviewed since, or restored.
  if (event === 'grant.due' ? !isDue : state !== 'REVOKED') return undefined
  const name = visibleText(about)
  return {
    ...{ event, about, state, open: event === 'grant.due', path: `/grants/${about}` },
    subject:
      event === 'grant.due' ? `The grant ${name} needs a review` : `The grant ${name} is revoked`,
    facts: [
      fact('grant', about),
      fact('owner', grant.owner ?? 'nobody'),
      fact('risk', grant.tier),
      ...(staleAt === undefined ? [] : [fact('stale_at', date(staleAt))]),
      ...(lapsesAt === undefined ? [] : [fact('lapses_at', date(lapsesAt))]),
      ...(standing.revoked ? [fact('by', standing.revoked.by)] : []),
    ],
  }
}

function timedMessage(
  event: 'timed.asked' | 'timed.settled',
  timed: TimedGrant,
): Message | undefined {
  const { id, party, functions, reason, endsAt, state, decideBy } = timed
  const isOpen = state === 'asked'
  // That it was settled is told by the notice of that.
  if ((event === 'timed.asked') !== isOpen) return undefined
  const who = visibleText(party)
  return {
    ...{ event, about: id, state, open: isOpen, path: `/timed-grants/${id}` },
    subject: isOpen ? `${who} asks for access for a while` : `Access for ${who}: ${state}`,
    facts: [
      fact('party', party),
      fact('functions', functions.join(', ')),
      { ...fact('reason', reason), untrusted: true },
      fact('until', date(endsAt)),
    ],
    ...(isOpen && { decideBy }),
  }
}

function fact(name: string, text: string): MessageFact {
  return { name, text: visibleText(text) }
}

function date(at: number): string {
  return new Date(at).toISOString()
}
