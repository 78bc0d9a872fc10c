import { limits } from '../config/limits.ts'
import { nearest } from '../config/schema-problem.ts'
import { readYaml } from '../config/yaml.ts'
import { compileArgumentMasking, compileResultMasking } from '../mask/compile.ts'
import type { DetectionRules } from '../model/detection.ts'
import type { ArgumentMask, MaskRule } from '../model/function.ts'
import type { Problem } from '../model/rulebook.ts'
import { compileCustomRules, gitleaksFile } from './custom-rules.ts'
import type { DetectionForm } from './detection-form.ts'
import { canonicalJson, hasDigest } from './digest.ts'
import { type Placed, problemAt, type Site } from './flaw.ts'
import type { RulebookFile } from './folder.ts'
import { type MaskingForm, maskingForm } from './forms.ts'
import { covers } from './function-pattern.ts'
import { type FunctionDraft, withMasks } from './functions.ts'
import { pathHoles, readArgumentMasks, readMasks } from './masks.ts'
import { entityTypes } from './profiles.ts'
import { detectionFlaws, detectionRulesOf, detectRulesFor, looksFor } from './read-detection.ts'
import { unfitMasks } from './unfit-masks.ts'

type Known = {
  readonly functions: readonly Placed<FunctionDraft>[]
  /** Ids of the connections. */
  readonly connections: readonly string[]
  /** False when some could not be read: a rule may then be for one of those. */
  readonly complete: boolean
}

/** Reads masking.yaml, and gives every function it covers its rules. */
export function applyMasking(
  files: { readonly masking: readonly RulebookFile[]; readonly gitleaks: readonly RulebookFile[] },
  known: Known,
  problems: Problem[],
): {
  readonly functions: readonly Placed<FunctionDraft>[]
  readonly detection: DetectionRules | undefined
  /** What was left out of it, and need not be wrong. */
  readonly warnings: readonly Problem[]
} {
  const { functions, complete } = known
  const ids = complete ? functions.map(({ value }) => value.definition.id) : undefined
  const read = files.masking.map((file) => readForm(file, problems))
  const rules = read.flatMap((form) => readRules(form, ids, problems))
  const detection = read.map((form) => readDetection(form, { ids, known, files }, problems))
  const looked = detection.some(({ form }) => looksFor(form, 'SECRET'))
  if (!looked && files.gitleaks.length > 0) problems.push(...unusedGitleaks(files.gitleaks))
  const masked = functions.map((one) => {
    const { id } = one.value.definition
    const covering = rules.filter(({ patterns }) => patterns.some((pattern) => covers(pattern, id)))
    const result = covering.flatMap((rule) => rule.result)
    const args = covering.flatMap((rule) => rule.args)
    for (const { holes } of covering) problems.push(...holes(one.value.definition))
    const detect = detection.flatMap(({ form }) => detectRulesFor(form, one.value.definition))
    return { ...one, value: withMasks(one.value, { result, args, detect }) }
  })
  problems.push(...masked.flatMap(compileProblems), ...repeatedIds(masked))
  return {
    functions: masked,
    detection: detection.find(({ rules }) => rules)?.rules,
    warnings: [
      ...detection.flatMap(({ warnings }) => warnings),
      ...masked.flatMap(schemaWarnings),
    ].slice(0, limits.problemsListed),
  }
}

type ReadForm = { readonly value: MaskingForm | undefined; readonly site: Site }

function readForm({ file, text }: RulebookFile, problems: Problem[]): ReadForm {
  const { value, problems: found, positionOf } = readYaml(text, file, maskingForm)
  problems.push(...found)
  const site: Site = { file, positionOf }
  if (hasDigest(value ?? {})) return { value, site }
  problems.push(problemAt(site, { path: [], message: 'Some text here is not Unicode.' }))
  return { value: undefined, site }
}

function readDetection(
  { value, site }: ReadForm,
  given: {
    readonly ids: readonly string[] | undefined
    readonly known: Known
    readonly files: { readonly gitleaks: readonly RulebookFile[] }
  },
  problems: Problem[],
): {
  readonly form: Pick<DetectionForm, 'detect' | 'profiles' | 'custom'>
  readonly rules: DetectionRules | undefined
  readonly warnings: readonly Problem[]
} {
  if (!value) {
    const form = { detect: [], profiles: {}, custom: [] }
    return { form, rules: undefined, warnings: [] }
  }
  const { ids, known, files } = given
  const names = {
    entities: entityTypes(),
    functions: ids,
    connections: known.complete ? known.connections : undefined,
  }
  const flaws = [...detectionFlaws(value, names)]
  problems.push(...flaws.map((flaw) => problemAt(site, flaw)))
  const rules = detectionRulesOf(value, files.gitleaks[0]?.text)
  const compiled = rules && compileCustomRules(rules)
  for (const { message, path, file } of compiled?.problems ?? []) {
    if (file === undefined) problems.push(problemAt(site, { path: path ?? [], message }))
    else problems.push({ file, line: 0, column: 0, message })
  }
  const warnings = (compiled?.notes ?? []).map((message): Problem => {
    return { file: gitleaksFile, line: 0, column: 0, message }
  })
  return { form: value, rules, warnings }
}

/** Somebody relies on it, and no secrets are looked for; what is wrong with it is said as well. */
function unusedGitleaks(files: readonly RulebookFile[]): readonly Problem[] {
  const { problems } = compileCustomRules({ custom: [], gitleaks: files[0]?.text ?? '' })
  const message = 'No secrets are looked for, so this file finds nothing.'
  const hint = 'Add a rule with `profile: secrets` to `detect` in masking.yaml.'
  const place = { file: gitleaksFile, line: 0, column: 0 }
  return [
    { ...place, message, hint },
    ...problems.map((problem) => ({ ...place, message: problem.message })),
  ]
}

type CoveringRule = {
  readonly patterns: readonly string[]
  readonly result: readonly MaskRule[]
  readonly args: readonly ArgumentMask[]
  readonly holes: (definition: FunctionDraft['definition']) => readonly Problem[]
}

function readRules(
  { value, site }: ReadForm,
  ids: readonly string[] | undefined,
  problems: Problem[],
): readonly CoveringRule[] {
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

/** What a declared mask leaves, and the schema does not allow: it hides all the same. */
function schemaWarnings({ value, site, path }: Placed<FunctionDraft>): readonly Problem[] {
  return unfitMasks(value.definition).map((flaw) => problemAt(site, flaw, path))
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
