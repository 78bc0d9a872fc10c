import type { CampaignDetail, ItemDetail, ItemListed } from '../admin/review-contract.ts'
import { grantLines } from './grant-lines.ts'
import { type Column, facts } from './output.ts'
import type { Style } from './style.ts'
import { lengthOf, moment } from './times.ts'
import { visible } from './visible.ts'

/** What commands about campaigns say. Pure. */

export const itemColumns: readonly Column<ItemListed>[] = [
  { title: 'ITEM', value: ({ id }) => id, whole: true },
  { title: 'STATE', value: ({ state }) => state.toLowerCase().replace('_', ' '), whole: true },
  { title: 'GRANT', value: ({ grant }) => grant, whole: true },
  { title: 'TIER', value: ({ tier }) => tier, whole: true },
  { title: 'DECISION', value: ({ decision }) => decision ?? '-', whole: true },
  { title: 'REVIEWERS', value: reviewersText },
  { title: 'YOU', value: ({ you }) => (you.may_decide ? 'may decide' : (you.why_not ?? '')) },
]

export function campaignLines(campaign: CampaignDetail): readonly string[] {
  const { population, counts, scope } = campaign
  const open = counts.UNREVIEWED + counts.SECOND_LEVEL
  const shown = Object.entries(counts).filter(([, count]) => count > 0)
  return facts([
    ['campaign', campaign.id],
    ['name', campaign.name],
    ['state', campaign.state.toLowerCase()],
    ['owner', campaign.owner],
    ['about', JSON.stringify(scope)],
    ['grants', population ? `${population.count}, ${population.excluded} left out` : undefined],
    ['population hash', population?.hash],
    ['open', String(open)],
    ['items', shown.map(([state, count]) => `${count} ${state.toLowerCase()}`).join(', ')],
    ['opens', moment(campaign.opens_at)],
    ['due', moment(campaign.due_at)],
    ['grace until', moment(campaign.grace_until)],
    ['no response', campaign.no_response],
    ['levels', String(campaign.levels)],
    ['again', campaign.recurrence ?? undefined],
    ['the round before', campaign.previous ?? undefined],
    [
      'cancelling',
      campaign.cancelling
        ? `${campaign.cancelling.by} wants to: ${campaign.cancelling.reason}`
        : undefined,
    ],
  ])
}

export function itemLines(item: ItemDetail, style: Style): readonly string[] {
  return [
    ...facts([
      ['item', item.id],
      ['state', item.state.toLowerCase()],
      ['grant', item.grant],
      ['reviewers', reviewersText(item)],
      ['you', item.you.may_decide ? 'may decide' : (item.you.why_not ?? undefined)],
      ['remediation', remediationText(item)],
      ['asked again as', item.reopened ?? undefined],
      ['shown', item.shown],
    ]),
    ...item.moved.map(({ by, to, note, at }) => {
      const names = [...to.groups, ...to.people].join(', ')
      return `  ${visible(`${moment(at)} ${by} passed it on to ${names}: ${note}`)}`
    }),
    ...item.decisions.map((one) => {
      const dwell = one.dwell_ms === null ? 'in bulk' : `after ${lengthOf(one.dwell_ms)}`
      const text = `${moment(one.at)} ${one.by} decided ${one.decision} ${dwell}: ${one.reason}`
      return `  ${visible(text)}`
    }),
    '',
    ...(item.grant_now
      ? grantLines(item.grant_now, style)
      : ['  No rulebook in force has this grant any more.']),
  ]
}

function reviewersText({ reviewers }: Pick<ItemListed, 'reviewers'>): string {
  return [...reviewers.groups, ...reviewers.people].join(' ')
}

function remediationText({ remediation }: ItemListed): string | undefined {
  if (!remediation) return undefined
  const { state, answer, at } = remediation
  return `${state} ${moment(at)}${answer === null ? '' : `, the policy engine says ${answer}`}`
}
