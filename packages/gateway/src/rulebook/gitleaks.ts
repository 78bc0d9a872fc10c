import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { limits } from '../config/limits.ts'

/**
 * A rule of a gitleaks configuration, as far as it is about text
 * (https://github.com/gitleaks/gitleaks, «Configuration»).
 */
export type GitleaksRule = {
  readonly id: string
  readonly regex: string
  /** The group that is the secret; 0: the first that matched something, else the whole match. */
  readonly group: number
  /** A secret with less Shannon entropy, in bits a character, is none. 0: any. */
  readonly entropy: number
  /** One of them, in lower case, has to stand in the text. Empty: none has to. */
  readonly keywords: readonly string[]
  readonly allowlists: readonly GitleaksAllowlist[]
}

/** What is let be: by expressions over the secret, the match or its line, or by words within the secret. */
export type GitleaksAllowlist = {
  readonly every: boolean
  readonly target: 'secret' | 'match' | 'line'
  readonly regexes: readonly string[]
  readonly stopwords: readonly string[]
}

/** Why a configuration, or a part of it, is refused or left out. */
export type GitleaksNote = { readonly message: string }

/**
 * Reads a `gitleaks.toml`. What only a repository has (paths, commits) is left out, with a note; what
 * would silently find less than it says (`[extend]`) is a problem.
 */
export function readGitleaks(text: string): {
  readonly rules: readonly GitleaksRule[]
  readonly problems: readonly GitleaksNote[]
  readonly notes: readonly GitleaksNote[]
} {
  const read = parsed(text)
  if ('message' in read) return { rules: [], problems: [read], notes: [] }
  const { value } = read
  const problems: GitleaksNote[] = []
  const notes: GitleaksNote[] = []
  if (value.extend) {
    const message =
      '`[extend]` is not followed: the rules it names are not in this file. Copy them into it.'
    problems.push({ message })
  }
  problems.push(...ruleProblems(value.rules), ...sizeProblems(value))
  const global = globalLists(value).map((list) => {
    return { targets: list.targetrules, made: allowlistOf(list) }
  })
  notes.push(...targetNotes(value))
  const rules = value.rules.flatMap((rule): GitleaksRule[] => {
    const { id, regex, secretgroup, entropy, keywords } = rule
    if (regex === '' || rule.path !== '') {
      const why = regex === '' ? 'looks at paths only' : 'is limited to some paths'
      notes.push({ message: `\`${id}\` ${why}; bodies have none, so it is left out.` })
      return []
    }
    if (rule.required.length > 0 || rule.skipreport) {
      const message = `\`${id}\` is looked for by itself, whatever other rules find beside it.`
      notes.push({ message })
    }
    const own = [...rule.allowlists, ...(rule.allowlist ? [rule.allowlist] : [])]
    const shared = global.filter(({ targets }) => targets.length === 0 || targets.includes(id))
    const allowlists = [...own.flatMap(allowlistOf), ...shared.flatMap(({ made }) => made)]
    const lower = keywords.map((word) => word.toLowerCase()).filter((word) => word !== '')
    return [{ id, regex, group: secretgroup, entropy, keywords: lower, allowlists }]
  })
  if (problems.length === 0 && rules.length === 0) {
    problems.push({ message: 'No rule of it looks at text.' })
  }
  return { rules, problems, notes }
}

type Form = z.infer<typeof config>

function ruleProblems(rules: Form['rules']): readonly GitleaksNote[] {
  const ids = new Set<string>()
  const repeated = new Set<string>()
  for (const { id } of rules) (ids.has(id) ? repeated : ids).add(id)
  const empty = rules.filter(({ regex, path }) => regex === '' && path === '')
  return [
    ...[...repeated].map(
      (id) => `\`${id}\` stands for two rules: records could not tell them apart.`,
    ),
    ...empty.map(({ id }) => `\`${id}\` has no \`regex\` and no \`path\`, so it finds nothing.`),
  ].map((message) => ({ message }))
}

function globalLists({ allowlist, allowlists }: Form): Form['allowlists'] {
  return allowlist === undefined ? allowlists : [...allowlists, allowlist]
}

