import { createHash } from 'node:crypto'
import { isEchoed } from '../../call/echoed.ts'
import { Refusal } from '../../call/refusal.ts'
import { limits } from '../../config/limits.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { McpAgain, McpKind, McpList, McpListing, McpUnread } from '../../model/mcp-listing.ts'
import type { Credential } from '../../model/secret.ts'
import { hasFittingHeaders } from './message/param-headers.ts'
import { askServer } from './upstream/ask-server.ts'
import type { Conversation } from './upstream/conversation.ts'
import type { Speaker } from './upstream/conversations.ts'
import { unlessGone } from './upstream/unless-gone.ts'

type Asking = {
  readonly credential: Credential
  readonly signal: AbortSignal
  /** For all lists together. */
  readonly withinMs: number
  /** Absent: everything is read. */
  readonly again?: McpAgain | undefined
}

/** Reads the lists of a server, within the bounds of limits.ts; half a list is none. */
export async function describe(
  begin: (speaker: Omit<Speaker, 'credential'>) => Promise<Conversation>,
  asking: Asking,
): Promise<McpListing | McpUnread> {
  try {
    const speaker = { principal: '', subject: undefined, capabilities: everything }
    const begun = () => unlessGone(begin(speaker), [asking.signal])
    const conversation = await begun()
    return await listingOf(conversation, asking).catch(async (thrown: unknown) => {
      // A server that was started anew has forgotten the conversation: lists may be asked for again.
      if (!conversation.isOver()) throw thrown
      return listingOf(await begun(), asking)
    })
  } catch (thrown) {
    if (thrown instanceof ListsUnread)
      return { problem: problemOf(thrown.cause), lists: thrown.lists }
    return { problem: problemOf(thrown) }
  }
}

function problemOf(thrown: unknown): string {
  const { code, message, detail } = Refusal.from(thrown)
  const late = code === 'caller-left' || code === 'upstream-timeout'
  return late ? 'It did not say in time what it has.' : (detail ?? message)
}

/** Its server answers, and not when it is asked for these. */
class ListsUnread extends Error {
  override readonly name = 'ListsUnread'
  readonly lists: readonly McpKind[]
  constructor(lists: readonly McpKind[], cause: unknown) {
    super('lists could not be read', { cause })
    this.lists = lists
  }
}

/** Servers leave out what their caller cannot do, and callers can do different things. */
const everything: JsonObject = { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} }

/** Side by side: a call may wait for them. */
async function listingOf(conversation: Conversation, asking: Asking): Promise<McpListing> {
  const { capabilities } = conversation.server
  const bounds = new Bounds(asking.withinMs)
  const again = isAsBefore(capabilities, asking.again) ? asking.again : undefined
  const read = async (list: List): Promise<Read> => {
    const isKnown = again !== undefined && !again.kinds.has(list.kind)
    if (isKnown) {
      const { [list.name]: entries, digests } = again.before
      bounds.count(entries.length, 0)
      return { entries, digest: digests[list.name] }
    }
    if (!isJsonObject(capabilities[list.kind])) return { entries: [], digest: '' }
    const { entries, digest } = await readAll(conversation, asking, { ...list, bounds })
    return { entries, digest, isNew: true }
  }
  const [tools, resources, resourceTemplates, prompts] = await allRead([
    { kind: 'tools', reading: read(listed.tools) },
    { kind: 'resources', reading: read(listed.resources) },
    { kind: 'resources', reading: read(listed.resourceTemplates) },
    { kind: 'prompts', reading: read(listed.prompts) },
  ])
  const all = [tools, resources, resourceTemplates, prompts]
  // What is listed goes to callers and to people as it is.
  const found = all.flatMap(({ isNew, entries }) => (isNew ? [entries] : []))
  if (isEchoed(JSON.stringify(found), asking.credential)) {
    throw failed('Its lists hold the credential that it is called with.')
  }
  const isModern = conversation.era === 'modern'
  const said = JSON.stringify([capabilities, all.map(({ digest }) => digest)])
  return {
    capabilities,
    tools: tools.entries.filter(({ inputSchema }) => !isModern || hasFittingHeaders(inputSchema)),
    resources: resources.entries,
    resourceTemplates: resourceTemplates.entries,
    prompts: prompts.entries,
    digests: {
      ...{ tools: tools.digest, prompts: prompts.digest },
      ...{ resources: resources.digest, resourceTemplates: resourceTemplates.digest },
    },
    fingerprint: createHash('sha256').update(said).digest('base64'),
  }
}

type Read = {
  readonly entries: readonly JsonObject[]
  readonly digest: string
  readonly isNew?: boolean
}

