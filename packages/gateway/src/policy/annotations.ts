import { parseExpiry, parseReviewDays, reviewDaysMax, splitList } from './bounds.ts'
import { nearestWord } from './nearest.ts'

export type AnnotationProblem = {
  /** The annotation it is about; absent when one is missing. */
  readonly key?: string
  readonly message: string
  readonly hint?: string
}

/** Every annotation a policy may have: on what, whether it must, and what its value has to be. */
const rules: Readonly<Record<string, AnnotationRule>> = {
  id: { on: ['permit', 'forbid'], required: true, check: checkId, example: '@id("support-reads")' },
  owner: { on: ['permit'], required: true, check: notEmpty, example: '@owner("crm-team")' },
  reason: {
    on: ['permit', 'forbid'],
    required: true,
    check: notEmpty,
    example: '@reason("Support looks up customers")',
  },
  review: { on: ['permit'], required: true, check: checkReview, example: '@review("90d")' },
  expires: { on: ['permit'], required: false, check: checkExpires, example: '' },
  fields: { on: ['permit'], required: false, check: checkFields, example: '' },
  approval: { on: ['forbid'], required: false, check: checkApproval, example: '' },
}

/** What is wrong with the annotations of one policy. */
export function annotationProblems(
  effect: 'permit' | 'forbid',
  annotations: Readonly<Record<string, string | null>>,
): readonly AnnotationProblem[] {
  const missing = Object.entries(rules)
    .filter(([key, rule]) => rule.required && rule.on.includes(effect) && !(key in annotations))
    .map(([key, { example }]) => ({
      message: `a ${effect} needs @${key}`,
      hint: `write ${example} above it`,
    }))
  const wrong = Object.entries(annotations).flatMap(([key, value]) => {
    const problem = problemWith(effect, key, value)
    return problem ? [{ key, ...problem }] : []
  })
  return [...missing, ...wrong]
}

type Trouble = { readonly message: string; readonly hint?: string }
type AnnotationRule = {
  readonly on: readonly ('permit' | 'forbid')[]
  readonly required: boolean
  readonly check: (value: string) => Trouble | undefined
  readonly example: string
}

function problemWith(
  effect: 'permit' | 'forbid',
  key: string,
  value: string | null,
): Trouble | undefined {
  const rule = Object.hasOwn(rules, key) ? rules[key] : undefined
  if (!rule) {
    const known = Object.keys(rules).filter((name) => rules[name]?.on.includes(effect))
    const nearest = nearestWord(key, known)
    const hint = nearest
      ? `did you mean @${nearest}?`
      : `a ${effect} may have ${known.map((name) => `@${name}`).join(' ')}`
    return { message: `unknown annotation @${key}`, hint }
  }
  if (!rule.on.includes(effect)) {
    return { message: `@${key} has no meaning on a ${effect}`, hint: 'remove it' }
  }
  return rule.check(value ?? '')
}

function notEmpty(value: string): Trouble | undefined {
  return value.trim() === ''
    ? { message: 'its value is empty', hint: 'say it in words' }
    : undefined
}

/** Ids stand in records, URLs and messages. */
const idPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

function checkId(value: string): Trouble | undefined {
  if (idPattern.test(value)) return undefined
  return {
    message: `"${value.slice(0, 128)}" cannot be an id`,
    hint: 'use letters, digits, dots, dashes and underscores, at most 128',
  }
}

function checkReview(value: string): Trouble | undefined {
  if (parseReviewDays(value) !== undefined) return undefined
  return {
    message: `@review("${value}") is no time between reviews`,
    hint: `write days, 1d to ${reviewDaysMax}d, such as @review("90d")`,
  }
}

function checkExpires(value: string): Trouble | undefined {
  if (parseExpiry(value) !== undefined) return undefined
  return {
    message: `@expires("${value}") is no date`,
    hint: 'write an RFC 3339 date or date-time, such as "2027-03-31" or "2027-03-31T18:00:00Z"',
  }
}

function checkFields(value: string): Trouble | undefined {
  const paths = splitList(value)
  const odd = paths.find((path) => !/^\$(?:[.[]|$)/.test(path))
  if (paths.length > 0 && odd === undefined) return undefined
  return {
    message: odd === undefined ? '@fields names no field' : `"${odd}" is no JSONPath`,
    hint: 'write JSONPaths separated by commas, such as @fields("$.id, $.name")',
  }
}

function checkApproval(value: string): Trouble | undefined {
  if (splitList(value).length > 0) return undefined
  return {
    message: '@approval names no group',
    hint: 'name the group that has to approve, such as @approval("finance-leads")',
  }
}
