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
  return deltaPath.test(path)
}

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

/** What of an event's JSON text belongs to channels. */
export function deltaPieces(payload: Uint8Array): DeltaPieces {
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
  }[] = []
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
      const within = arrays.at(-1)
      frames.push({ ids: [], position: within?.next })
      arrays.push({ next: array ? 0 : Number.NaN })
    },
    close: () => {
      trail.close()
      hints.close()
      frames.pop()
      arrays.pop()
    },
    element: () => {
      hints.element()
      const array = arrays.at(-1)
      if (array !== undefined) array.next += 1
    },
    key: (from, to, seen) => {
      trail.keptKey(payload, from, to)
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
      if (isDelta(path)) found.push({ path, chain: [...frames], from, to, hint })
      else if (idKeys.has(key)) top()?.ids.push(latin1(payload, from, to))
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
    pieces: found.map(({ path, chain, from, to, hint }) => ({
      channel: `${scope(chain)} ${path}`,
      from,
      to,
      hint,
    })),
    ended: ending.map(scope),
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
