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
    floors.clear()
    secretsWanted = floorOf('SECRET') < never
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
  if (span.confidence < floorOf(span.type)) return
  found.push(span)
  if (span.confidence >= sure) consume(span.end)
}

/** A value that takes the words before it for itself. */
const sure = 75

/** The spans for other scanners to add to; they are filtered when it is decided what wins. */
export const spansSoFar = (): Span[] => found

export const isWanted = (span: Span): boolean => span.confidence >= floorOf(span.type)

/** Whether any secret is wanted at all, which is asked of every cell. */
export const areSecretsWanted = (): boolean => secretsWanted

let secretsWanted = true

/** The entity last asked about, of which there are often more, and from which confidence on it is wanted. */
let askedType: EntityType = ''
let askedFloor = 0
const floors = new Map<EntityType, number>()

/** No find is as sure. */
const never = 101

/** `*` stands for every entity that is not named. */
function floorOf(type: EntityType): number {
  if (wantedNow === undefined) return defaultConfidence
  if (type !== askedType) {
    askedType = type
    askedFloor = floors.get(type) ?? readFloor(wantedNow, type)
  }
  return askedFloor
}

function readFloor(wanted: Wanted, type: EntityType): number {
  const floor = (wanted.get(type) ?? wanted.get('*'))?.confidence ?? never
  floors.set(type, floor)
  return floor
}
