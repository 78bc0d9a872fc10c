import type { LeafRecord } from '../record.ts'
import { hidingFrom } from './argument-changes.ts'
import type { Content, FunctionFacts } from './content.ts'
import { readJsonObject } from './http-arguments.ts'
import { isJsonObject, type JsonObject } from './json.ts'
import type { Recorded } from './mcp-arguments.ts'
import type { Payloads } from './payloads.ts'
import { compareRecorded, readArgumentsOf } from './recorded-arguments.ts'
import type { SeenLeaf } from './watch.ts'

type Requested = Extract<LeafRecord, { type: 'approval.requested' }>

/**
 * What of a question, as people were shown it, is not of the call that was asked about: the function, the parties,
 * or the arguments but for what is hidden from the upstream or the record. Undefined where it is, or where that is
 * not disclosed.
 */
export async function shownFlaw(
  leaf: SeenLeaf,
  record: Requested,
  known: {
    readonly payloads: Payloads
    /** Ids of the parties of the session, as they were known. */
    readonly versions: readonly (readonly string[])[]
    /** Rulebooks that may have been in force. */
    readonly contents: readonly Content[]
  },
): Promise<'its form' | 'function' | 'parties' | 'arguments' | undefined> {
  const { payloads, versions, contents } = known
  const disclosed = await payloads.open(leaf, 'forwarded')
  if (!('bytes' in disclosed)) return undefined
  const shown = readJsonObject(disclosed.bytes)
  if (!shown || !isJsonObject(shown.function) || !isJsonObject(shown.arguments)) return 'its form'
  if (shown.function.id !== record.fn) return 'function'
  if (versions.length > 0 && !versions.some((ids) => areShown(shown.parties, ids))) return 'parties'
  const args = await payloads.open(leaf, 'args')
  if (!('bytes' in args) || contents.length === 0) return undefined
  const values = shown.arguments
  const areSame = contents.some((content) => {
    const fn = content.functions.get(record.fn)
    return fn === undefined || couldShow(values, { bytes: args.bytes, fn, content })
  })
  return areSame ? undefined : 'arguments'
}

function areShown(parties: unknown, ids: readonly string[]): boolean {
  if (!Array.isArray(parties) || parties.length !== ids.length) return false
  return parties.every((party, at) => isJsonObject(party) && party.id === ids[at])
}

/** True where it cannot be told. */
function couldShow(
  values: JsonObject,
  {
    bytes,
    fn,
    content,
  }: { readonly bytes: Uint8Array; readonly fn: FunctionFacts; readonly content: Content },
): boolean {
  const before = readArgumentsOf(bytes, fn, content)
  if (before.length === 0) return true
  // Where the record must not see the URI, the names of its template stand nowhere in it.
  const isByTemplate = fn.mcp?.method === 'resources/read' && fn.mcp.name.includes('{')
  if (isByTemplate && before.some(({ names }) => names === undefined)) return true
  const [upstream, record] = [hidingFrom(fn, 'upstream'), hidingFrom(fn, 'record')]
  const hiding = {
    masks: [...upstream.masks, ...record.masks],
    detect: [...upstream.detect, ...record.detect],
    isShown: true,
  }
  return before.some((one) => {
    const after = shownLike(one, values)
    return after !== undefined && compareRecorded([one], [after], hiding).found !== 'changed'
  })
}

/** Where there are answers, people are shown them beside the arguments. */
function shownLike(
  { answers: received, names }: Recorded,
  shown: JsonObject,
): Recorded | undefined {
  if (!received) return { values: shown, ...(names && { names }) }
  const { arguments: values, inputResponses: answers } = shown
  return isJsonObject(values) && isJsonObject(answers)
    ? { values, answers, ...(names && { names }) }
    : undefined
}
