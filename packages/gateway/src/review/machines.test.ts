import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Campaign, ReviewItem } from '../model/campaign.ts'
import type { Risk } from '../model/function.ts'
import { type CampaignEvent, campaignStep } from './campaign-machine.ts'
import { decisionOf, type ItemEvent, itemStep } from './item-machine.ts'

// No order of events leads back, skips people, or keeps what somebody wanted gone.

const people = [{ id: 'corp:dana', accounts: ['corp:dana-2'], agents: [] }]

const unreviewed = (tier: Risk): ReviewItem => ({
  ...{ id: 'i', campaign: 'c', grant: 'g', content: 'x', tier, state: 'UNREVIEWED', revision: 1 },
  ...{ assigned: { groups: ['team'], people: [] }, decisions: [], moved: [] },
})

const decide: fc.Arbitrary<ItemEvent> = fc
  .record({
    by: fc.constantFrom('corp:dana', 'corp:dana-2', 'corp:eve', 'corp:finn'),
    decision: fc.constantFrom('keep', 'narrow', 'revoke'),
    levels: fc.constantFrom(1, 2),
  })
  .map(({ by, decision, levels }) => ({
    kind: 'decide',
    decided: {
      ...{ by, decision, reason: 'r', shown: 's', recommended: 'none' },
      when: decision === 'narrow' ? [by] : [],
    },
    ...{ levels, people },
  }))

const itemEvent: fc.Arbitrary<ItemEvent> = fc.oneof(
  { weight: 4, arbitrary: decide },
  fc.constant<ItemEvent>({ kind: 'void', reopened: 'i2' }),
  fc.constant<ItemEvent>({ kind: 'silence' }),
  fc.boolean().map((failed): ItemEvent => ({ kind: 'apply', failed })),
  fc.boolean().map((holds): ItemEvent => ({ kind: 'verify', answer: 'permit', holds })),
  fc.constant<ItemEvent>({
    ...{ kind: 'move', by: 'corp:boss', note: 'n' },
    to: { groups: [], people: ['corp:eve'] },
  }),
)

const itemOrder = ['UNREVIEWED', 'SECOND_LEVEL', 'DECIDED', 'NO_RESPONSE', 'APPLIED', 'VERIFIED']

test('an item only goes forward, and what is critical is kept by two people', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Risk>('low', 'critical'),
      fc.array(itemEvent, { maxLength: 30 }),
      (tier, events) => {
        let item = unreviewed(tier)
        for (const [now, event] of events.entries()) {
          const next = itemStep(item, event, now)
          if (!next) continue
          assert.equal(next.revision, item.revision + 1)
          assert.notEqual(item.state, 'VOIDED')
          assert.notEqual(item.state, 'VERIFIED')
          if (next.state !== 'VOIDED') {
            assert.ok(itemOrder.indexOf(next.state) >= itemOrder.indexOf(item.state))
          }
          item = next
          if (item.state !== 'DECIDED') continue
          const { decision, when } = decisionOf(item.decisions)
          const humans = new Set(item.decisions.map(({ by }) => by.replace('dana-2', 'dana')))
          assert.equal(humans.size, item.decisions.length, 'nobody has two words')
          if (tier === 'critical' && decision !== 'revoke') assert.equal(humans.size, 2)
          const isRevoked = item.decisions.some((one) => one.decision === 'revoke')
          assert.equal(decision === 'revoke', isRevoked)
          assert.deepEqual(when, [...new Set(item.decisions.flatMap((one) => one.when))])
        }
      },
    ),
    { numRuns: 2_000 },
  )
})

const draft: Campaign = {
  ...{ id: 'c', name: 'n', state: 'DRAFT', scope: {}, owner: 'corp:boss', reviewers: [] },
  ...{ levels: 1, opensAt: 10, dueAt: 20, graceUntil: 30, reminders: [], noResponse: 'stale' },
  ...{ justification: 'high', createdAt: 0, revision: 1 },
}

const campaignEvent: fc.Arbitrary<CampaignEvent> = fc.oneof(
  fc.constant<CampaignEvent>({
    kind: 'stage',
    population: { count: 1, excluded: 0, hash: 'sha256:0', at: 0 },
  }),
  { weight: 4, arbitrary: fc.constant<CampaignEvent>({ kind: 'date' }) },
  fc.constantFrom<CampaignEvent>(
    { kind: 'finish' },
    { kind: 'remediate' },
    { kind: 'close', at: 5 },
  ),
  fc
    .constantFrom('corp:boss', 'corp:dana', 'corp:dana-2')
    .map((by): CampaignEvent => ({ kind: 'cancel', by, reason: 'r', people })),
)

const campaignOrder = [
  ...['DRAFT', 'STAGED', 'ACTIVE', 'OVERDUE', 'ENFORCING', 'REMEDIATING', 'CLOSED'],
]

test('a campaign only goes forward, with a frozen population, and takes two to cancel', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(campaignEvent, fc.nat({ max: 4 })), { maxLength: 40 }),
      (events) => {
        let campaign = draft
        let now = 0
        for (const [event, waits] of events) {
          now += waits
          const next = campaignStep(campaign, event, now)
          if (!next) continue
          assert.equal(next.revision, campaign.revision + 1)
          assert.notEqual(campaign.state, 'CLOSED')
          assert.notEqual(campaign.state, 'CANCELLED')
          if (next.state === 'CANCELLED') {
            const first = campaign.cancelling?.by.replace('dana-2', 'dana')
            assert.ok(event.kind === 'cancel')
            assert.ok(first !== undefined && first !== event.by.replace('dana-2', 'dana'))
            assert.ok(campaignOrder.indexOf(campaign.state) < campaignOrder.indexOf('ENFORCING'))
          } else {
            const step = campaignOrder.indexOf(next.state) - campaignOrder.indexOf(campaign.state)
            assert.ok(step >= 0 && step <= (event.kind === 'finish' ? 2 : 1))
            if (next.state !== 'DRAFT') assert.ok(next.population)
          }
          campaign = next
        }
      },
    ),
    { numRuns: 2_000 },
  )
})
