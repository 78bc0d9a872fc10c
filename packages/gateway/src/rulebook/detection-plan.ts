import { createHash } from 'node:crypto'
import { normalValue } from '../mask/normal-value.ts'
import type { DetectionPlan } from '../mask/plan.ts'
import type { DetectionRules, DetectRule, SpanStrategy } from '../model/detection.ts'
import { type FunctionDefinition, isForCaller } from '../model/function.ts'
import type { JsonObject } from '../model/json.ts'
import type { Party } from '../model/principal.ts'
import { compileCustomRules } from './custom-rules.ts'
import { declaredNamesOf, type NamingFunction } from './declared-names.ts'
import { canonicalJson } from './digest.ts'
import { emptyPlaceOf } from './empty-place.ts'
import { patternEngine } from './linear-pattern.ts'

/** Raised with every change to a pattern, a validator or a word list of `mask/`: what found something is known by it. */
const engineVersion = 6

/** What a rulebook looks for, made ready once; each function and caller gets a part of it. */
export type Detector = {
  /**
   * In its results, for a call that these parties make together; undefined: nothing is looked for. Where the caller
   * is asked, its answer goes to the upstream: by the rules about arguments that the upstream must not see.
   */
  readonly inResult: (
    fn: FunctionDefinition,
    parties: readonly Party[],
  ) => DetectionPlan | undefined
  /**
   * In its arguments, of what upstream or record must not see in clear. Where the caller is asked, it is the one who
   * receives them: by the rules about results, and by what they show to nobody in particular.
   */
  readonly inArguments: (
    fn: Pick<FunctionDefinition, 'detect' | 'mcp'> & NamingFunction,
    from: 'upstream' | 'record',
  ) => DetectionPlan | undefined
}

export function openDetector(rules: DetectionRules | undefined): Detector {
  if (!rules) return { inResult: () => undefined, inArguments: () => undefined }
  const { custom } = compileCustomRules(rules)
  const engine = custom.length > 0 && { patternEngine: patternEngine() }
  const results = new Map<string, DetectionPlan | undefined>()
  const allowed = new Set(
    rules.allow.flatMap(({ entity, values }) =>
      values.map((value) => `${entity}:${normalValue(entity, value)}`),
    ),
  )
  const planOf = (
    fn: NamingFunction,
    schema: JsonObject | undefined,
    mine: readonly DetectionPlan['rules'][number][],
  ): DetectionPlan | undefined => {
    if (mine.length === 0) return undefined
    const said = canonicalJson({ engineVersion, ...engine, rules, mine })
    const digest = `sha256:${createHash('sha256').update(said).digest('hex')}`
    const names = declaredNamesOf(fn)
    const emptyPlace = emptyPlaceOf(schema)
    return { rules: mine, custom, allowed, names, emptyPlace, onError: rules.onError, digest }
  }
  return {
    inResult: (fn, parties) => {
      if (isForCaller(fn)) return planOf(fn, fn.resultSchema, hiddenFrom(fn, 'upstream'))
      const mine = (fn.detect ?? []).filter(({ direction }) => direction.includes('result'))
      const shown = mine.map((rule) => revealedTo(rule, parties))
      // As many as there are ways to see this function's results: groups in rules, not callers.
      const key = `${fn.id}\n${shown.join()}`
      if (!results.has(key)) {
        const rulesShown = mine.map((rule, at) => planned(rule, strategyAt(rule, shown[at])))
        results.set(key, planOf(fn, fn.resultSchema, rulesShown))
      }
      return results.get(key)
    },
    inArguments: (fn, from) => {
      if (from === 'record' || !isForCaller(fn))
        return planOf(fn, fn.argumentSchema, hiddenFrom(fn, from))
      const mine = (fn.detect ?? []).filter(({ direction }) => direction.includes('result'))
      return planOf(
        fn,
        fn.argumentSchema,
        mine.map((rule) => planned(rule, rule.strategy)),
      )
    },
  }
}

/** What rules about arguments say that this one must not see in clear. */
function hiddenFrom(
  { detect = [] }: Pick<FunctionDefinition, 'detect'>,
  from: 'upstream' | 'record',
): readonly DetectionPlan['rules'][number][] {
  return detect
    .filter((rule) => rule.direction.includes('arguments') && rule.from.includes(from))
    .map((rule) => planned(rule, rule.strategy))
}

function planned(
  { id, entities, paths, confidence, recognise }: DetectRule,
  strategy: SpanStrategy,
): DetectionPlan['rules'][number] {
  return {
    id,
    entities,
    ...(paths && { paths }),
    confidence,
    strategy,
    ...(recognise && { recognise }),
  }
}

/** An agent sees no more than its person, and a person through an agent no more than the agent. */
function revealedTo({ reveal }: DetectRule, parties: readonly Party[]): number {
  if (parties.length === 0) return -1
  return reveal.findIndex(({ groups }) =>
    parties.every((party) => party.groups.some((group) => groups.includes(group))),
  )
}

function strategyAt({ strategy, reveal }: DetectRule, at: number | undefined): SpanStrategy {
  return reveal[at ?? -1]?.strategy ?? strategy
}
