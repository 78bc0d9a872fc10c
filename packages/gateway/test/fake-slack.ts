import { createHmac, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { types } from '@slack/bolt'

export const slackToken = 'xoxb-0123456789-abcdefghij'
export const slackTeam = 'T0HOUSE'
export const slackChannel = 'C0OPS'
export const signingSecret = '8f742231b10e8888abcd99yyyzzz85a5'

export type SlackMessage = {
  readonly ts: string
  readonly channel: string
  text: string
  blocks: readonly (types.KnownBlock | types.Block)[]
  readonly threadTs: string | undefined
  updates: number
}

export type FakeSlack = {
  /** Ends in a slash, as `slackApiUrl` of the official client. */
  readonly apiUrl: string
  readonly messages: SlackMessage[]
  /** Shown to one person alone. */
  readonly whispers: { readonly user: string; readonly text: string }[]
  readonly views: { readonly trigger: string; readonly view: types.View }[]
  /** What it says to the next requests instead of doing them. */
  readonly refuse: { status: number; error?: string; retryAfter?: number }[]
  readonly close: () => Promise<void>
}

/**
 * As much of Slack's Web API as a card needs, with its own limits: JSON or forms in, `ok` out. The official
 * client is one of those who use it in tests.
 */
export async function startFakeSlack(): Promise<FakeSlack> {
  const slack = { messages: [], whispers: [], views: [], refuse: [] } as Pick<
    FakeSlack,
    'messages' | 'whispers' | 'views' | 'refuse'
  >
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: object, headers: object = {}) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(JSON.stringify(body))
    }
    const args = await argumentsOf(request)
    const refused = slack.refuse.shift()
    if (refused) {
      const { status, error = 'internal_error', retryAfter } = refused
      const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
      return answer(status, { ok: false, error }, headers)
    }
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? args.token
    if (token !== slackToken) return answer(200, { ok: false, error: 'invalid_auth' })
    answer(200, perform(slack, (request.url ?? '').replace('/api/', ''), args))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    ...slack,
    apiUrl: `http://127.0.0.1:${port}/api/`,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is looked at member by member.
type Arguments = Record<string, any>

async function argumentsOf(request: IncomingMessage): Promise<Arguments> {
  let body = ''
  for await (const piece of request) body += piece
  if (request.headers['content-type']?.startsWith('application/json')) return JSON.parse(body)
  const form = Object.fromEntries(new URLSearchParams(body))
  const isJson = (text: string) => /^(?:[[{]|true$|false$)/.test(text)
  return Object.fromEntries(
    Object.entries(form).map(([name, text]) => [name, isJson(text) ? JSON.parse(text) : text]),
  )
}

let clock = 1_700_000_000

function perform(
  slack: Pick<FakeSlack, 'messages' | 'whispers' | 'views'>,
  method: string,
  args: Arguments,
): object {
  const no = (error: string) => ({ ok: false, error })
  const { channel, text = '', blocks = [], user, ts, thread_ts: threadTs } = args
  if (method.startsWith('chat.') && channel !== slackChannel) return no('channel_not_found')
  if (method.startsWith('chat.') && blocksProblem(blocks)) return no('invalid_blocks')
  if (method.startsWith('chat.') && text === '' && blocks.length === 0) return no('no_text')
  switch (method) {
    case 'chat.postMessage': {
      const message = { ts: `${clock++}.000100`, channel, text, blocks, threadTs, updates: 0 }
      slack.messages.push(message)
      return { ok: true, channel, ts: message.ts, message: { type: 'message', text, blocks } }
    }
    case 'chat.update': {
      const message = slack.messages.find((one) => one.ts === ts)
      if (!message) return no('message_not_found')
      message.text = text
      message.blocks = blocks
      message.updates++
      return { ok: true, channel, ts, text }
    }
    case 'chat.postEphemeral':
      slack.whispers.push({ user, text })
      return { ok: true, message_ts: `${clock++}.000100` }
    case 'views.open':
      if (blocksProblem(args.view?.blocks)) return no('invalid_arguments')
      slack.views.push({ trigger: args.trigger_id, view: args.view })
      return { ok: true, view: { ...args.view, id: 'V1' } }
    default:
      return no('unknown_method')
  }
}

/** docs.slack.dev/reference/block-kit: how long what may be. */
function blocksProblem(blocks: unknown): string | undefined {
  if (!Array.isArray(blocks)) return 'no list'
  if (blocks.length > 50) return 'too many blocks'
  if (JSON.stringify(blocks).length > 40_000) return 'too long'
  for (const block of blocks) {
    const texts = [block.text, ...(block.fields ?? [])].filter((one) => one !== undefined)
    const max = block.type === 'header' ? 150 : block.fields ? 2_000 : 3_000
    if (block.type === 'section' && texts.length === 0) return 'an empty section'
    if (block.fields?.length > 10) return 'too many fields'
    if (block.type === 'header' && block.text?.type !== 'plain_text') return 'a formatted header'
    for (const one of texts) {
      if (typeof one.text !== 'string' || one.text === '' || one.text.length > max) return 'a text'
    }
    for (const element of block.type === 'actions' ? block.elements : []) {
      if (element.text?.text.length > 75 || element.value?.length > 2_000) return 'a button'
    }
  }
  return undefined
}

export type Click = { readonly body: string; readonly headers: Record<string, string> }

/** Signed as Slack signs. */
export function signed(
  body: string,
  options: { readonly now: number; readonly secret?: string; readonly contentType?: string },
): Click {
  const timestamp = String(Math.floor(options.now / 1_000))
  const hmac = createHmac('sha256', options.secret ?? signingSecret)
  return {
    body,
    headers: {
      'content-type': options.contentType ?? 'application/x-www-form-urlencoded',
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${hmac.update(`v0:${timestamp}:${body}`).digest('hex')}`,
    },
  }
}

/** What Slack brings when somebody clicks on a button of a card. */
export function buttonPayload(clicked: {
  readonly action: string
  readonly value: string
  readonly user: string
  readonly team?: string
  readonly channel?: string
}): string {
  const { action, value, user, team = slackTeam, channel = slackChannel } = clicked
  const payload = {
    type: 'block_actions',
    user: { id: user, username: user.toLowerCase(), team_id: team },
    api_app_id: 'A0APP',
    team: { id: slackTeam, domain: 'house' },
    channel: { id: channel, name: 'ops' },
    container: { type: 'message', message_ts: '1.0', channel_id: channel },
    trigger_id: `t.${randomUUID()}`,
    actions: [{ type: 'button', action_id: action, block_id: 'b', value, action_ts: '1.0' }],
  }
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
}

/** What Slack brings when somebody submits a dialogue. */
export function viewPayload(submitted: {
  readonly view: types.View
  readonly user: string
  readonly text: string
  readonly team?: string
}): string {
  const { view, user, text, team = slackTeam } = submitted
  const input = view.blocks.find((one) => one.type === 'input')
  const block = input?.block_id ?? ''
  const action = input && 'element' in input ? (input.element.action_id ?? '') : ''
  const payload = {
    type: 'view_submission',
    user: { id: user, team_id: team },
    team: { id: slackTeam },
    trigger_id: `t.${randomUUID()}`,
    view: {
      ...view,
      id: 'V1',
      state: { values: { [block]: { [action]: { type: 'plain_text_input', value: text } } } },
    },
  }
  return new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
}
