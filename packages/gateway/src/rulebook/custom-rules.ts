import { createHash } from 'node:crypto'
import { limits } from '../config/limits.ts'
import type { DetectionPlan } from '../mask/plan.ts'
import type { DetectionRules } from '../model/detection.ts'
import { type Candidate, candidatesOf } from './candidates.ts'
import { type GitleaksRule, readGitleaks } from './gitleaks.ts'
import { gitleaksFinder, type ReadyGitleaksRule } from './gitleaks-find.ts'
import { compilePattern, type Place } from './linear-pattern.ts'
import { searchTime } from './search-time.ts'

/** Something wrong with a rule: where in masking.yaml, or in which other file. */
export type CustomRuleProblem = {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly file?: string
}

/**
 * Makes the patterns of a rulebook and of its `gitleaks.toml` ready: linear in the text, whatever the
 * pattern. One that cannot be (RE2 has no look-around and no back-references) is a problem that says
 * why. `notes`: what was left out of the configuration, and need not be wrong.
 */
export function compileCustomRules(rules: Pick<DetectionRules, 'custom' | 'gitleaks'>): Compiled {
  const said = JSON.stringify([rules.custom, rules.gitleaks])
  const digest = createHash('sha256').update(said).digest('hex')
  const known = remembered.get(digest) ?? compile(rules)
  remembered.delete(digest)
  remembered.set(digest, known)
  const [oldest] = remembered.keys()
  if (remembered.size > rememberedMax && oldest !== undefined) remembered.delete(oldest)
  return known
}

type Compiled = {
  readonly custom: DetectionPlan['custom']
  readonly problems: readonly CustomRuleProblem[]
  readonly notes: readonly string[]
}

/** A rulebook is checked and then put in force, and hundreds of patterns take a second to be made ready. */
const remembered = new Map<string, Compiled>()
/** The one in force, and the one that is being checked. */
const rememberedMax = 2

function compile(rules: Pick<DetectionRules, 'custom' | 'gitleaks'>): Compiled {
  const problems: CustomRuleProblem[] = []
  const drafts: Draft[] = []
  for (const [index, rule] of rules.custom.entries()) {
    const made = attempt(() => ownDraft(rule))
    if (typeof made !== 'string') drafts.push(made)
    else problems.push({ path: ['custom', index, 'pattern'], message: refusal(made) })
  }
  const read = rules.gitleaks === undefined ? undefined : readGitleaks(rules.gitleaks)
  for (const { message } of read?.problems ?? []) problems.push({ file: gitleaksFile, message })
  const makeReady = gitleaksFinder()
  for (const rule of read?.rules ?? []) {
    const made = attempt(() => gitleaksDraft(rule, makeReady(rule)))
    if (typeof made !== 'string') drafts.push(made)
    else problems.push({ file: gitleaksFile, message: `\`${rule.id}\`: ${refusal(made)}` })
  }
  const words = drafts.flatMap((draft) => draft.words)
  const bytes = words.reduce((sum, word) => sum + Buffer.byteLength(word), 0)
  const notes = read?.notes.map(({ message }) => message) ?? []
  if (bytes <= limits.ruleWordBytes) return { custom: ready(drafts), problems, notes }
  const message = `The words of all rules have ${bytes} bytes, more than ${limits.ruleWordBytes}.`
  problems.push(
    read === undefined ? { path: ['custom'], message } : { file: gitleaksFile, message },
  )
  return { custom: [], problems, notes }
}

/** All rules are asked about one text, in their order, before the next. */
function ready(drafts: readonly Draft[]): DetectionPlan['custom'] {
  const time = searchTime()
  const candidates = candidatesOf(drafts, time.check)
  return drafts.map(({ id, entity, confidence, find }, index) => ({
    id,
    entity,
    confidence,
    find: (text: string) => {
      if (index === 0) time.begin()
      return candidates(text).has(index) ? find(text, time.checkOften) : nothing
    },
  }))
}

export const gitleaksFile = 'gitleaks.toml'
const nothing: readonly Place[] = []

/** The result, or why there is none. */
function attempt<Result extends object>(make: () => Result): Result | string {
  try {
    return make()
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : 'it cannot be compiled'
  }
}

const refusal = (why: string): string => `The pattern is refused: ${why}.`

type Draft = Omit<DetectionPlan['custom'][number], 'find'> &
  Candidate & { readonly find: (text: string, check: () => void) => readonly Place[] }

function ownDraft(rule: DetectionRules['custom'][number]): Draft {
  const { id, entity, confidence, pattern, context } = rule
  const { matches, groups, instructions } = compilePattern(pattern)
  return {
    id,
    entity,
    confidence,
    pattern,
    instructions,
    words: context.map((word) => word.toLowerCase()),
    find: (text, check) => {
      const places: Place[] = []
      for (const match of matches(text)) {
        check()
        const [start, end] = (groups > 0 ? match(1) : undefined) ?? match(0) ?? [0, 0]
        if (end > start) places.push([start, end])
      }
      return places
    },
  }
}

/** What stands beside a rule of gitleaks is nobody's own; its keyword and entropy vouch for it as much as a name does. */
const gitleaksConfidence = 80

function gitleaksDraft(
  { id, regex, keywords }: GitleaksRule,
  { find, instructions }: ReadyGitleaksRule,
): Draft {
  return {
    id: `gitleaks/${id}`,
    entity: 'SECRET',
    confidence: gitleaksConfidence,
    pattern: regex,
    instructions,
    words: keywords,
    find,
  }
}
