import type { InForce } from '../call/in-force.ts'
import { limits } from '../config/limits.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { ReviewRules } from '../model/review-rules.ts'
import type { PolicySource, Problem, Rulebook } from '../model/rulebook.ts'
import { approverGroupsOf, grantOf } from '../policy/bounds.ts'
import { compilePolicies } from '../policy/compile.ts'
import { parsePolicies } from '../policy/parse.ts'
import { conflictsAt } from './check-duties.ts'
import { sealRulebook, withDigest } from './digest.ts'
import { sortProblems } from './flaw.ts'
import { type RulebookFile, type RulebookFiles, readFolder } from './folder.ts'
import { makeInForce } from './in-force.ts'
import type { KnownNames } from './known-names.ts'
import type { MaskThread } from './mask-thread.ts'
import { pathProblem } from './masks.ts'
import { groupsOfReviews, memberGroupsOf, ownerProblems, withOwnerFlows } from './owners.ts'
import { readApprovals } from './read-approvals.ts'
import { readConnections, shadowedFunctions } from './read-connections.ts'
import { readFunctions, unknownRetention } from './read-functions.ts'
import { applyMasking } from './read-masking.ts'
import { readReviews, saysSomething } from './read-reviews.ts'
import { type PolicyTest, readTests } from './read-tests.ts'

export type LoadedRulebook = {
  readonly rulebook: Rulebook
  readonly inForce: InForce
  readonly tests: readonly PolicyTest[]
  /** What is worth a look, and no reason not to put it in force. */
  readonly warnings: readonly Problem[]
  /** Why policy answers a question as it does (see policy/explain.ts). */
  readonly explain: ReturnType<typeof compilePolicies>['explain']
}

export type LoadProblems = { readonly problems: readonly Problem[] }

/**
 * Reads and checks a rulebook's folder as a whole: either it is sound, or everything wrong with it is
 * listed with file, line and column. Never throws. Nothing is put in force by loading it.
 */
export async function loadRulebook(
  folder: string,
  known: KnownNames & { readonly thread?: MaskThread } = {},
): Promise<LoadedRulebook | LoadProblems> {
  const { files, problems } = await readFolder(folder)
  const whole = !problems.some(mayHideFunctions)
  const read = readRulebook(files, { ...known, whole })
  if (problems.length === 0) return read
  const more = 'problems' in read ? read.problems : []
  return { problems: sortProblems([...problems, ...more]) }
}

/** What could not be read there, or was not looked for by its name, may have described functions. */
function mayHideFunctions({ file }: Problem): boolean {
  return !/^(?:policies|tests|masking|approvals|reviews)\b/.test(file)
}

type ReadOptions = KnownNames & {
  /** None of the files that describe functions is missing. */
  readonly whole?: boolean
  /** Masks long arguments. Absent: they are masked where they are. */
  readonly thread?: MaskThread
}

/** The same for files already at hand. */
export function readRulebook(
  files: RulebookFiles,
  { whole = true, retention, channels, issuers, thread }: ReadOptions = {},
): LoadedRulebook | LoadProblems {
  const problems: Problem[] = []
  const connections = readConnections(files.connections, problems)
  const from = { connections, complete: whole && problems.length === 0 }
  const described = readFunctions(files.functions, from, problems)
  problems.push(...shadowedFunctions(connections, described))
  if (retention) problems.push(...unknownRetention(described, retention))
  // Who names a function that could not be read is not itself at fault.
  const known = {
    functions: described,
    connections: connections.map(({ value }) => value.id),
    complete: whole && problems.length === 0,
  }
  const { functions: placed, detection, warnings } = applyMasking(files, known, problems)
  const complete = whole && problems.length === 0
  const functions = placed.map(({ value }) => withDigest(value.definition))
  const { policies, compiled } = readPolicies(files.policies, { functions, complete }, problems)
  const ids = { functions: functions.map(({ id }) => id), policies: policies.map(({ id }) => id) }
  const reviewed = readReviews(
    files.reviews,
    { functions: complete ? ids.functions : undefined, channels },
    problems,
  )
  problems.push(...ownerProblems(reviewed, placed, policies).take(limits.problemsListed))
  const named = compiled && {
    functions: ids.functions,
    ...(reviewed.isWhole && {
      approverGroups: askedIn(reviewed.rules, functions, policies),
      memberGroups: memberGroupsOf(reviewed.rules, compiled.grants),
    }),
  }
  const written = readApprovals(files.approvals, { ...named, channels, issuers }, problems)
  const tests = readTests(files.tests, complete ? ids : undefined, problems)
  if (problems.length > 0 || !compiled) {
    return { problems: sortProblems(problems).slice(0, limits.problemsListed) }
  }
  const rulebook = sealRulebook({
    connections: connections.map((one) => one.value),
    functions,
    policies,
    approvals: withOwnerFlows(written, reviewed.rules),
    reviews: saysSomething(reviewed.rules) ? reviewed.rules : undefined,
    detection,
  })
  const checks = new Map(placed.map(({ value }) => [value.definition.id, value.check]))
  const { decide, grants, explain, readsLabels } = compiled
  const inForce = makeInForce({ rulebook, decide, grants, checks, thread, readsLabels })
  const held = conflictsAt(reviewed, inForce.dutyConflicts())
  if (held.problems.length > 0) return { problems: held.problems.slice(0, limits.problemsListed) }
  return { rulebook, inForce, tests, explain, warnings: [...warnings, ...held.warnings] }
}

/** Everybody whom a call may have to be put to. */
function askedIn(
  rules: ReviewRules,
  functions: readonly FunctionDefinition[],
  policies: readonly PolicySource[],
): readonly string[] {
  const byPolicy = policies.flatMap(approverGroupsOf)
  return [...new Set([...byPolicy, ...groupsOfReviews(rules, functions, policies)])]
}

function readPolicies(
  files: readonly RulebookFile[],
  about: { readonly functions: readonly FunctionDefinition[]; readonly complete: boolean },
  problems: Problem[],
): {
  readonly policies: readonly PolicySource[]
  readonly compiled: ReturnType<typeof compilePolicies> | undefined
} {
  const { policies, problems: found } = parsePolicies(files)
  problems.push(...found, ...policies.flatMap(fieldProblems))
  if (!about.complete || found.length > 0) return { policies, compiled: undefined }
  const compiled = compilePolicies(policies, about.functions)
  problems.push(...compiled.problems)
  return { policies, compiled }
}

/** `@fields` paths that the masking room cannot follow. */
function fieldProblems(policy: PolicySource): readonly Problem[] {
  const { file, line } = policy
  return (grantOf(policy).fields ?? []).flatMap((path) => {
    const problem = pathProblem(path)
    if (problem === undefined) return []
    return [{ file, line, column: 1, message: `@fields of \`${policy.id}\`: ${problem}` }]
  })
}
