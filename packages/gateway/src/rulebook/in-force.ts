import type { GrantSupposed, InForce } from '../call/in-force.ts'
import { limits } from '../config/limits.ts'
import { compileResultMasking } from '../mask/compile.ts'
import type { ArgumentMasking, ArgumentsAside, DetectionPlan, ResultMasking } from '../mask/plan.ts'
import { noApprovalRules } from '../model/approval-rules.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { GrantListed } from '../model/grant.ts'
import { defaultReviewRules } from '../model/review-rules.ts'
import type { Rulebook } from '../model/rulebook.ts'
import { labelsBrought } from '../model/session-label.ts'
import { compileConstraint } from '../policy/constraint.ts'
import { dutyConflicts } from '../policy/duties.ts'
import { argumentMaskingOf } from './argument-masking.ts'
import { openDetector } from './detection-plan.ts'
import { dutySidesOf } from './duty-sides.ts'
import { hiddenRead } from './hidden-reads.ts'
import type { SchemaCheck } from './json-schema.ts'
import type { MaskJob, MaskThread } from './mask-thread.ts'
import { ownerFlow, ownerGroups } from './owners.ts'

/**
 * A rulebook made ready to answer. Maskings are compiled when first asked for and kept; a field list can
 * only come from the rulebook's own grants, so there are few. What cannot be compiled throws, which
 * withholds the result: nothing passes unmasked.
 */
export function makeInForce(ready: {
  readonly rulebook: Rulebook
  readonly decide: InForce['decide']
  readonly grants: readonly GrantListed[]
  readonly checks: ReadonlyMap<string, SchemaCheck>
  readonly thread?: MaskThread | undefined
  /** A policy asks what sessions are labelled with. */
  readonly readsLabels?: boolean
}): InForce {
  const { rulebook, decide, grants, checks, thread } = ready
  const { digest, detection } = rulebook
  const detector = openDetector(rulebook.detection)
  const results = new Map<string, ResultMasking>()
  const args = new Map<string, ArgumentMasking>()
  const constraints = new Map<string, ReturnType<typeof compileConstraint>>()
  const constraint = (fn: FunctionDefinition, text: string) =>
    kept(constraints, `${fn.id}\n${text}`, () => compileConstraint(fn, text))
  const reviews = rulebook.reviews ?? defaultReviewRules
  const approvals = rulebook.approvals ?? noApprovalRules
  const byId = new Map(grants.map((grant) => [grant.id, grant]))
  return {
    rulebook,
    decide,
    reviews,
    grants,
    grant: (id) => byId.get(id),
    ...(ready.readsLabels || rulebook.functions.some(({ taints }) => taints)
      ? { labelsBrought }
      : {}),
    ownerGroups: (owner) => ownerGroups(reviews, owner),
    ownerFlow: (owner) => ownerFlow(reviews, owner),
    dutySides: dutySidesOf(reviews.duties),
    dutyConflicts: (more = []) =>
      dutyConflicts({
        duties: reviews.duties,
        approvals,
        grants: [...grants, ...more.map(supposed)],
      }),
    argumentProblems: (fn, values) => {
      const check = checks.get(fn.id)
      if (!check) throw new Error(`the function ${fn.id} is not of this rulebook`)
      return check(values)
    },
    argumentMasking: (fn) =>
      kept(args, fn.id, () => {
        const { id, argumentMasks, argumentSchema, detect, mcp } = fn
        const own = {
          ...{ id, argumentMasks, argumentSchema },
          ...(detect && { detect }),
          ...(mcp && { mcp }),
        }
        const rules = { digest, detection, fn: own }
        return withThread(argumentMaskingOf(fn, detector), thread, rules)
      }),
    resultMasking: (fn, { fields, parties }) => {
      const plan = detector.inResult(fn, parties)
      const narrow = fields.length === 0 ? '' : JSON.stringify(fields)
      const key = `${fn.id}\n${plan?.digest ?? ''}\n${narrow}`
      return kept(results, key, () => resultMaskingOf(fn, { fields, plan }))
    },
    approvals,
    constraintProblem: (fn, expression) => {
      const made = constraint(fn, expression)
      return 'problem' in made ? made.problem : hiddenRead(fn.argumentMasks, made)
    },
    fits: (fn, expressions, question) =>
      expressions.every((expression) => {
        const made = constraint(fn, expression)
        return 'holds' in made && made.holds(question)
      }),
  }
}

/** A timed grant, as a grant of that party. */
function supposed({
  id,
  party,
  functions,
}: GrantSupposed): Parameters<typeof dutyConflicts>[0]['grants'][number] {
  return { id, functions, principal: { kind: 'party', type: 'User', id: party } }
}

// More combinations than this are compiled again rather than kept.
const keptMax = 10_000

function kept<Value>(cache: Map<string, Value>, key: string, make: () => Value): Value {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  if (cache.size >= keptMax) cache.clear()
  cache.set(key, made)
  return made
}

/** Long arguments go to the other thread, where there is one, which masks them by the same rules. */
function withThread(
  masking: ArgumentMasking,
  thread: MaskThread | undefined,
  rules: MaskJob['rules'],
): ArgumentMasking {
  if (thread === undefined) return masking
  return {
    ...masking,
    aside: (asked, { bytes }) =>
      bytes <= limits.maskedHereBytes ? undefined : thread.mask({ rules, asked: copied(asked) }),
  }
}

/** Bytes of our own: a view would take along the whole memory behind it. */
function copied({ body, key, ...asked }: ArgumentsAside): ArgumentsAside {
  return { ...asked, body: body && new Uint8Array(body), key: new Uint8Array(key) }
}

function resultMaskingOf(
  fn: FunctionDefinition,
  given: {
    readonly fields: readonly (readonly string[])[]
    readonly plan: DetectionPlan | undefined
  },
): ResultMasking {
  const masking = compileResultMasking(fn.resultMasks, given.fields, given.plan, fn.mcp?.method)
  if ('problems' in masking) throw new Error(`the masks of ${fn.id} cannot be applied`)
  return masking
}
