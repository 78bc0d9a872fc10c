import type { Automaton, Node } from '../automaton.ts'
import { unescapeJson } from '../strategy.ts'
import { utf8 } from '../utf8.ts'
import { FoldedText } from './fold.ts'
import { JsonHints } from './json-hints.ts'
import { JsonTrail } from './json-trail.ts'
import { type WalkEvents, walkJson } from './json-walk.ts'
import type { KnownNames } from './known-names.ts'
import { traits } from './traits.ts'

/** A string of an event that goes on in the next event's string of the same channel. */
export type DeltaPiece = {
  readonly channel: string
  readonly from: number
  readonly to: number
  /** What the names of its own event say about it, where it is a text of its own after all. */
  readonly hint: number
  /** The places of rules that cover it; undefined: no rule is limited to places, or they mean nothing here. */
  readonly open: ReadonlySet<number> | undefined
}

/** The pieces of one event, and the channels that it says have ended. */
export type DeltaPieces = {
  readonly pieces: readonly DeltaPiece[]
  readonly ended: readonly string[]
}

/**
 * Whether the strings of this path, in event after event, are one text. The formats are listed in
 * docs/guides/masking.md; another one is read event by event, because to wait for the next event is what
 * a live feed of records cannot afford.
 */
export function isDelta(path: string): boolean {
  const known = asked.get(path)
  if (known !== undefined) return known
  if (asked.size >= askedMax) asked.clear()
  const is = isOfTokens(path) || deltaPath.test(path)
  asked.set(path, is)
  return is
}

/**
 * The same of the lines of a body: what Flowise, Dify and ChatGPT send comes in events only, and in lines these are
 * names that any record has.
 */
export const isDeltaOfLines = (path: string): boolean =>
  path !== '$.data' && path !== '$.data.text' && path !== '$.v' && isDelta(path)

/** Whether it is the text of one token, of which an event may say several. */
const isOfTokens = (path: string): boolean => tokenPath.test(path)

/** Answers: the same few paths are asked about for each event. */
const asked = new Map<string, boolean>()
const askedMax = 1_024

/** One of these, or several parts with a text each. */
const parts = '(?:\\[\\*\\]\\.(?:text|thinking))?'

/** What a model says of its tokens, whatever stands around it: their texts are the text once more. */
const tokenPath =
  /\.(?:(?:logprobs(?:\.(?:content|refusal))?|logprobsResult\.chosenCandidates)\[\*\]\.(?:token|text)|logprobs\.tokens\[\*\])$/

const deltaPath = new RegExp(
  `^\\$(?:${[
    '',
    // OpenAI's chat and what speaks like it; Perplexity and DashScope say the message besides or instead.
    '\\.choices\\[\\*\\]\\.delta(?:\\.\\w+|\\[\\*\\])*\\.(?!(?:role|id|type|name)$)\\w+',
    '\\.choices\\[\\*\\]\\.text',
    `(?:\\.output)?\\.choices\\[\\*\\]\\.message\\.(?:content|reasoning_content)${parts}`,
    // OpenAI's responses, Anthropic's and Bedrock's content blocks.
    '(?:\\.\\w+)?\\.delta',
    '(?:\\.\\w+)?\\.delta(?:\\.\\w+|\\[\\*\\])*\\.(?!(?:role|id|type|name|stop_reason|signature)$)\\w+',
    // Gemini, also as one array.
    '(?:\\[\\*\\])?\\.candidates\\[\\*\\]\\.content\\.parts\\[\\*\\]\\.text',
    // Vertex AI, models on Bedrock, watsonx.
    '\\.(?:outputText|generation)',
    '\\.outputs\\[\\*\\]\\.(?:text|stringVal\\[\\*\\])',
    '\\.results\\[\\*\\]\\.(?:generated_text|outputText)',
    // Vercel's AI SDK.
    '\\.inputTextDelta',
    // A2A.
    '\\.result(?:\\.(?:artifactUpdate|statusUpdate))?\\.(?:artifact|status\\.message)\\.parts\\[\\*\\]\\.text',
    // LangChain: messages of LangGraph, events, the log of LangServe.
    `(?:\\[\\*\\]|\\.data\\.chunk|\\.ops\\[\\*\\]\\.value)(?:\\.kwargs)?\\.content${parts}`,
    '\\.data\\.chunk',
    '\\.ops\\[\\*\\]\\.value',
    // Dify, Flowise, DashScope, patches of ChatGPT.
    '\\.data(?:\\.text)?',
    '\\.output\\.text',
    '\\.v',
    '\\.(?:message\\.|token\\.)?(?:text|content|thinking)',
    '\\.(?:token|response|completion|output|output_text|generated_text|answer|chunk|transcript)',
  ].join('|')})$`,
)

