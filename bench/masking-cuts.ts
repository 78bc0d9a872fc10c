import { compileResultMasking } from '../packages/gateway/src/mask/compile.ts'
import type { ResultMasking } from '../packages/gateway/src/mask/plan.ts'
import { type CutBody, type CutCount, cutBody } from '../packages/gateway/test/cut-body.ts'

/** A labelled text, as a body of its kind. */
export type LabelledBody = {
  readonly id: string
  readonly text: string
  readonly mediaType: string
  /** The texts that were found in it when it came whole, or should have been. */
  readonly values: readonly string[]
}

type Way = 'bytes' | 'characters of events'

/**
 * Delivers bodies cut in every two pieces and in pieces of one to seven: each as bytes, and texts and JSON
 * also as the pieces of a text that comes in events, as models send it. `take` counts; `print` tells.
 */
export class CutCounts {
  readonly #masking = maskEverything()
  readonly #all = new Map<Way, CutCount & { readonly bodies: number; readonly values: number }>()
  readonly #leaks: string[] = []

  take(body: LabelledBody): void {
    const { mediaType, text } = body
    const bytes = Buffer.from(text)
    const told = mediaType === 'text/event-stream' ? toldByEvents : undefined
    const piece = (from: number, to: number) => bytes.subarray(from, to)
    this.#count('bytes', body, { mediaType, length: bytes.length, piece, told })
    const json = mediaType === 'application/json'
    if (!json && mediaType !== 'text/plain') return
    const characters = [...text]
    this.#count('characters of events', body, {
      mediaType: 'text/event-stream',
      length: characters.length,
      piece: (from, to) => eventOf(characters.slice(from, to).join(''), { json }),
      told: toldByEvents,
    })
  }

  print(line: (text: string) => void): void {
    for (const [way, { bodies, values, deliveries, leaks, different, withheld }] of this.#all) {
      line(
        `cut into ${way}: ${bodies} bodies with ${values} values, delivered ${deliveries} times:`,
      )
      line(`  ${leaks} leaks, ${different} other texts than uncut, ${withheld} withheld`)
    }
    for (const id of this.#leaks) line(`leak ${id}`)
  }

  #count(way: Way, { id, values }: LabelledBody, cut: Omit<CutBody, 'masking' | 'values'>): void {
    const masking = this.#masking
    const hidden = hiddenOf({ masking, values, ...cut })
    // What cannot be read in one piece is withheld in every other number of them.
    if (hidden === undefined) return
    const count = cutBody({ masking, values: hidden, ...cut })
    if (count.leaks > 0) this.#leaks.push(`${id}, cut into ${way}`)
    const before = this.#all.get(way) ?? { bodies: 0, values: 0, ...nothing }
    this.#all.set(way, {
      bodies: before.bodies + 1,
      values: before.values + hidden.length,
      deliveries: before.deliveries + count.deliveries,
      leaks: before.leaks + count.leaks,
      different: before.different + count.different,
      withheld: before.withheld + count.withheld,
    })
  }
}

const nothing: CutCount = { deliveries: 0, leaks: 0, different: 0, withheld: 0 }

/** The values that do not come out of the body in one piece; undefined: it cannot be read. */
function hiddenOf({ masking, mediaType, length, piece, told, values }: CutBody) {
  const masker = masking.masker({ mediaType, fragment: false, key: Buffer.alloc(32), echoes: [] })
  if (masker === undefined) return undefined
  try {
    const out = Buffer.concat([masker.push(piece(0, length)), masker.end()]).toString()
    const text = told === undefined ? out : told(out)
    return values.filter((value) => !text.includes(value))
  } catch {
    return undefined
  }
}

function maskEverything(): ResultMasking {
  const rule = { id: 'all', confidence: 50, strategy: { kind: 'redact' } } as const
  const masking = compileResultMasking([], [], {
    rules: [{ ...rule, entities: ['*'] }],
    custom: [],
    allowed: new Set(),
    onError: 'block',
    digest: 'cuts',
  })
  if ('problems' in masking) throw new Error(masking.problems.join())
  return masking
}

/** A piece of an answer, or of the arguments of a tool call. */
function eventOf(piece: string, { json }: { readonly json: boolean }): Buffer {
  const delta = json
    ? { tool_calls: [{ index: 0, function: { arguments: piece } }] }
    : { content: piece }
  return Buffer.from(`data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`)
}

/** All pieces of all texts that the events bring, one after the other; of other events their data. */
function toldByEvents(body: string): string {
  return body
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => piecesIn(line.slice('data:'.length)))
    .join('')
}

function piecesIn(data: string): string {
  try {
    const texts: string[] = []
    // The reviver sees every member, whatever the form of the event.
    JSON.parse(data, (name, value: unknown) => {
      if ((name === 'content' || name === 'arguments') && typeof value === 'string') {
        texts.push(value)
      }
      return value
    })
    return texts.join('')
  } catch {
    return data
  }
}
