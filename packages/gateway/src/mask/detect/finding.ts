import type { EntityType, Span, Wanted } from './cell.ts'
import { consume } from './context.ts'
import { defaultConfidence } from './registry.ts'

/**
 * What was found in the cell being scanned, before it is decided what wins. Scanning is synchronous
 * and never nested, so one list serves all cells.
 */
const found: Span[] = []
let least = defaultConfidence
let wantedNow: Wanted | undefined

export function beginFinding(wanted: Wanted | undefined): void {
  empty(found)
  if (wanted !== wantedNow) {
    wantedNow = wanted
    askedType = ''
    least = wanted === undefined ? defaultConfidence : 100
    if (wanted !== undefined) {
      for (const { confidence } of wanted.values()) least = Math.min(least, confidence)
    }
  }
}

/** Takes all out of a list that mostly holds nothing or one: setting its length takes longer. */
export function empty(list: unknown[]): void {
  while (list.length > 0) list.pop()
}

/** Below this confidence nothing is wanted of any entity, so a candidate need not be proved. */
export const leastConfidence = (): number => least

export function add(span: {
  readonly type: EntityType
  readonly rule: string
  readonly start: number
  readonly end: number
  readonly confidence: number
  readonly validator: string | undefined
}): void {
  const floor = floorOf(span.type)
  if (floor === undefined || span.confidence < floor) return
  found.push(span)
  if (span.confidence >= sure) consume(span.end)
}

/** A value that takes the words before it for itself. */
const sure = 75

/** The spans for other scanners to add to; they are filtered when it is decided what wins. */
export const spansSoFar = (): Span[] => found

export const isWanted = (span: Span): boolean => {
  const floor = floorOf(span.type)
  return floor !== undefined && span.confidence >= floor
}

/** Whether anything of this type is wanted at all. */
export const isTypeWanted = (type: EntityType): boolean => floorOf(type) !== undefined

/** The entity last asked about, of which there are often more, and from which confidence on it is wanted. */
let askedType: EntityType = ''
let askedFloor: number | undefined

/** `*` stands for every entity that is not named. */
function floorOf(type: EntityType): number | undefined {
  if (wantedNow === undefined) return defaultConfidence
  if (type !== askedType) {
    askedType = type
    askedFloor = (wantedNow.get(type) ?? wantedNow.get('*'))?.confidence
  }
  return askedFloor
}