type Reading = { readonly kind: McpKind; readonly reading: Promise<Read> }

/** Rejects with `ListsUnread` where its server was reached, after all of them: which could not be read is told. */
async function allRead(
  readings: readonly [Reading, Reading, Reading, Reading],
): Promise<readonly [Read, Read, Read, Read]> {
  const settled = await Promise.allSettled(readings.map(({ reading }) => reading))
  const failed = settled.flatMap((one, at) => {
    const kind = readings[at]?.kind
    return one.status === 'rejected' && kind ? [{ kind, reason: one.reason }] : []
  })
  const away = failed.find(({ reason }) => notReached.has(Refusal.from(reason).code))
  if (away) throw away.reason
  const [first] = failed
  if (first) throw new ListsUnread([...new Set(failed.map(({ kind }) => kind))], first.reason)
  const [tools, resources, templates, prompts] = readings
  return [
    await tools.reading,
    await resources.reading,
    await templates.reading,
    await prompts.reading,
  ]
}

const notReached: ReadonlySet<string> = new Set([
  'upstream-unreachable',
  'overloaded',
  'caller-left',
])

/** A server that can do something else is another one: nothing that was read of the one before says anything of it. */
function isAsBefore(capabilities: JsonObject, again: McpAgain | undefined): boolean {
  return JSON.stringify(capabilities) === JSON.stringify(again?.before.capabilities)
}

type List = {
  readonly kind: McpKind
  readonly method: string
  /** The member of the answer that holds it. */
  readonly name: McpList
  /** A server may not have it although it says that it has the kind. */
  readonly isOptional?: boolean
}

const listed = {
  tools: { kind: 'tools', method: 'tools/list', name: 'tools' },
  resources: { kind: 'resources', method: 'resources/list', name: 'resources' },
  resourceTemplates: {
    ...({ kind: 'resources', name: 'resourceTemplates' } as const),
    ...{ method: 'resources/templates/list', isOptional: true },
  },
  prompts: { kind: 'prompts', method: 'prompts/list', name: 'prompts' },
} satisfies Readonly<Record<McpList, List>>

async function readAll(
  conversation: Conversation,
  asking: Asking,
  { method, name, isOptional = false, bounds }: List & { readonly bounds: Bounds },
): Promise<{ readonly entries: readonly JsonObject[]; readonly digest: string }> {
  const hash = createHash('sha256')
  const entries: JsonObject[] = []
  let cursor: string | undefined
  for (let page = 0; page < limits.mcpListPages; page++) {
    const answer = await askServer(conversation, {
      ...{ ...asking, method, capabilities: everything, withinMs: bounds.leftMs },
      params: cursor === undefined ? {} : { cursor },
    })
    if (answer.kind === 'error') {
      if (isOptional && answer.code === methodNotFound) return { entries: [], digest: '' }
      throw failed(`It answered ${method} with error ${answer.code}.`)
    }
    const found = entriesOf(answer.value[name], method)
    bounds.count(found.length, answer.bytes.length)
    hash.update(answer.bytes).update('\n')
    entries.push(...found)
    const { nextCursor } = answer.value
    if (nextCursor === undefined || nextCursor === null) {
      return { entries, digest: hash.digest('base64') }
    }
    if (typeof nextCursor !== 'string' || nextCursor === cursor) break
    cursor = nextCursor
  }
  throw failed(`Its answer to ${method} has no end.`)
}

function entriesOf(list: JsonObject[string] | undefined, method: string): readonly JsonObject[] {
  if (!Array.isArray(list)) throw failed(`Its answer to ${method} has no list.`)
  const entries = list.filter((entry): entry is JsonObject => isJsonObject(entry))
  if (entries.length !== list.length) throw failed(`Its answer to ${method} has odd entries.`)
  return entries
}

/** Of all lists of one look together. */
class Bounds {
  readonly #until: number
  #entries = 0
  #bytes = 0

  constructor(withinMs: number) {
    this.#until = performance.now() + withinMs
  }

  get leftMs(): number {
    return Math.max(1, this.#until - performance.now())
  }

  count(entries: number, bytes: number): void {
    this.#entries += entries
    this.#bytes += bytes
    if (this.#entries > limits.mcpListed) throw failed(`It lists over ${limits.mcpListed} things.`)
    if (this.#bytes > limits.mcpListBytes) {
      throw failed(`Its lists are longer than ${limits.mcpListBytes} bytes.`)
    }
  }
}

function failed(detail: string): Refusal {
  return new Refusal('upstream-failed', { detail })
}

const methodNotFound = -32601
