import { JsonScanner } from '../json-scanner.ts'
import { unescapeJson } from '../strategy.ts'
import type { KeptValue, Shape } from './shapes.ts'

/** A value of a frame that declared rules may change: `frame[start, end)`. */
export type FramePlace = {
  readonly kind: 'document' | 'text' | 'beneath' | 'binary' | 'hidden'
  readonly value: 'object' | 'array' | 'string' | 'number'
  readonly start: number
  readonly end: number
}

/**
 * The values of one frame that declared rules are about, in order. A value of another kind than its place is for is
 * read as what it is: a string as a text, a container as a document. Throws `MaskError` when the frame is no JSON.
 */
export function placesOf(frame: Buffer, shape: Shape): readonly FramePlace[] {
  const places: FramePlace[] = []
  /** Of the containers that are walked through, from the frame inwards. */
  const around: Shape[] = []
  let member: Shape | undefined
  let begun: Omit<FramePlace, 'end'> | undefined
  let keyFrom = 0

  const arriving = (): Shape => {
    const outer = around.at(-1)
    if (outer === undefined) return shape
    if (outer.kind === 'list' || outer.kind === 'some') return outer.items
    return member ?? hidden
  }
  const ended = (to: number) => {
    if (begun !== undefined) places.push({ ...begun, end: to })
    begun = undefined
  }
  const scanner = new JsonScanner({
    open: (start, { array }) => {
      const at = arriving()
      const one = at.kind === 'some' && !array ? at.items : at
      const fits = array ? one.kind === 'list' || one.kind === 'some' : one.kind === 'object'
      if (fits) {
        around.push(one)
        return true
      }
      const kind = kindOf(one, array ? 'array' : 'object')
      if (kind !== undefined) {
        const unfit = kind === 'text' || kind === 'binary'
        begun = { kind: unfit ? 'document' : kind, value: array ? 'array' : 'object', start }
      }
      return false
    },
    close: () => {
      around.pop()
    },
    closeUntold: ended,
    comma: () => {},
    key: (at) => {
      keyFrom = at
    },
    keyEnd: (to) => {
      const outer = around.at(-1)
      const name = unescapeJson(frame.toString('utf8', keyFrom, to))
      member = outer?.kind === 'object' ? outer.members.get(name) : undefined
    },
    scalar: (start, firstByte) => {
      const isString = firstByte === 0x22
      // Of true, false and null none says anything about anybody.
      if (!isString && firstByte > 0x39) return
      const value = isString ? 'string' : 'number'
      const kind = kindOf(arriving(), value)
      if (kind === undefined) return
      const unfit = isString ? kind === 'document' || kind === 'beneath' : kind !== 'hidden'
      begun = { kind: unfit ? 'text' : kind, value, start }
    },
    scalarEnd: ended,
  })
  scanner.scan(frame, 0, frame.length)
  scanner.end(frame.length)
  return places
}

const hidden: Shape = { kind: 'hidden' }

/** Undefined: a value of this kind stays there as it is. */
function kindOf(shape: Shape, value: FramePlace['value']): FramePlace['kind'] | undefined {
  switch (shape.kind) {
    case 'kept':
      return keeps[shape.is].includes(value) ? undefined : 'document'
    case 'object':
    case 'list':
    case 'some':
      return 'document'
    default:
      return shape.kind
  }
}

const keeps: Readonly<Record<KeptValue, readonly FramePlace['value'][]>> = {
  string: ['string'],
  number: ['number'],
  boolean: [],
  id: ['string', 'number'],
  anything: ['string', 'number', 'object', 'array'],
}
