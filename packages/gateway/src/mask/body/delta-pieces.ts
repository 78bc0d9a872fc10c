import type { Automaton, Node } from '../automaton.ts'
import { unescapeJson } from '../strategy.ts'
import { FoldedText } from './fold.ts'
import { JsonHints } from './json-hints.ts'
import { JsonTrail } from './json-trail.ts'
import { walkJson } from './json-walk.ts'
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
 * Whether the strings of this path, in event after event, are one text: deltas of OpenAI's chat,
 * completion and response streams, Anthropic's content blocks, Gemini's candidates, tool inputs of
 * Vercel's AI SDK, artifacts of A2A, and the plain `{"text": …}` of smaller ones.
 */
export function isDelta(path: string): boolean {
  const known = asked.get(path)
  if (known !== undefined) return known
  if (asked.size >= askedMax) asked.clear()
  const is = deltaPath.test(path)
  asked.set(path, is)
  return is
}

/** Answers: the same few paths are asked about for each event. */
const asked = new Map<string, boolean>()
const askedMax = 1_024

const deltaPath = new RegExp(
  `^\\$(?:${[
    '',
    '\\.choices\\[\\*\\]\\.delta(?:\\.\\w+|\\[\\*\\])*\\.(?!(?:role|id|type|name)$)\\w+',
    '\\.choices\\[\\*\\]\\.text',
    '(?:\\.\\w+)?\\.delta',
    '(?:\\.\\w+)?\\.delta(?:\\.\\w+|\\[\\*\\])*\\.(?!(?:role|id|type|name|stop_reason|signature)$)\\w+',
    '\\.candidates\\[\\*\\]\\.content\\.parts\\[\\*\\]\\.text',
    '\\.inputTextDelta',
    '\\.result\\.artifact\\.parts\\[\\*\\]\\.text',
    '\\.(?:message\\.|token\\.)?(?:text|content|thinking)',
    '\\.(?:token|response|completion|output|output_text|generated_text|answer|chunk|transcript)',
  ].join('|')})$`,
)

/** What of an event's JSON text belongs to channels. `places`: those that rules are limited to. */
export function deltaPieces(payload: Uint8Array, places?: Automaton): DeltaPieces {
  const trail = new JsonTrail()
  const frames: Frame[] = [{ ids: [], position: undefined }]
  const hints = new JsonHints()
  hints.reset(0)
  const found: {
    path: string
    chain: readonly Frame[]
    from: number
    to: number
    hint: number
    open: ReadonlySet<number> | undefined
  }[] = []
  const walk = places && new PlaceWalk(places)
  const ending: (readonly Frame[])[] = []
  const arrays: { next: number }[] = []
  let key = ''
  let kind = ''
  let kindOf: readonly Frame[] = []
  const keyText = new FoldedText()
  const top = () => frames.at(-1)
  walkJson(payload, 0, payload.length, {
    open: (array) => {
      trail.open(array)
      hints.open(array)
      walk?.open(array)
      const within = arrays.at(-1)
      frames.push({ ids: [], position: within?.next })
      arrays.push({ next: array ? 0 : Number.NaN })
    },
    close: () => {
      trail.close()
      hints.close()
      walk?.close()
      frames.pop()
      arrays.pop()
    },
    element: () => {
      hints.element()
      const array = arrays.at(-1)
      if (array !== undefined) array.next += 1
      walk?.element(array?.next ?? 0)
    },
    key: (from, to, seen) => {
      trail.keptKey(payload, from, to)
      walk?.key(payload, from, to, { escaped: (seen & traits.backslash) !== 0 })
      if ((seen & traits.backslash) === 0) hints.key(payload, from, to)
      else {
        keyText.read(payload, from, to, 'json')
        hints.key(keyText.bytes, 0, keyText.length)
      }
      key = latin1(payload, from, to)
    },
    string: (from, to) => {
      const path = trail.path()
      const hint = hints.next
      hints.string(payload, from, to)
      if (isDelta(path)) {
        found.push({ path, chain: [...frames], from, to, hint, open: walk?.covering })
      } else if (idKeys.has(key)) top()?.ids.push(latin1(payload, from, to))
      else if (path === '$.type') {
        kind = latin1(payload, from, to)
        kindOf = [...frames]
      } else if (key === 'finish_reason' && from < to) ending.push([...frames])
    },
    number: (from, to) => {
      if (indexKeys.has(key)) top()?.ids.push(`${key}${latin1(payload, from, to)}`)
    },
  })
  if (/(?:^|[._])(?:stop|done|completed|end)$/.test(kind)) {
    // What says of nothing in particular that it is over ends everything.
    ending.push(kindOf.some(({ ids }) => ids.length > 0) ? kindOf : [])
  }
  const scope = (chain: readonly Frame[]) => chain.map(named).join('/')
  return {
    pieces: found.map(({ path, chain, ...piece }) => ({
      channel: `${scope(chain)} ${path}`,
      ...piece,
    })),
    ended: ending.map(scope),
  }
}

/** From a byte of a piece to where it stood before the rest of its event was masked. */
export function unmasked(original: Uint8Array, masked: Uint8Array): (at: number) => number {
  if (original === masked) return (at) => at
  return (at) => {
    const [before, after] = [deltaPieces(original).pieces, deltaPieces(masked).pieces]
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

type Frame = { readonly ids: string[]; readonly position: number | undefined }

const idKeys = new Set(['item_id', 'toolCallId'])
const indexKeys = new Set(['index', 'output_index', 'content_index', 'summary_index', 'choice'])

function named({ ids, position }: Frame): string {
  if (ids.length > 0) return ids.toSorted().join(',')
  return position === undefined || Number.isNaN(position) ? '' : `${position}`
}

function latin1(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1')
}

function utf8(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString()
}
