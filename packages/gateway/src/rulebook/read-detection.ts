import { nearest } from '../config/schema-problem.ts'
import type { DetectionRules, DetectRule, SpanStrategy } from '../model/detection.ts'
import type { FunctionDefinition } from '../model/function.ts'
import type { DetectEntry, DetectionForm, DoForm } from './detection-form.ts'
import type { Flaw } from './flaw.ts'
import { covers } from './function-pattern.ts'
import { pathProblem } from './masks.ts'
import { type Choices, entitiesOf, profileNames, profilesOf } from './profiles.ts'

/** What is looked for in one function's bodies: the entries that cover it, in the order they are written. */
export function detectRulesFor(
  form: Pick<DetectionForm, 'detect' | 'profiles' | 'custom'>,
  { id, connection }: Pick<FunctionDefinition, 'id' | 'connection'>,
): readonly DetectRule[] {
  return form.detect
    .filter(
      ({ functions, connections }) =>
        functions.some((pattern) => covers(pattern, id)) &&
        (connections === undefined || connections.includes(connection)),
    )
    .map((entry) => ruleOf(entry, form))
}

/** What holds for every function; undefined where masking.yaml looks for nothing. */
export function detectionRulesOf(
  form: DetectionForm,
  gitleaks: string | undefined,
): DetectionRules | undefined {
  if (form.detect.length === 0) return undefined
  const { custom, allow, onError } = form
  return {
    custom: custom.toSorted(byId),
    ...(gitleaks !== undefined && { gitleaks }),
    onError,
    allow: allow.map((one) => ({ ...one, values: one.values.toSorted() })).toSorted(byId),
  }
}

/** What of it names nothing, or says two things. `entities`: all there are. */
export function* detectionFlaws(
  form: DetectionForm,
  known: {
    readonly entities: readonly string[]
    readonly functions: readonly string[] | undefined
    readonly connections: readonly string[] | undefined
  },
): Generator<Flaw, void> {
  const entities = [...known.entities, ...form.custom.map(({ entity }) => entity)]
  yield* repeatedIds(form)
  yield* profileFlaws(form, entities)
  for (const [index, entry] of form.detect.entries()) {
    const at = ['detect', index] as const
    yield* entryFlaws(entry, { ...known, at, entities, form })
  }
  for (const [index, { entity }] of form.allow.entries()) {
    yield* unknownNames([entity], entities, { path: ['allow', index, 'entity'], what: 'entity' })
  }
  if (form.detect.length === 0 && form.custom.length + form.allow.length > 0) {
    const hint = 'Add `detect`, with the entities and what becomes of them.'
    yield { path: [], message: 'Nothing is looked for, so this says nothing.', hint }
  } else yield* unaskedPatterns(form)
}

/** Somebody relies on a pattern, and no rule looks for what it finds. */
function* unaskedPatterns(form: DetectionForm): Generator<Flaw, void> {
  for (const [index, { entity }] of form.custom.entries()) {
    if (looksFor(form, entity)) continue
    const message = `No rule of \`detect\` looks for \`${entity}\`, so this pattern finds nothing.`
    const hint = `Add \`entities: [${entity}]\` to a rule, or a profile of yours that has it.`
    yield { path: ['custom', index, 'entity'], message, hint }
  }
}

/** Whether a rule, for whatever functions, looks for this type. */
export function looksFor(
  form: Pick<DetectionForm, 'detect' | 'profiles' | 'custom'>,
  entity: string,
): boolean {
  return form.detect.some((entry) =>
    entitiesOf(entry, form).some((name) => name === entity || name === '*'),
  )
}

type Known = {
  readonly form: DetectionForm
  readonly at: readonly (string | number)[]
  readonly entities: readonly string[]
  readonly functions: readonly string[] | undefined
  readonly connections: readonly string[] | undefined
}

function* entryFlaws(
  entry: DetectEntry,
  { at, form, entities, functions, connections }: Known,
): Generator<Flaw, void> {
  if (entry.entities === undefined && entry.profile === undefined) {
    yield { path: at, message: 'A rule looks for `entities`, for a `profile`, or for both.' }
  } else if (entitiesOf(entry, form).length === 0) {
    yield { path: at, message: 'This rule looks for nothing.' }
  }
  const names = [...profileNames, ...Object.keys(form.profiles)]
  yield* unknownNames(profilesOf(entry), names, { path: [...at, 'profile'], what: 'profile' })
  yield* unknownNames(entry.except ?? [], entities, { path: [...at, 'except'], what: 'entity' })
  const named = (entry.entities ?? []).filter((name) => name !== '*')
  // What a recogniser knows only it can say.
  if (entry.recognise === undefined) {
    yield* unknownNames(named, entities, { path: [...at, 'entities'], what: 'entity' })
  }
  yield* recogniserFlaws(entry, at)
  if (functions) {
    for (const [index, pattern] of entry.functions.entries()) {
      if (pattern === '*' || functions.some((id) => covers(pattern, id))) continue
      const near = nearest(pattern, functions)
      const hint = near ? `Did you mean \`${near}\`?` : 'Write a function id, `crm.*` or `*`.'
      yield {
        path: [...at, 'functions', index],
        message: `\`${pattern}\` names no function.`,
        hint,
      }
    }
  }
  if (connections && entry.connections) {
    const path = [...at, 'connections']
    yield* unknownNames(entry.connections, connections, { path, what: 'connection' })
  }
  for (const [index, text] of (entry.paths ?? []).entries()) {
    const problem = pathProblem(text)
    if (problem !== undefined) yield { path: [...at, 'paths', index], message: problem }
  }
  yield* cardFlaws(entry, form, at)
}

