import type { ReviewRecord } from './record-review.ts'
import { words } from './record-words.ts'
import {
  integer,
  list,
  type Members,
  moment,
  object,
  oneOf,
  type Shape,
  signedInteger,
  text,
} from './shape.ts'

/** The members of one type of leaf. */
export type LeafShape = {
  readonly required: Members
  readonly optional: Members
  readonly whole: Shape
}

const texts = list(text)

type Leaf = (own: Members, ownOptional?: Members) => LeafShape
type Type = ReviewRecord['type']
type OfRounds = Extract<Type, `campaign.${string}` | `review.${string}`>

/** Leaves about grants, their reviews, and functions that wait for their owner; see record-review.ts. */
export function reviewShapes(leaf: Leaf): Readonly<Record<Type, LeafShape>> {
  return { ...grantShapes(leaf), ...roundShapes(leaf) }
}

function grantShapes(leaf: Leaf): Readonly<Record<Exclude<Type, OfRounds>, LeafShape>> {
  const putOff = leaf({ grant: text, content: text, by: texts, reason: text, until: moment })
  const access = { timed: text, party: text, functions: texts, when: texts, from: moment }
  const said = leaf({ timed: text, by: text, reason: text })
  return {
    'grant.certified': leaf(
      {
        grant: text,
        certification: text,
        content: text,
        decision: oneOf(...words.certified),
        by: texts,
        reason: text,
        when: texts,
        tier: oneOf(...words.risk),
        validUntil: moment,
      },
      { endsAt: moment, campaign: text, item: text },
    ),
    'grant.proposed': leaf({
      grant: text,
      act: oneOf(...words.grantAct),
      content: text,
      by: text,
      reason: text,
    }),
    'grant.revoked': leaf({ grant: text, by: text, reason: text }, { campaign: text, item: text }),
    'grant.restored': leaf({ grant: text, by: texts, reason: text }),
    'grant.exempted': putOff,
    'grant.extended': putOff,
    'timed.asked': leaf({ ...access, endsAt: moment, reason: text, by: text }),
    'timed.given': leaf({ ...access, endsAt: moment, reason: text, by: texts }),
    'timed.agreed': said,
    'timed.refused': said,
    'timed.revoked': said,
    'function.quarantined': leaf({
      fn: text,
      connection: text,
      why: oneOf(...words.quarantined),
      registered: text,
      found: text,
    }),
    'function.accepted': leaf({ fn: text, connection: text, found: text, by: text, note: text }),
  }
}

function roundShapes(leaf: Leaf): Readonly<Record<OfRounds, LeafShape>> {
  const about = { campaign: text, item: text, grant: text }
  return {
    'campaign.opened': leaf(
      {
        campaign: text,
        name: text,
        owner: text,
        by: text,
        state: oneOf(...words.campaignOpened),
        levels: integer,
        noResponse: oneOf(...words.noResponse),
        opensAt: moment,
        dueAt: moment,
        graceUntil: moment,
      },
      { previous: text },
    ),
    'campaign.changed': leaf(
      { campaign: text, state: oneOf(...words.campaign) },
      {
        by: texts,
        reason: text,
        population: object({ count: integer, excluded: integer, hash: text }),
        unanswered: integer,
      },
    ),
    'campaign.closed': leaf({
      campaign: text,
      by: text,
      manifest: text,
      population: text,
      counts: list(object({ n: integer, what: oneOf(...words.counted) })),
    }),
    'review.assigned': leaf({ ...about, by: text, groups: texts, people: texts, note: text }),
    'review.decided': leaf(
      {
        ...about,
        content: text,
        tier: oneOf(...words.risk),
        by: text,
        level: integer,
        decision: oneOf(...words.reviewed),
        reason: text,
        when: texts,
        shown: text,
        recommended: oneOf(...words.recommended),
      },
      // Older gateways wrote what was left when the clock was set back.
      { endsAt: moment, dwell: signedInteger },
    ),
    'review.applied': leaf(
      {
        ...about,
        state: oneOf(...words.remediation),
        decision: oneOf(...words.applied),
      },
      { answer: oneOf(...words.answer) },
    ),
    'review.voided': leaf({ ...about, content: text }, { reopened: text }),
  }
}
