import { durationText } from '../config/duration.ts'
import { limits } from '../config/limits.ts'
import { readYaml } from '../config/yaml.ts'
import type { Risk } from '../model/function.ts'
import { type DutyRule, defaultReviewRules, type ReviewRules } from '../model/review-rules.ts'
import type { Problem } from '../model/rulebook.ts'
import { type ApprovalNames, channelFlaws } from './approval-names.ts'
import { dutyFlaws } from './check-duties.ts'
import { canonicalJson } from './digest.ts'
import { type Flaw, problemAt, type Site } from './flaw.ts'
import type { RulebookFile } from './folder.ts'
import { type DutyForm, type ReviewsForm, reviewsForm } from './reviews-form.ts'

/** What is written, and where, for what can only be checked when the rest of the rulebook is known. */
export type ReviewsRead = {
  /** `defaultReviewRules` when there is no file, it cannot be read, or it says just that. */
  readonly rules: ReviewRules
  /** Absent: there is no file, or it cannot be read. */
  readonly site?: Site
  /** What is written could be read. */
  readonly isWhole: boolean
  /** Ids of the duty rules in the order of the file. */
  readonly duties: readonly string[]
}

/** Reads reviews.yaml. */
export function readReviews(
  files: readonly RulebookFile[],
  names: Pick<ApprovalNames, 'functions' | 'channels'>,
  problems: Problem[],
): ReviewsRead {
  const [first] = files
  if (!first) return { ...none, isWhole: true }
  const { value, problems: found, positionOf } = readYaml(first.text, first.file, reviewsForm)
  problems.push(...found)
  if (!value) return none
  const rules = rulesOf(value)
  const site = { file: first.file, positionOf }
  for (const flaw of allFlaws(value, rules, names).take(limits.problemsListed)) {
    problems.push(problemAt(site, flaw))
  }
  return { rules, site, isWhole: true, duties: value.duties.map(({ id }) => id) }
}

const none: ReviewsRead = { rules: defaultReviewRules, isWhole: false, duties: [] }

/** Whether the digest counts them: a file that changes nothing is as good as none. */
export function saysSomething(rules: ReviewRules): boolean {
  return canonicalJson(rules) !== canonicalJson(defaultReviewRules)
}

function* allFlaws(
  form: ReviewsForm,
  rules: ReviewRules,
  names: Pick<ApprovalNames, 'functions' | 'channels'>,
): Generator<Flaw, void> {
  yield* channelFlaws(form.notify, [], names)
  for (const [risk, { cadenceMs }] of Object.entries(rules.tiers)) {
    if (rules.dueSoonMs < cadenceMs) continue
    const message = `A ${risk} grant would be due from the day it is certified: \`dueSoon\` is ${durationText(rules.dueSoonMs)}, its cadence ${durationText(cadenceMs)}.`
    yield { path: form.dueSoon === undefined ? ['tiers', risk] : ['dueSoon'], message }
  }
  for (const [owner, { groups }] of Object.entries(form.owners)) {
    const twice = groups.findIndex((group, index) => groups.indexOf(group) < index)
    if (twice < 0) continue
    yield {
      path: ['owners', owner, 'groups', twice],
      message: `\`${groups[twice]}\` stands here twice.`,
    }
  }
  yield* dutyFlaws(form.duties, names)
}

function rulesOf(form: ReviewsForm): ReviewRules {
  const plain = defaultReviewRules
  const owners = Object.entries(form.owners).map(([owner, { groups }]) => {
    return [owner, { groups: groups.toSorted() }]
  })
  return {
    mode: form.mode,
    initialMs: form.initial ?? plain.initialMs,
    dueSoonMs: form.dueSoon ?? plain.dueSoonMs,
    tiers: {
      critical: tierOf(form, 'critical'),
      high: tierOf(form, 'high'),
      medium: tierOf(form, 'medium'),
      low: tierOf(form, 'low'),
    },
    owners: Object.fromEntries(owners),
    notify: form.notify.toSorted(),
    duties: form.duties.map(dutyOf).toSorted((one, other) => (one.id < other.id ? -1 : 1)),
  }
}

function tierOf({ tiers }: ReviewsForm, risk: Risk): ReviewRules['tiers'][Risk] {
  const plain = defaultReviewRules.tiers[risk]
  const { cadence, grace } = tiers[risk] ?? {}
  return { cadenceMs: cadence ?? plain.cadenceMs, graceMs: grace ?? plain.graceMs }
}

function dutyOf(form: DutyForm): DutyRule {
  const { id, reason, effect } = form
  return {
    ...{ id, reason, effect },
    // None of these has an order, so none counts for the digest.
    left: form.left.toSorted(),
    right: form.right.toSorted(),
    ...(form.object && { object: form.object, forMs: form.for ?? yearMs }),
    approvers: form.approvers.toSorted(),
    exempt: form.exempt.toSorted(),
  }
}

const yearMs = 31_536_000_000