/**
 * Tells what of an event's JSON text belongs to channels. One of these reads event after event: their names of fields
 * are the same few. `places`: those that rules are limited to.
 */
export class PieceReader {
  readonly #trail = new JsonTrail()
  readonly #hints = new JsonHints()
  readonly #keyText = new FoldedText()
  readonly #walk: PlaceWalk | undefined
  readonly #names: KnownNames | undefined
  #payload: Uint8Array = nothing
  #frames: Frame[] = []
  #found: Found[] = []
  #ending: (readonly Frame[])[] = []
  #key = ''
  #kind = ''
  #kindOf: readonly Frame[] = []

  constructor(of: { readonly places?: Automaton | undefined; readonly names?: KnownNames } = {}) {
    this.#walk = of.places && new PlaceWalk(of.places)
    this.#names = of.names
  }

  read(payload: Uint8Array): DeltaPieces {
    this.#begin(payload)
    walkJson(payload, 0, payload.length, this.#events)
    if (this.#kind !== '' && /(?:^|[._])(?:stop|done|completed|end)$/.test(this.#kind)) {
      // What says of nothing in particular that it is over ends everything.
      this.#ending.push(this.#kindOf.some(({ ids }) => ids.length > 0) ? this.#kindOf : [])
    }
    return {
      pieces: this.#found.map(({ path, chain, piece }) => ({
        ...{ channel: `${scopeOf(chain)} ${path}`, from: piece.from, to: piece.to },
        ...{ hint: piece.hint, open: piece.open },
      })),
      ended: this.#ending.map(scopeOf),
    }
  }

  #begin(payload: Uint8Array): void {
    this.#payload = payload
    this.#trail.reset()
    this.#hints.reset(0)
    this.#walk?.reset()
    this.#frames = [{ ids: [], position: undefined, next: Number.NaN }]
    this.#found = []
    this.#ending = []
    this.#key = ''
    this.#kind = ''
    this.#kindOf = []
  }

  readonly #events: WalkEvents = {
    open: (array) => {
      this.#trail.open(array)
      this.#hints.open(array)
      this.#walk?.open(array)
      const position = this.#frames.at(-1)?.next
      this.#frames.push({ ids: [], position, next: array ? 0 : Number.NaN })
    },
    close: () => {
      this.#trail.close()
      this.#hints.close()
      this.#walk?.close()
      this.#frames.pop()
    },
    element: () => {
      this.#hints.element()
      const array = this.#frames.at(-1)
      if (array !== undefined) array.next += 1
      this.#walk?.element(array?.next ?? 0)
    },
    key: (from, to, seen) => this.#named(from, to, { escaped: (seen & traits.backslash) !== 0 }),
    string: (from, to) => this.#string(from, to),
    number: (from, to) => {
      if (indexKeys.has(this.#key)) {
        this.#frames.at(-1)?.ids.push(`${this.#key}${latin1(this.#payload, from, to)}`)
      }
    },
  }

  #named(from: number, to: number, how: { readonly escaped: boolean }): void {
    const payload = this.#payload
    this.#walk?.key(payload, from, to, how)
    const known = this.#names?.find(payload, from, to)
    if (known !== undefined) {
      this.#trail.named(known.name)
      this.#hints.named(known)
      this.#key = known.name
      return
    }
    this.#trail.keptKey(payload, from, to)
    if (how.escaped) {
      this.#keyText.read(payload, from, to, 'json')
      this.#hints.key(this.#keyText.bytes, 0, this.#keyText.length)
    } else this.#hints.key(payload, from, to)
    this.#key = latin1(payload, from, to)
  }

  #string(from: number, to: number): void {
    const payload = this.#payload
    const path = this.#trail.path()
    const hint = this.#hints.next
    this.#hints.string(payload, from, to)
    if (isDelta(path)) {
      // Tokens have no place of their own: one goes on in the next. Nor are they what `token` names elsewhere.
      const ofTokens = isOfTokens(path)
      const chain = this.#frames.slice(0, ofTokens && !path.endsWith(']') ? -1 : undefined)
      const piece = { from, to, hint: ofTokens ? 0 : hint, open: this.#walk?.covering }
      this.#found.push({ path, chain, piece })
    } else if (idKeys.has(this.#key)) this.#frames.at(-1)?.ids.push(latin1(payload, from, to))
    else if (path === '$.type') {
      this.#kind = latin1(payload, from, to)
      this.#kindOf = [...this.#frames]
    } else if (this.#key === 'finish_reason' && from < to) this.#ending.push([...this.#frames])
  }
}

const nothing: Uint8Array = new Uint8Array(0)

type Found = {
  readonly path: string
  /** The containers it stands in, of which what follows may still tell more. */
  readonly chain: readonly Frame[]
  readonly piece: Omit<DeltaPiece, 'channel'>
}

/** Whether a JSON text has strings that may go on in another one. */
export const hasPieces = (payload: Uint8Array): boolean =>
  new PieceReader().read(payload).pieces.length > 0

/** From a byte of a piece to where it stood before the rest of its event was masked. */
export function unmasked(original: Uint8Array, masked: Uint8Array): (at: number) => number {
  if (original === masked) return (at) => at
  return (at) => {
    const reader = new PieceReader()
    const [before, after] = [reader.read(original).pieces, reader.read(masked).pieces]
    const which = after.findIndex(({ from, to }) => from <= at && at <= to)
    const [from, moved] = [before[which]?.from, after[which]?.from]
    return from === undefined || moved === undefined ? at : from + at - moved
  }
}

/** Where the walk through a text stands among the places of rules. */
class PlaceWalk {
  readonly #places: Automaton
  readonly #above: Node[] = []
  #here: Node

  constructor(places: Automaton) {
    this.#places = places
    this.#here = places.root
  }

  reset(): void {
    this.#above.length = 0
    this.#here = this.#places.root
  }

  get covering(): ReadonlySet<number> {
    return this.#here.open
  }

  open(array: boolean): void {
    this.#above.push(this.#here)
    if (array) this.element(0)
  }

  close(): void {
    this.#above.pop()
  }

  element(index: number): void {
    const within = this.#above.at(-1)
    if (within !== undefined) this.#here = this.#places.element(within, index)
  }

  /** The content of a key, without its quotes. */
  key(bytes: Uint8Array, from: number, to: number, how: { readonly escaped: boolean }): void {
    const within = this.#above.at(-1)
    if (within === undefined) return
    this.#here = how.escaped
      ? this.#places.memberNamed(within, unescapeJson(`"${utf8(bytes, from, to)}"`))
      : this.#places.member(within, bytes, from, to)
  }
}

/** A container: what names it, its position in an array, and in an array the position of the next element. */
type Frame = { readonly ids: string[]; readonly position: number | undefined; next: number }

const idKeys = new Set(['item_id', 'toolCallId', 'run_id'])
const indexKeys = new Set(['index', 'output_index', 'content_index', 'summary_index', 'choice'])

function scopeOf(chain: readonly Frame[]): string {
  let scope = ''
  for (let at = 0; at < chain.length; at += 1) {
    const frame = chain[at]
    if (frame !== undefined) scope += at === 0 ? named(frame) : `/${named(frame)}`
  }
  return scope
}

function named({ ids, position }: Frame): string {
  if (ids.length > 0) return ids.length === 1 ? (ids[0] ?? '') : ids.toSorted().join(',')
  return position === undefined || Number.isNaN(position) ? '' : `${position}`
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
}