function targetNotes(form: Form): readonly GitleaksNote[] {
  const ids = new Set(form.rules.map(({ id }) => id))
  const targets = new Set(globalLists(form).flatMap(({ targetrules }) => targetrules))
  return [...targets]
    .filter((id) => !ids.has(id))
    .map((id) => ({ message: `An allow-list is for \`${id}\`, and no rule is called so.` }))
}

function sizeProblems(form: Form): readonly GitleaksNote[] {
  const own = form.rules.flatMap(({ allowlist, allowlists }) => [
    ...allowlists,
    ...(allowlist ? [allowlist] : []),
  ])
  let [regexes, stopwords] = [0, 0]
  for (const list of [...globalLists(form), ...own]) {
    regexes += list.regexes.length
    stopwords += list.stopwords.length
  }
  return [
    { what: 'expressions', count: regexes, most: limits.gitleaksAllowRegexes },
    { what: 'stop words', count: stopwords, most: limits.gitleaksStopwords },
  ]
    .filter(({ count, most }) => count > most)
    .map(({ what, count, most }) => {
      return { message: `Its allow-lists have ${count} ${what}, more than ${most}.` }
    })
}

type Read = { readonly value: z.infer<typeof config> } | GitleaksNote

function parsed(text: string): Read {
  try {
    const result = config.safeParse(lowerKeys(parse(text)))
    if (result.success) return { value: result.data }
    const [issue] = result.error.issues
    return {
      message: `It is no gitleaks configuration: ${issue?.path.join('.')}: ${issue?.message}.`,
    }
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw thrown
    const [first = 'it cannot be read'] = thrown.message.split('\n')
    return { message: `It is not TOML (line ${thrown.line}): ${first}.` }
  }
}

/** Gitleaks reads keys in any case: `secretGroup`, `secretgroup`. Of a key that stands there twice, neither is read. */
function lowerKeys(value: unknown, depth = 0): unknown {
  if (depth > keysDepth || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((element) => lowerKeys(element, depth + 1))
  const members = new Map<string, unknown>()
  for (const [key, member] of Object.entries(value)) {
    const lower = key.toLowerCase()
    members.set(lower, members.has(lower) ? twice : lowerKeys(member, depth + 1))
  }
  return Object.fromEntries(members)
}

/** The file, its rules, a rule, its allow-lists, an allow-list; what nests deeper is not read. */
const keysDepth = 5

/** No member may be this. */
const twice = Symbol('a key that stands there twice')

const texts = z.array(z.string().max(20_000)).max(5000).default([])

const allowlist = z.looseObject({
  condition: z
    .string()
    .regex(/^(?:OR|\|\||AND|&&)?$/i, 'it is `OR` or `AND`')
    .default('OR'),
  regextarget: z.enum(['', 'secret', 'match', 'line']).default('secret'),
  regexes: texts,
  stopwords: texts,
  paths: texts,
  commits: texts,
  targetrules: z.array(z.string().max(200)).max(limits.gitleaksRules).default([]),
})

const config = z.looseObject({
  extend: z.looseObject({}).optional(),
  allowlist: allowlist.optional(),
  allowlists: z.array(allowlist).default([]),
  rules: z
    .array(
      z.looseObject({
        id: z.string().min(1).max(200),
        regex: z.string().max(20_000).default(''),
        path: z.string().default(''),
        secretgroup: z.int().min(0).max(100).default(0),
        entropy: z.number().min(0).max(16).default(0),
        keywords: z.array(z.string().max(200)).max(5000).default([]),
        allowlist: allowlist.optional(),
        allowlists: z.array(allowlist).default([]),
        required: z.array(z.looseObject({})).default([]),
        skipreport: z.boolean().default(false),
      }),
    )
    .max(limits.gitleaksRules)
    .default([]),
})

/** The part of an allow-list that speaks of text. With `AND`, one that also asks for a path or a commit never holds. */
function allowlistOf(list: Form['allowlists'][number]): readonly GitleaksAllowlist[] {
  const { condition, regextarget, regexes, stopwords, paths, commits } = list
  const every = /^(?:AND|&&)$/i.test(condition)
  if (every && paths.length + commits.length > 0) return []
  if (regexes.length + stopwords.length === 0) return []
  const target = regextarget === '' ? 'secret' : regextarget
  return [{ every, target, regexes, stopwords: stopwords.map((word) => word.toLowerCase()) }]
}
