import { nearest } from '../config/schema-problem.ts'
import { readYaml } from '../config/yaml.ts'
import { compileArgumentMasking, compileResultMasking } from '../mask/compile.ts'
import type { ArgumentMask, MaskRule } from '../model/function.ts'
import type { Problem } from '../model/rulebook.ts'
import { canonicalJson, hasDigest } from './digest.ts'
import { type Placed, problemAt, type Site } from './flaw.ts'
import type { RulebookFile } from './folder.ts'
import { type MaskingForm, maskingForm } from './forms.ts'
import { type FunctionDraft, withMasks } from './functions.ts'
import { pathHoles, readArgumentMasks, readMasks } from './masks.ts'

type Known = {
  readonly functions: readonly Placed<FunctionDraft>[]
  /** False when some could not be read: a rule may then be for one of those. */
  readonly complete: boolean
}

/** Reads masking.yaml and gives every function it covers its rules. */
export function applyMasking(
  files: readonly RulebookFile[],
  known: Known,
  problems: Problem[],
): readonly Placed<FunctionDraft>[] {
  const { functions, complete } = known
  const ids = complete ? functions.map(({ value }) => value.definition.id) : undefined
  const rules = files.flatMap((file) => readRules(file, ids, problems))
  const masked = functions.map((one) => {
    const { id } = one.value.definition
    const covering = rules.filter(({ patterns }) => patterns.some((pattern) => covers(pattern, id)))
    const result = covering.flatMap((rule) => rule.result)
    const args = covering.flatMap((rule) => rule.args)
    for (const { holes } of covering) problems.push(...holes(one.value.definition))
    return { ...one, value: withMasks(one.value, { result, args }) }
  })
  problems.push(...masked.flatMap(compileProblems), ...repeatedIds(masked))
  return masked
}

/** `crm.*` covers every id that begins with `crm.`; `*` covers all; anything else is one id. */
export function covers(pattern: string, id: string): boolean {
  if (pattern === '*') return true
  return pattern.endsWith('.*') ? id.startsWith(pattern.slice(0, -1)) : id === pattern
}

type CoveringRule = {
  readonly patterns: readonly string[]
  readonly result: readonly MaskRule[]
  readonly args: readonly ArgumentMask[]
  readonly holes: (definition: FunctionDraft['definition']) => readonly Problem[]
}

function readRules(
  { file, text }: RulebookFile,
  ids: readonly string[] | undefined,
  problems: Problem[],
): readonly CoveringRule[] {
  const { value, problems: found, positionOf } = readYaml(text, file, maskingForm)
  problems.push(...found)
  const site: Site = { file, positionOf }
  if (!hasDigest(value ?? {})) {
    problems.push(problemAt(site, { path: [], message: 'Some text here is not Unicode.' }))
    return []
  }
  return (value?.rules ?? []).map((rule, index) => {
    const path = ['rules', index]
    problems.push(...patternProblems(rule, ids, site, path))
    const name = rule.functions.join(',')
    const result = readMasks(rule.mask ?? [], name)
    const args = readArgumentMasks(rule.maskArguments ?? [], name)
    for (const flaw of result.flaws) problems.push(problemAt(site, flaw, [...path, 'mask']))
    for (const flaw of args.flaws) problems.push(problemAt(site, flaw, [...path, 'maskArguments']))
    const holes: CoveringRule['holes'] = (definition) =>
      pathHoles(rule.maskArguments ?? [], definition).map((flaw) =>
        problemAt(site, flaw, [...path, 'maskArguments']),
      )
    return { patterns: rule.functions, result: result.rules, args: args.rules, holes }
  })
}

/** A rule for a function that does not exist hides nothing where somebody relies on it. */
function patternProblems(
  rule: MaskingForm['rules'][number],
  ids: readonly string[] | undefined,
  site: Site,
  path: readonly (string | number)[],
): Problem[] {
  const problems = rule.functions.flatMap((pattern, index) => {
    if (!ids || ids.some((id) => covers(pattern, id))) return []
    const near = nearest(pattern, ids)
    const message = `\`${pattern}\` names no function.`
    const hint = near ? `Did you mean \`${near}\`?` : 'Write a function id, `crm.*` or `*`.'
    return [problemAt(site, { path: ['functions', index], message, hint }, path)]
  })
  if (rule.mask === undefined && rule.maskArguments === undefined) {
    const message = 'This rule hides nothing.'
    problems.push(
      problemAt(site, { path: [], message, hint: 'Add `mask` or `maskArguments`.' }, path),
    )
  }
  return problems
}

/** What only all rules of a function together show, such as too many of them. */
function compileProblems({ value, site, path }: Placed<FunctionDraft>): Problem[] {
  const { resultMasks, argumentMasks } = value.definition
  const result = compileResultMasking(resultMasks, [])
  const args = compileArgumentMasking(argumentMasks)
  const at = (key: string, message: string) => problemAt(site, { path: [key], message }, path)
  return [
    ...('problems' in result ? result.problems.map((one) => at('mask', one)) : []),
    ...('problems' in args ? args.problems.map((one) => at('maskArguments', one)) : []),
  ]
}

/** A record names a rule by its id alone, so an id must not mean two things. */
function repeatedIds(functions: readonly Placed<FunctionDraft>[]): Problem[] {
  const meaning = new Map<string, string>()
  return functions.flatMap(({ value: { definition }, site, path }) => {
    const ofThis = new Set<string>()
    return [...definition.resultMasks, ...definition.argumentMasks].flatMap((rule) => {
      const text = canonicalJson(rule)
      const other = meaning.get(rule.id) ?? text
      meaning.set(rule.id, other)
      const repeated = ofThis.has(rule.id) || other !== text
      ofThis.add(rule.id)
      if (!repeated) return []
      const message = `The mask \`${rule.id}\` stands for two rules.`
      const hint = 'Give one of them another `id`.'
      return [problemAt(site, { path: [], message, hint }, path)]
    })
  })
}
