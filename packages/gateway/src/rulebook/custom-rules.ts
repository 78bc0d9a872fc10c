import { createHash } from 'node:crypto'
import { RE2JS } from 're2js'
import type { DetectionPlan } from '../mask/plan.ts'
import type { DetectionRules } from '../model/detection.ts'
import { type Candidate, candidatesOf } from './candidates.ts'
import { type GitleaksAllowlist, type GitleaksRule, readGitleaks } from './gitleaks.ts'

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
  for (const rule of read?.rules ?? []) {
    const made = attempt(() => gitleaksDraft(rule))
    if (typeof made !== 'string') drafts.push(made)
    else problems.push({ file: gitleaksFile, message: `\`${rule.id}\`: ${refusal(made)}` })
  }
  const candidates = candidatesOf(drafts)
  const custom = drafts.map(({ id, entity, confidence, find }, index) => ({
    id,
    entity,
    confidence,
    find: (text: string) => (candidates(text).has(index) ? find(text) : nothing),
  }))
  return { custom, problems, notes: read?.notes.map(({ message }) => message) ?? [] }
}

export const gitleaksFile = 'gitleaks.toml'
const nothing: readonly (readonly [number, number])[] = []

/** The result, or why there is none. */
function attempt<Result extends object>(make: () => Result): Result | string {
  try {
    return make()
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : 'it cannot be compiled'
  }
}

const refusal = (why: string): string => `The pattern is refused: ${why}.`

type Custom = DetectionPlan['custom'][number]
type Draft = Custom & Candidate

function ownDraft(rule: DetectionRules['custom'][number]): Draft {
  const { id, entity, confidence, pattern, context } = rule
  const compiled = RE2JS.compile(pattern)
  return {
    id,
    entity,
    confidence,
    pattern,
    words: context.map((word) => word.toLowerCase()),
    find: (text) =>
      matchesOf(compiled, text).flatMap(({ groups }) => {
        const [start, end] = groups[1] ?? groups[0] ?? [0, 0]
        return end > start ? [[start, end] as const] : []
      }),
  }
}

/** What stands beside a rule of gitleaks is nobody's own; its keyword and entropy vouch for it as much as a name does. */
const gitleaksConfidence = 80

function gitleaksDraft(rule: GitleaksRule): Draft {
  const compiled = RE2JS.compile(rule.regex)
  const groups = compiled.groupCount()
  if (rule.group > groups) {
    throw new Error(`its secretGroup is ${rule.group}, and it has ${groups} groups`)
  }
  const allowed = rule.allowlists.map(allowance)
  return {
    id: `gitleaks/${rule.id}`,
    entity: 'SECRET',
    confidence: gitleaksConfidence,
    pattern: rule.regex,
    words: rule.keywords,
    find: (text) =>
      matchesOf(compiled, text).flatMap(({ groups }) => {
        const [start, end] = secretOf(groups, rule.group)
        const secret = text.slice(start, end)
        if (secret === '' || (rule.entropy > 0 && entropyOf(secret) <= rule.entropy)) return []
        const found = {
          secret,
          match: text.slice(...(groups[0] ?? [0, 0])),
          line: lineOf(text, start),
        }
        return allowed.some((allows) => allows(found)) ? [] : [[start, end] as const]
      }),
  }
}

type Place = readonly [start: number, end: number]
type Match = { readonly groups: readonly (Place | undefined)[] }

/** Texts with more matches of one rule are hostile, or the rule means something else. */
const matchesMax = 10_000

function matchesOf(pattern: RE2JS, text: string): readonly Match[] {
  const matcher = pattern.matcher(text)
  const matches: Match[] = []
  while (matches.length < matchesMax && matcher.find()) {
    const groups = Array.from(
      { length: matcher.groupCount() + 1 },
      (_, group): Place | undefined => {
        const start = matcher.start(group)
        return start < 0 ? undefined : [start, matcher.end(group)]
      },
    )
    matches.push({ groups })
  }
  return matches
}

function secretOf(groups: Match['groups'], group: number): Place {
  if (group > 0) return groups[group] ?? [0, 0]
  return groups.slice(1).find((place) => place && place[1] > place[0]) ?? groups[0] ?? [0, 0]
}

type Found = { readonly [Target in GitleaksAllowlist['target']]: string }

function allowance({
  every,
  target,
  regexes,
  stopwords,
}: GitleaksAllowlist): (found: Found) => boolean {
  const compiled = regexes.map((regex) => RE2JS.compile(regex))
  return (found) => {
    const secret = found.secret.toLowerCase()
    const matched = compiled.some((regex) => regex.matcher(found[target]).find())
    const stopped = stopwords.some((word) => secret.includes(word))
    if (!every) return matched || stopped
    return (regexes.length === 0 || matched) && (stopwords.length === 0 || stopped)
  }
}

function lineOf(text: string, at: number): string {
  const end = text.indexOf('\n', at)
  return text.slice(text.lastIndexOf('\n', at - 1) + 1, end < 0 ? text.length : end)
}

/** Bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>()
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values())
    bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}
