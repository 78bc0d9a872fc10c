import type { SpanStrategy } from '../model/detection.ts'
import { Automaton } from './automaton.ts'
import { KnownNames } from './body/known-names.ts'
import type { Span, Wanted } from './detect/cell.ts'
import type { Fate } from './detect/resolve.ts'
import { isMark } from './detect/stand-in.ts'
import { normalValue } from './normal-value.ts'
import { type Path, parsePath } from './path.ts'
import type { DetectionPlan } from './plan.ts'

/** A rule of a plan, made ready. */
export type SpanRule = {
  readonly id: string
  readonly confidence: number
  readonly strategy: SpanStrategy
  /** Which of `Detection.places` lead to what the rule covers; undefined: it covers everything. */
  readonly place: number | undefined
  /** It lets through what it covers, and only there. */
  readonly keepsThere: boolean
}

/** A plan made ready to be asked about every value that is found. */
export type Detection = {
  /** What scanners look for; `*` is what no rule names. */
  readonly wanted: Wanted
  /** The rules of an entity, the first first. Those of `*` stand for entities that no rule names. */
  readonly rulesOf: (entity: string) => readonly SpanRule[]
  /** Walks to the places that rules are limited to, each a list of its own; undefined: none is. */
  readonly places: Automaton | undefined
  /** Those of them that lead to what is let through. */
  readonly keeping: ReadonlySet<number>
  readonly custom: DetectionPlan['custom']
  readonly allowed: DetectionPlan['allowed']
  /** Of this plan alone: another one may look for what this one lets be. */
  readonly names: KnownNames
  readonly declaredNames: DetectionPlan['names']
  readonly emptyPlace: DetectionPlan['emptyPlace']
  readonly onError: DetectionPlan['onError']
  /** Every value that is wanted is hidden wherever it stands, but for marks. */
  readonly hidesAll: boolean
  /** Entities of which this plan leaves marks. */
  readonly marked: ReadonlySet<string>
}

/** Makes a plan ready; adds what is wrong with it to `problems`. */
export function compileDetection(plan: DetectionPlan, problems: string[]): Detection {
  const lists: Path[][] = []
  const rules = plan.rules.map(({ id, entities, paths, confidence, strategy, keepsAnywhere }) => {
    const place = paths === undefined ? undefined : lists.length
    if (paths !== undefined) lists.push(paths.flatMap((text) => readPath(text, id, problems)))
    const keepsThere = strategy.kind === 'keep' && place !== undefined && !keepsAnywhere
    return { entities, rule: { id, confidence, strategy, place, keepsThere } }
  })
  const rulesOf = (entity: string) =>
    rules
      .filter(({ entities }) => entities.includes(entity) || entities.includes('*'))
      .map(({ rule }) => rule)
  const named = new Set(rules.flatMap(({ entities }) => entities))
  const wanted = new Map<string, { readonly confidence: number }>()
  for (const type of named) {
    wanted.set(type, { confidence: Math.min(...rulesOf(type).map(({ confidence }) => confidence)) })
  }
  const known = new Map<string, readonly SpanRule[]>()
  let asked = ''
  let answer: readonly SpanRule[] = []
  return {
    wanted,
    rulesOf: (entity) => {
      // Values of one entity often come together, and each is asked about more than once.
      if (entity === asked) return answer
      asked = entity
      const before = known.get(entity)
      answer = before ?? rulesOf(entity)
      if (before === undefined) known.set(entity, answer)
      return answer
    },
    places: lists.length > 0 ? new Automaton([], lists) : undefined,
    keeping: new Set(
      rules.flatMap(({ rule: { place, keepsThere } }) =>
        place !== undefined && keepsThere ? [place] : [],
      ),
    ),
    custom: plan.custom,
    allowed: plan.allowed,
    names: new KnownNames(),
    declaredNames: plan.names,
    emptyPlace: plan.emptyPlace,
    onError: plan.onError,
    hidesAll:
      plan.allowed.size === 0 &&
      rules.every(({ rule: { strategy, place, confidence } }) => {
        const asSure = confidence === rules[0]?.rule.confidence
        return strategy.kind !== 'keep' && place === undefined && asSure
      }),
    marked: new Set([...named, ...plan.custom.map(({ entity }) => entity)]),
  }
}

/**
 * What a plan says about a value; undefined: it lets it be. `open` holds the places that cover where
 * the value stands; undefined where paths mean nothing: a rule that hides covers everything then, in so far as it
 * is sure, and one that keeps nothing.
 */
function ruleFor(
  detection: Detection,
  span: Span,
  open: ReadonlySet<number> | undefined,
): SpanRule | undefined {
  for (const rule of detection.rulesOf(span.type)) {
    if (rule.place !== undefined) {
      if (open !== undefined && !open.has(rule.place)) continue
      const isSure = span.confidence >= rule.confidence
      if (open === undefined && (rule.keepsThere || !isSure)) continue
    }
    return span.confidence >= rule.confidence ? rule : undefined
  }
  return undefined
}

/** Which places cover a text that stands in two: what hides wherever it hides in one, what keeps in both only. */
export function openInBoth(
  { keeping }: Detection,
  a: ReadonlySet<number> | undefined,
  b: ReadonlySet<number> | undefined,
): ReadonlySet<number> | undefined {
  if (a === b || a === undefined || b === undefined) return a === b ? a : undefined
  const either = [...a, ...b]
  return new Set(either.filter((place) => !keeping.has(place) || (a.has(place) && b.has(place))))
}

/** What becomes of a value that reads `text`; undefined: no rule covers it, or it is a mark already. */
export function verdictOn(
  detection: Detection,
  { span, text, open }: { span: Span; text: string; open: ReadonlySet<number> | undefined },
): { readonly rule: SpanRule; readonly how: 'allowed' | SpanStrategy['kind'] } | undefined {
  const rule = detection.hidesAll ? detection.rulesOf(span.type)[0] : ruleFor(detection, span, open)
  if (rule === undefined || span.confidence < rule.confidence) return undefined
  if (text !== '' && isMark(text, detection.marked)) return undefined
  const { allowed } = detection
  const isAllowed = allowed.size > 0 && allowed.has(`${span.type}:${normalValue(span.type, text)}`)
  return { rule, how: isAllowed ? 'allowed' : rule.strategy.kind }
}

/** The same in the words of `resolveSpans`. */
export function fateOf(...asked: Parameters<typeof verdictOn>): Fate {
  const how = verdictOn(...asked)?.how
  if (how === undefined) return 'none'
  return how === 'keep' || how === 'allowed' ? 'kept' : 'hidden'
}

function readPath(text: string, owner: string, problems: string[]): Path[] {
  const path = parsePath(text)
  if (!('problem' in path)) return [path]
  problems.push(`${owner}: path ${text}, character ${path.at + 1}: ${path.problem}`)
  return []
}
