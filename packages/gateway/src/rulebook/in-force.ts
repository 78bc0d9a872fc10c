import type { GrantSupposed, InForce } from '../call/in-force.ts'
import { limits } from '../config/limits.ts'
import type { ArgumentMasking, ArgumentsAside, ResultMasking } from '../mask/plan.ts'
import { noApprovalRules } from '../model/approval-rules.ts'
import type { DetectionRules } from '../model/detection.ts'
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
import { kept } from './kept.ts'
import type { ArgumentsJob, ResultJob } from './mask-message.ts'
import type { MaskThread } from './mask-thread.ts'
import { ownerFlow, ownerGroups } from './owners.ts'
import { resultMaskings } from './result-masking.ts'

/**
 * A rulebook made ready to answer. Maskings are compiled when first asked for and kept. What cannot be compiled throws,
 * which withholds the result: nothing passes unmasked.
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
  const results = resultMaskings(detector)
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
      kept(args, fn.id, () =>
        argumentsAside(argumentMaskingOf(fn, detector), thread, { digest, detection, fn }),
      ),
    resultMasking: (fn, given) =>
      resultsAside(results(fn, given), thread, { rules: { digest, detection, fn }, given }),
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

/** Long arguments go to the other thread, where there is one, which masks them by the same rules. */
function argumentsAside(
  masking: ArgumentMasking,
  thread: MaskThread | undefined,
  rules: ArgumentsJob['rules'],
): ArgumentMasking {
  if (thread === undefined) return masking
  return {
    ...masking,
    aside: (asked, { bytes }) =>
      bytes <= hereBytes(rules.detection)
        ? undefined
        : thread.mask({ rules, asked: copied(asked) }),
  }
}

/** Bytes of our own: a view would take along the whole memory behind it. */
function copied({ body, key, ...asked }: ArgumentsAside): ArgumentsAside {
  return { ...asked, body: body && new Uint8Array(body), key: new Uint8Array(key) }
}

/** Long results go on there. */
function resultsAside(
  masking: ResultMasking,
  thread: MaskThread | undefined,
  job: Pick<ResultJob, 'rules' | 'given'>,
): ResultMasking {
  if (thread === undefined) return masking
  return {
    ...masking,
    masker: ({ seen, eachLook, ...options }) => {
      const masker = masking.masker({ ...options, seen, eachLook })
      // Who is told what is seen has to be told here.
      if (masker === undefined || masker.isPassing || seen !== undefined) return masker
      const { mediaType, fragment, key, echoes } = options
      const open = () =>
        thread.masker({
          ...job,
          options: {
            ...{ mediaType, fragment, key: new Uint8Array(key) },
            echoes: echoes.map((echo) => new Uint8Array(echo)),
          },
          plan: masker.digest,
        })
      return { ...masker, aside: { overBytes: hereBytes(job.rules.detection), open } }
    },
  }
}

/** How long a body may be that is masked where calls are answered. */
function hereBytes(detection: DetectionRules | undefined): number {
  const brings = detection && (detection.custom.length > 0 || detection.gitleaks !== undefined)
  return brings ? limits.searchedHereBytes : limits.maskedHereBytes
}
