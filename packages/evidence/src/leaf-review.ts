import type { Filled, Of } from './leaf-parts.ts'
import { type Emitter, recordVersion } from './record.ts'
import type { GrantUsed, ReviewRecord } from './record-review.ts'

/** What became of a grant, of access for a while, and of a function that waits for its owner. */
export function fillGrant(
  d: Of<Exclude<ReviewRecord['type'], `campaign.${string}` | `review.${string}`>>,
  emitter: Emitter,
): Filled {
  return {
    act: 'act' in d ? d.act : undefined,
    by: 'by' in d ? d.by : undefined,
    campaign: 'campaign' in d ? d.campaign : undefined,
    certification: 'certification' in d ? d.certification : undefined,
    connection: 'connection' in d ? d.connection : undefined,
    content: 'content' in d ? d.content : undefined,
    decision: 'decision' in d ? d.decision : undefined,
    emitter,
    endsAt: 'endsAt' in d ? d.endsAt : undefined,
    fn: 'fn' in d ? d.fn : undefined,
    found: 'found' in d ? d.found : undefined,
    from: 'from' in d ? d.from : undefined,
    functions: 'functions' in d ? d.functions : undefined,
    grant: 'grant' in d ? d.grant : undefined,
    item: 'item' in d ? d.item : undefined,
    note: 'note' in d ? d.note : undefined,
    party: 'party' in d ? d.party : undefined,
    reason: 'reason' in d ? d.reason : undefined,
    registered: 'registered' in d ? d.registered : undefined,
    tier: 'tier' in d ? d.tier : undefined,
    time: d.time,
    timed: 'timed' in d ? d.timed : undefined,
    truncated: undefined,
    type: d.type,
    until: 'until' in d ? d.until : undefined,
    v: recordVersion,
    validUntil: 'validUntil' in d ? d.validUntil : undefined,
    when: 'when' in d ? d.when : undefined,
    why: 'why' in d ? d.why : undefined,
  }
}

export function fillCampaign(
  d: Of<'campaign.opened' | 'campaign.changed' | 'campaign.closed'>,
  emitter: Emitter,
): Filled {
  const opened = d.type === 'campaign.opened' ? d : undefined
  const changed = d.type === 'campaign.changed' ? d : undefined
  const closed = d.type === 'campaign.closed' ? d : undefined
  return {
    by: d.by,
    campaign: d.campaign,
    counts: closed?.counts?.map(({ n, what }) => ({ n, what })),
    dueAt: opened?.dueAt,
    emitter,
    graceUntil: opened?.graceUntil,
    levels: opened?.levels,
    manifest: closed?.manifest,
    name: opened?.name,
    noResponse: opened?.noResponse,
    opensAt: opened?.opensAt,
    owner: opened?.owner,
    population: changed?.population ? population(changed.population) : closed?.population,
    previous: opened?.previous,
    reason: changed?.reason,
    state: opened?.state ?? changed?.state,
    time: d.time,
    truncated: undefined,
    type: d.type,
    unanswered: changed?.unanswered,
    v: recordVersion,
  }
}

export function fillReview(
  d: Of<'review.assigned' | 'review.decided' | 'review.applied' | 'review.voided'>,
  emitter: Emitter,
): Filled {
  const assigned = d.type === 'review.assigned' ? d : undefined
  const decided = d.type === 'review.decided' ? d : undefined
  const applied = d.type === 'review.applied' ? d : undefined
  return {
    answer: applied?.answer,
    by: 'by' in d ? d.by : undefined,
    campaign: d.campaign,
    content: 'content' in d ? d.content : undefined,
    decision: 'decision' in d ? d.decision : undefined,
    dwell: decided?.dwell,
    emitter,
    endsAt: decided?.endsAt,
    grant: d.grant,
    groups: assigned?.groups,
    item: d.item,
    level: decided?.level,
    note: assigned?.note,
    people: assigned?.people,
    reason: decided?.reason,
    recommended: decided?.recommended,
    reopened: 'reopened' in d ? d.reopened : undefined,
    shown: decided?.shown,
    state: applied?.state,
    tier: decided?.tier,
    time: d.time,
    truncated: undefined,
    type: d.type,
    v: recordVersion,
    when: decided?.when,
  }
}

export function grantUsed({ freshness, grant, party }: GrantUsed): GrantUsed {
  return { freshness, grant, party }
}

function population({
  count,
  excluded,
  hash,
}: {
  readonly count: number
  readonly excluded: number
  readonly hash: string
}): Filled {
  return { count, excluded, hash }
}
