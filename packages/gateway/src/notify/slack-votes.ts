import type { Limits } from '../config/limits.ts'
import type { SlackConfig } from '../config/notify.ts'
import type { JsonObject } from '../model/json.ts'
import type { SecretReference } from '../model/secret.ts'
import type { Resolve } from './channel.ts'
import { callSlack } from './slack-api.ts'
import { escaped, slackActions } from './slack-card.ts'
import {
  clickKey,
  isFromSlack,
  readClick,
  reasonBlock,
  reasonInput,
  type SlackClick,
  type SlackRequest,
} from './slack-request.ts'

/** What is answered to Slack. Without a body: taken note of. */
export type SlackReply = {
  readonly status: 200 | 400 | 401 | 503
  readonly body?: { readonly type: string; readonly text: string }
}

export type SlackVotesNeeds = {
  /** Those of `notify.channels` that are Slack's. */
  readonly channels: readonly SlackConfig[]
  readonly resolve: Resolve<SecretReference>
  /**
   * Casts the vote of whoever has this account (`slack:U…`), and nobody's when nobody has. `why` is public. May
   * be asked twice about one click, and counts it once.
   */
  readonly vote: (cast: {
    readonly account: string
    readonly approval: string
    readonly verdict: 'approve' | 'deny'
    readonly reason: string
    readonly offer: string
  }) => Promise<{ readonly counted: true } | { readonly counted: false; readonly why: string }>
  readonly now: () => number
  readonly limits: Limits
  readonly onFailure: (cause: unknown) => void
}

export type SlackVotes = {
  /** Never rejects; answers within `limits.slackAnswerMs` and a little. */
  readonly answer: (request: SlackRequest) => Promise<SlackReply>
  /** Waits for what goes on after its answer. */
  readonly close: () => Promise<void>
}

/**
 * What people click on Slack. Who clicked is known by Slack's word for it, signed with the app's secret: a
 * weaker proof than a sign-in, so it counts only where a flow says so, and only for people whom the rulebook
 * links to their Slack account. Nothing is remembered here that a crash could lose: a vote is in the store before
 * its person is told that it counts.
 */
