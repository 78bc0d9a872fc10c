import type { JsonObject } from '../model/json.ts'
import type { Message, MessageFact } from '../model/message.ts'
import { cutText } from './cut-text.ts'

/** What is asked of Slack to show: `text` is what notifications and screen readers say. */
export type SlackCard = { readonly text: string; readonly blocks: readonly JsonObject[] }

/** What a click on a button brings back. */
export type SlackOffer = {
  readonly approval: string
  /** What the card showed: a vote by an old card is refused. */
  readonly offer: string
  readonly reasonChars: { readonly approve: number; readonly deny: number }
}

export const slackActions = {
  approve: 'sallyport_approve',
  deny: 'sallyport_deny',
  open: 'sallyport_open',
} as const

/**
 * A message in Block Kit (docs.slack.dev/reference/block-kit). Whatever somebody else may have said stands in
 * `plain_text`, which Slack does not format, with Slack's three control characters escaped. There are buttons
 * only on a card that shows all there is: nobody decides on what they were not shown.
 */
export function slackCard(
  message: Message,
  options: {
    readonly link: string | undefined
    /** Whether what is clicked can come back to us. */
    readonly clickable: boolean
    readonly textChars: number
    readonly cardChars: number
  },
): SlackCard {
  const { link, clickable, textChars, cardChars } = options
  const subject = cutText(escaped(message.subject), headerCharsMax).text
  const shown = factBlocks(message.facts, { textChars, cardChars })
  const vote = clickable && shown.whole && message.open ? message.slackVote : undefined
  const buttons = [
    ...(vote ? voteButtons(message.about, vote) : []),
    ...(link === undefined ? [] : [linkButton(link)]),
  ]
  const blocks: JsonObject[] = [
    { type: 'header', text: { type: 'plain_text', text: subject, emoji: false } },
    ...shown.blocks,
    context(footer(message, shown.whole)),
    ...(buttons.length > 0 ? [{ type: 'actions', elements: buttons }] : []),
  ]
  return { text: subject, blocks }
}

/** `&`, `<` and `>` are what makes a mention, a link or a command in Slack's text. */
export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Two columns for what is short, and a block of its own for what is long. */
function factBlocks(
  facts: readonly MessageFact[],
  { textChars, cardChars }: { readonly textChars: number; readonly cardChars: number },
): { readonly blocks: readonly JsonObject[]; readonly whole: boolean } {
  const blocks: JsonObject[] = []
  let fields: JsonObject[] = []
  let left = cardChars
  let whole = facts.length <= factsMax
  const flush = () => {
    if (fields.length > 0) blocks.push({ type: 'section', fields })
    fields = []
  }
  for (const fact of facts.slice(0, factsMax)) {
    const { text, whole: all } = cutText(escaped(fact.text), Math.min(textChars, left))
    left -= text.length
    whole &&= all
    const label = { type: 'mrkdwn', text: `*${labelOf(fact)}*` }
    // An empty text is refused by Slack.
    const value = { type: 'plain_text', text: text === '' ? '–' : text, emoji: false }
    if (text.length > fieldCharsMax || text.includes('\n')) {
      flush()
      blocks.push({ type: 'section', text: label }, { type: 'section', text: value })
    } else {
      fields.push(label, value)
      if (fields.length === fieldsMax) flush()
    }
  }
  flush()
  return { blocks, whole }
}

function labelOf({ name, untrusted }: MessageFact): string {
  const words = escaped(name.replace(/[^A-Za-z0-9 _-]/g, '').replaceAll('_', ' '))
  const label = `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`
  return untrusted ? `${label} (as the caller says)` : label
}

function footer({ decideBy, open, state, about }: Message, whole: boolean): string {
  const parts = [open ? `Waiting, ${about}` : `${state}, ${about}`]
  if (open && decideBy !== undefined) {
    const seconds = Math.floor(decideBy / 1_000)
    const plain = new Date(decideBy).toISOString()
    parts.push(`until <!date^${seconds}^{date_short_pretty} {time}|${plain}>`)
  }
  if (!whole) parts.push('not all of it is shown here: look at it in the gateway')
  return parts.join(' · ')
}

function context(text: string): JsonObject {
  return { type: 'context', elements: [{ type: 'mrkdwn', text }] }
}

function voteButtons(
  approval: string,
  { offer, reasonChars }: NonNullable<Message['slackVote']>,
): readonly JsonObject[] {
  const value = JSON.stringify({ approval, offer, reasonChars } satisfies SlackOffer)
  const approve = {
    type: 'button',
    action_id: slackActions.approve,
    style: 'primary',
    text: plain('Approve'),
    value,
  }
  const deny = {
    type: 'button',
    action_id: slackActions.deny,
    style: 'danger',
    text: plain('Deny'),
    value,
  }
  // With a reason to be given there is a second step anyway.
  return [reasonChars.approve > 0 ? approve : { ...approve, confirm }, deny]
}

/** A slip of the finger lets nothing through. */
const confirm = {
  title: { type: 'plain_text', text: 'Approve this call?' },
  text: { type: 'plain_text', text: 'Your name is recorded with it.' },
  confirm: { type: 'plain_text', text: 'Approve' },
  deny: { type: 'plain_text', text: 'Back' },
}

function linkButton(link: string): JsonObject {
  return { type: 'button', action_id: slackActions.open, text: plain('Open'), url: link }
}

function plain(text: string): JsonObject {
  return { type: 'plain_text', text, emoji: false }
}

/** Slack's own limits: a header, one field, the fields of one section, and fewer facts than 50 blocks hold. */
const headerCharsMax = 150
const fieldCharsMax = 200
const fieldsMax = 10
const factsMax = 20
