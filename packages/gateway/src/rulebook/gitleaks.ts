import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'

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
  const ids = value.rules.map(({ id }) => id)
  for (const id of new Set(ids.filter((one, at) => ids.indexOf(one) < at))) {
    problems.push({ message: `\`${id}\` stands for two rules: records could not tell them apart.` })
  }
  const global = [...value.allowlists, ...(value.allowlist ? [value.allowlist] : [])]
  const rules = value.rules.flatMap((rule): GitleaksRule[] => {
    const { id, regex, secretGroup, entropy, keywords } = rule
    if (regex === undefined) {
      notes.push({ message: `\`${id}\` looks at paths only; bodies have none, so it is left out.` })
      return []
    }
    if (rule.path !== undefined) {
      notes.push({
        message: `\`${id}\` is limited to some paths; bodies have none, so it is left out.`,
      })
      return []
    }
    const own = [...rule.allowlists, ...(rule.allowlist ? [rule.allowlist] : [])]
    const shared = global.filter(({ targetRules }) => targetRules?.includes(id) ?? true)
    const allowlists = [...own, ...shared].flatMap(allowlistOf)
    const lower = keywords.map((word) => word.toLowerCase()).filter((word) => word !== '')
    return [{ id, regex, group: secretGroup, entropy, keywords: lower, allowlists }]
  })
  if (problems.length === 0 && rules.length === 0) {
    problems.push({ message: 'No rule of it looks at text.' })
  }
  return { rules, problems, notes }
}

type Read = { readonly value: z.infer<typeof config> } | GitleaksNote

function parsed(text: string): Read {
  try {
    const result = config.safeParse(parse(text))
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

const texts = z.array(z.string().max(20_000)).max(5000).default([])

const allowlist = z.looseObject({
  condition: z.string().default('OR'),
  regexTarget: z.string().default('secret'),
  regexes: texts,
  stopwords: texts,
  paths: texts,
  commits: texts,
  targetRules: z.array(z.string()).optional(),
})

const config = z.looseObject({
  extend: z.looseObject({}).optional(),
  allowlist: allowlist.optional(),
  allowlists: z.array(allowlist).default([]),
  rules: z
    .array(
      z.looseObject({
        id: z.string().min(1).max(200),
        regex: z.string().min(1).max(20_000).optional(),
        path: z.string().optional(),
        secretGroup: z.int().min(0).max(100).default(0),
        entropy: z.number().min(0).max(16).default(0),
        keywords: texts,
        allowlist: allowlist.optional(),
        allowlists: z.array(allowlist).default([]),
      }),
    )
    .max(2000)
    .default([]),
})

/** The part of an allow-list that speaks of text. With `AND`, one that also asks for a path or a commit never holds. */
function allowlistOf(list: z.infer<typeof allowlist>): readonly GitleaksAllowlist[] {
  const { regexes, stopwords, paths, commits } = list
  const every = /^(?:AND|&&)$/i.test(list.condition)
  if (every && paths.length + commits.length > 0) return []
  if (regexes.length + stopwords.length === 0) return []
  const target =
    list.regexTarget === 'match' || list.regexTarget === 'line' ? list.regexTarget : 'secret'
  return [{ every, target, regexes, stopwords: stopwords.map((word) => word.toLowerCase()) }]
}