export function openSlackVotes(needs: SlackVotesNeeds): SlackVotes {
  const { now, limits, onFailure } = needs
  const seen = new Map<string, { readonly until: number; readonly reply: Promise<SlackReply> }>()
  const underWay = new Set<Promise<unknown>>()

  const keep = <Result>(work: Promise<Result>): Promise<Result> => {
    const kept: Promise<unknown> = work.catch(() => {}).finally(() => underWay.delete(kept))
    underWay.add(kept)
    return work
  }
  const remember = (key: string, reply: Promise<SlackReply>) => {
    for (const [old, { until }] of seen) {
      if (until > now() && seen.size < limits.slackRequests) break
      seen.delete(old)
    }
    // As long as a signature counts, on either side of now.
    seen.set(key, { until: now() + 2 * limits.slackReplayMs, reply })
  }
  const first = async (request: SlackRequest): Promise<SlackReply> => {
    const signers = await signersOf(needs, request)
    if (signers.length === 0) return { status: 401 }
    const key = clickKey(request)
    const known = seen.get(key)
    if (known && known.until > now()) return known.reply
    const click = readClick(request)
    if (!click) return { status: 400 }
    if (click.kind === 'other') return { status: 200 }
    if (click.kind === 'challenge') {
      return { status: 200, body: { type: 'text/plain', text: click.challenge } }
    }
    const config = signers.find(({ channel }) => channel === click.channel)
    // Not a channel of ours any more.
    if (!config) return { status: 200 }
    const reply = keep(act(needs, config, click, keep))
    remember(key, reply)
    // What failed may be brought again.
    reply.catch(() => seen.delete(key))
    return reply
  }
  return {
    answer: (request) =>
      first(request).catch((cause: unknown): SlackReply => {
        onFailure(cause)
        // Slack says to the person that it did not work.
        return { status: 503 }
      }),
    close: async () => {
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}

type Acting = Exclude<SlackClick, { kind: 'challenge' | 'other' }>
type Keep = <Result>(work: Promise<Result>) => Promise<Result>

/** The channels whose app signed this. Each secret is looked up anew, so that a changed one counts at once. */
async function signersOf(
  { channels, resolve, now, limits }: SlackVotesNeeds,
  request: SlackRequest,
): Promise<readonly SlackConfig[]> {
  const signed = await Promise.all(
    channels.map(async ({ signingSecret }) => {
      if (!signingSecret) return false
      const secret = await resolve(signingSecret).catch(() => '')
      const by = { signingSecret: secret, now: now(), replayMs: limits.slackReplayMs }
      return isFromSlack(request, by)
    }),
  )
  return channels.filter((_, at) => signed[at])
}

async function act(
  needs: SlackVotesNeeds,
  config: SlackConfig,
  click: Acting,
  keep: Keep,
): Promise<SlackReply> {
  const { reasonChars } = click.offer
  if (click.kind === 'button' && reasonChars[click.verdict] > 0 && click.team === config.team) {
    const opened = await ask(needs, config, 'views.open', {
      trigger_id: click.trigger,
      view: reasonView(click, needs.limits.reasonChars),
    })
    return opened.ok ? { status: 200 } : { status: 503 }
  }
  const voting = castOf(needs, config, click)
  const inTime = await within(voting, needs.limits.slackAnswerMs)
  if (inTime && click.kind === 'reason') {
    if (inTime.counted) return { status: 200 }
    return dialogue({ response_action: 'errors', errors: { [reasonBlock]: inTime.why } })
  }
  // Shown to them alone; the card changes for everybody once the vote is known to the outbox.
  const tell = async () => {
    const voted = await voting
    const text = voted.counted ? `Recorded: ${click.verdict}.` : `Not counted. ${voted.why}`
    const { channel, user } = click
    await ask(needs, config, 'chat.postEphemeral', { channel, user, text: escaped(text) })
  }
  keep(tell()).catch(needs.onFailure)
  return click.kind === 'reason' ? dialogue({ response_action: 'clear' }) : { status: 200 }
}

/** Never rejects: what failed is said to the person, who may try again. */
async function castOf(
  { vote, onFailure }: SlackVotesNeeds,
  { team }: SlackConfig,
  click: Acting,
): ReturnType<SlackVotesNeeds['vote']> {
  // In a shared channel there are people of other workspaces, whose ids mean nothing to us.
  if (click.team !== team) return { counted: false, why: 'You are of another workspace.' }
  const { approval, offer } = click.offer
  const reason = click.kind === 'reason' ? click.reason : ''
  const account = `slack:${click.user}`
  try {
    return await vote({ account, approval, verdict: click.verdict, reason, offer })
  } catch (cause) {
    onFailure(cause)
    return { counted: false, why: 'It could not be recorded. Try again.' }
  }
}

async function ask(
  { resolve, now, limits }: SlackVotesNeeds,
  config: SlackConfig,
  method: 'chat.postEphemeral' | 'views.open',
  body: JsonObject,
): ReturnType<typeof callSlack> {
  const token = await resolve(config.token).catch(() => '')
  const signal = AbortSignal.timeout(limits.slackAnswerMs)
  return callSlack({ apiUrl: config.apiUrl, token, method, body, now: now(), limits, signal })
}

/** Undefined when it takes longer. */
async function within<Result>(work: Promise<Result>, ms: number): Promise<Result | undefined> {
  const time = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => time.resolve(undefined), ms)
  try {
    return await Promise.race([work, time.promise])
  } finally {
    clearTimeout(timer)
  }
}

function dialogue(said: object): SlackReply {
  return { status: 200, body: { type: 'application/json', text: JSON.stringify(said) } }
}

/** What is said in a dialogue comes back with `private_metadata`, which only Slack and we have seen. */
function reasonView({ verdict, offer, channel }: Acting, charsMax: number): JsonObject {
  const title = verdict === 'approve' ? 'Approve this call' : 'Deny this call'
  return {
    type: 'modal',
    callback_id: slackActions[verdict],
    private_metadata: JSON.stringify({ offer: JSON.stringify(offer), channel }),
    title: { type: 'plain_text', text: title },
    submit: { type: 'plain_text', text: verdict === 'approve' ? 'Approve' : 'Deny' },
    close: { type: 'plain_text', text: 'Back' },
    blocks: [
      {
        type: 'input',
        block_id: reasonBlock,
        label: { type: 'plain_text', text: 'Why' },
        hint: { type: 'plain_text', text: 'It is recorded with your name.' },
        element: {
          type: 'plain_text_input',
          action_id: reasonInput,
          multiline: true,
          min_length: Math.min(offer.reasonChars[verdict], charsMax),
          max_length: charsMax,
        },
      },
    ],
  }
}