/** A recogniser is asked about chosen texts of results, for entities by name. */
function* recogniserFlaws(
  { recognise, entities = [], paths, direction }: DetectEntry,
  at: readonly (string | number)[],
): Generator<Flaw, void> {
  if (recognise === undefined) return
  const path = [...at, 'recognise']
  if (paths === undefined) {
    const hint = 'Add `paths`: the texts it may read, such as `$..note`.'
    yield { path, message: 'A recogniser is asked about texts at `paths` only.', hint }
  }
  if (entities.length === 0 || entities.includes('*')) {
    const hint = 'Write its names, such as `entities: [PERSON, LOCATION]`.'
    yield { path, message: 'A recogniser is asked for `entities` by name.', hint }
  }
  if (direction.includes('arguments')) {
    const hint = 'Give arguments a rule of their own.'
    yield { path, message: 'A recogniser is asked about results, not about arguments.', hint }
  }
}

/** PCI DSS 3.4.1: of a card number no more than the first six and the last four are shown. */
function* cardFlaws(
  entry: DetectEntry,
  form: Choices,
  at: readonly (string | number)[],
): Generator<Flaw, void> {
  if (!entitiesOf(entry, form).some((name) => name === 'CREDIT_CARD' || name === '*')) return
  for (const { do: doing } of [entry, ...entry.reveal]) {
    if (typeof doing === 'string') continue
    const { first, last } = doing.partial
    if (first <= 6 && last <= 4) continue
    const message = 'Of a payment card no more than the first 6 and the last 4 digits are shown.'
    yield { path: at, message, hint: 'Write `partial: { first: 6, last: 4 }` or less.' }
  }
}

/** A profile of the rulebook's own names what there is, and leads to itself by no way. */
function* profileFlaws(
  { profiles }: DetectionForm,
  entities: readonly string[],
): Generator<Flaw, void> {
  const names = [...profileNames, ...Object.keys(profiles)]
  const leadsTo = (from: string, to: string, seen: Set<string>): boolean =>
    (profiles[from]?.extends ?? []).some((next) => {
      if (next === to) return true
      if (seen.has(next)) return false
      seen.add(next)
      return leadsTo(next, to, seen)
    })
  let circle = false
  for (const [name, one] of Object.entries(profiles)) {
    const path = ['profiles', name]
    if (profileNames.some((known) => known === name)) {
      const hint = 'Give it another name, and let it extend that one.'
      yield { path, message: `\`${name}\` is a profile there is already.`, hint }
    }
    if (one.extends === undefined && one.entities === undefined) {
      yield { path, message: 'A profile has `entities`, or extends others.' }
    }
    // Of a circle the first is named.
    if (!circle && leadsTo(name, name, new Set())) {
      circle = true
      yield { path: [...path, 'extends'], message: 'This profile extends itself.' }
    }
    yield* unknownNames(one.extends ?? [], names, { path: [...path, 'extends'], what: 'profile' })
    const types = [...(one.entities ?? []), ...(one.except ?? [])]
    yield* unknownNames(types, entities, { path, what: 'entity' })
  }
}

function* repeatedIds(form: DetectionForm): Generator<Flaw, void> {
  const seen = new Set<string>()
  for (const part of ['detect', 'custom', 'allow'] as const) {
    for (const [index, { id }] of form[part].entries()) {
      if (seen.has(id)) {
        const message = `\`${id}\` stands for two rules.`
        yield { path: [part, index, 'id'], message, hint: 'Give one of them another `id`.' }
      }
      seen.add(id)
    }
  }
}

function* unknownNames(
  names: readonly string[],
  known: readonly string[],
  { path, what }: { readonly path: readonly (string | number)[]; readonly what: string },
): Generator<Flaw, void> {
  for (const name of names) {
    if (known.includes(name)) continue
    const near = nearest(name, known)
    const message = `\`${name}\` is no ${what}.`
    yield { path, message, ...(near !== undefined && { hint: `Did you mean \`${near}\`?` }) }
  }
}

function ruleOf(entry: DetectEntry, form: Choices): DetectRule {
  const { id, paths, direction, from, confidence, recognise, reveal } = entry
  return {
    id,
    entities: entitiesOf(entry, form),
    ...(paths && { paths }),
    direction: [...new Set(direction)].toSorted(),
    from: [...new Set(from)].toSorted(),
    confidence,
    strategy: strategyOf(entry.do),
    ...(recognise && { recognise }),
    reveal: reveal.map(({ groups, do: doing }) => ({
      groups: groups.toSorted(),
      strategy: strategyOf(doing),
    })),
  }
}

function strategyOf(doing: DoForm): SpanStrategy {
  return typeof doing === 'string' ? { kind: doing } : { kind: 'partial', ...doing.partial }
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1
}
