import type { ArgumentMask, MaskRule, McpMethod } from '../model/function.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { isJsonObject } from '../model/json.ts'
import { Automaton } from './automaton.ts'
import { compileDetection, type Detection } from './detection.ts'
import { scrubEchoes } from './echo.ts'
import { FindingCount } from './finding-count.ts'
import { FrameMasker } from './frame/frame-masker.ts'
import { framesBody } from './frame/frames-body.ts'
import { anywhere, inFrames } from './frame/paths.ts'
import { frameOf } from './frame/shapes.ts'
import { framingFor, type Masking } from './framing.ts'
import { maskHeaders } from './headers.ts'
import type { Framing } from './json-body.ts'
import { limits } from './limits.ts'
import { type Path, parsePath } from './path.ts'
import {
  type ArgumentMasking,
  type DetectionPlan,
  type Finding,
  MaskError,
  type Masker,
  type ResultMasking,
} from './plan.ts'
import { recognisingMasker } from './recognised.ts'
import { strategyProblem } from './strategy.ts'

export type MaskProblems = { readonly problems: readonly string[] }

/**
 * Makes the masking of one function's results. `fields` holds one allow-list of paths per party: a
 * value is let through only inside a path of every list, a container also on the way to one; the rest
 * is dropped. All problems are reported at once. With `method` its results are frames (see call/stage.ts),
 * and every path begins at what a caller means by the result.
 */
export function compileResultMasking(
  rules: readonly MaskRule[],
  fields: readonly (readonly string[])[],
  plan?: DetectionPlan,
  method?: McpMethod,
): ResultMasking | MaskProblems {
  return compileResult(rules, fields, plan && method ? inFrames(plan, method) : plan, method)
}

/** `plan`: its paths begin where a body does. */
function compileResult(
  rules: readonly MaskRule[],
  fields: readonly (readonly string[])[],
  plan: DetectionPlan | undefined,
  method: McpMethod | undefined,
): ResultMasking | MaskProblems {
  const problems: string[] = []
  const automaton = compileAutomaton(rules, fields, problems)
  const detection = plan && compileDetection(plan, problems)
  if (automaton === undefined || problems.length > 0) return { problems }
  const declared = rules.length > 0 || fields.length > 0
  const asks = plan?.rules.some(({ recognise }) => recognise !== undefined)
  if (plan && asks) return recognisingOf(rules, fields, plan, method)
  const framing = method === undefined ? framingFor : framesFor(method, rules)
  return {
    masker: ({ mediaType, fragment, key, echoes, ...told }) => {
      const found = new FindingCount(plan?.names)
      const masking = { automaton, declared, detection, key, found, ...told }
      const nothingToHide = !declared && detection === undefined
      // Where a fragment begins nobody can say, so no path leads to the values in it.
      const body = nothingToHide ? passing : fragment ? undefined : framing(mediaType, masking)
      const unread = body === undefined && !declared && detection?.onError === 'pass'
      if (unread) found.unread()
      if (body === undefined && !unread) return undefined
      const masker = withoutEchoes(body ?? passing, echoes, found)
      return { ...masker, digest: plan?.digest, isPassing: nothingToHide || unread }
    },
    headers: detection && ((headers, { key }) => maskHeaders(headers, { detection, key })),
  }
}

/** Reads frames twice where that is needed: by what is declared, then by what values look like. */
function framesFor(method: McpMethod, rules: readonly MaskRule[]): typeof framingFor {
  const frame = frameOf(method)
  const idle = new Automaton([], [])
  const below = new Automaton(
    rules.flatMap((rule) => {
      const path = parsePath(rule.path)
      return 'problem' in path ? [] : [{ rule, path: anywhere(path) }]
    }),
    [],
  )
  return (mediaType, masking) => {
    const { automaton, detection, key, found } = masking
    const looking: Masking = { ...masking, automaton: idle, declared: false }
    const looked = detection && framingFor(mediaType, looking)
    // A list that lets everything through, and no rule.
    if (automaton.root.idle && automaton.root.hit === undefined) return looked ?? passing
    const declared = framesBody(
      mediaType,
      new FrameMasker({ frame, automaton, anywhere: below }, key, found),
    )
    if (declared === undefined || detection === undefined) return declared
    return looked && oneAfterAnother(declared, looked)
  }
}

function oneAfterAnother(first: Framing, second: Framing): Framing {
  return {
    push: (chunk) => second.push(first.push(chunk)),
    end: () => {
      const rest = second.push(first.end())
      return Buffer.concat([rest, second.end()])
    },
  }
}

/** The same where an external recogniser is asked first. The plan was compiled, so its parts compile. */
function recognisingOf(
  rules: readonly MaskRule[],
  fields: readonly (readonly string[])[],
  plan: DetectionPlan,
  method: McpMethod | undefined,
): ResultMasking {
  const compile = (one: DetectionPlan): ResultMasking => {
    const quiet = one.rules.map(({ recognise: _, ...rule }) => rule)
    const masking = compileResult(rules, fields, { ...one, rules: quiet }, method)
    if ('problems' in masking) throw new MaskError(masking.problems.join('; '))
    return masking
  }
  const { headers } = compile(plan)
  return { masker: (options) => recognisingMasker(plan, compile, options), headers }
}

/**
 * Makes the masking of one function's arguments: `$` is the arguments object. `plans` say what is
 * looked for in them besides.
 */
export function compileArgumentMasking(
  rules: readonly ArgumentMask[],
  plans: { readonly [From in 'upstream' | 'record']?: DetectionPlan | undefined } = {},
): ArgumentMasking | MaskProblems {
  const problems: string[] = []
  for (const { id, path } of rules) {
    if (path === '$') problems.push(`${id}: path $ is all arguments; name one, such as $.note`)
  }
  const hidingFrom = (from: 'upstream' | 'record'): Hiding | undefined => {
    const theirs = rules.filter((rule) => rule.from.includes(from))
    const plan = plans[from]
    if (theirs.length === 0 && plan === undefined) return undefined
    const automaton = compileAutomaton(theirs, [], problems)
    return automaton && { automaton, detection: plan && compileDetection(plan, problems) }
  }
  const hiding = { upstream: hidingFrom('upstream'), record: hidingFrom('record') }
  if (problems.length > 0) return { problems: [...new Set(problems)] }
  return {
    hidesFromUpstream: hiding.upstream !== undefined,
    hidesFromRecord: hiding.record !== undefined,
    apply: (values, { from, key }) => applyToValues(values, hiding[from], key),
    applyToBody: (body, { from, key }) => maskWhole(body, hiding[from], key).bytes,
  }
}

/** What is hidden from one of those who must not see it. */
type Hiding = { readonly automaton: Automaton; readonly detection: Detection | undefined }

function compileAutomaton(
  rules: readonly MaskRule[],
  fields: readonly (readonly string[])[],
  problems: string[],
): Automaton | undefined {
  const before = problems.length
  if (rules.length + fields.flat().length > limits.paths) {
    problems.push(`more than ${limits.paths} paths for one function`)
    return undefined
  }
  const read = (text: string, owner: string): Path => {
    const path = parsePath(text)
    if (!('problem' in path)) return path
    problems.push(`${owner}: path ${text}, character ${path.at + 1}: ${path.problem}`)
    return { text, segments: [] }
  }
  const ruled = rules.map((rule) => {
    const wrong = strategyProblem(rule.strategy)
    if (wrong !== undefined) problems.push(`${rule.id}: ${wrong}`)
    return { rule, path: read(rule.path, rule.id) }
  })
  const lists = fields.map((list) => list.map((text) => read(text, 'fields')))
  return problems.length > before ? undefined : new Automaton(ruled, lists)
}

const passing: Framing = { push: (chunk) => chunk, end: () => new Uint8Array(0) }

/** Looks for the credential in what masking lets out, and lets out nothing more after an error. */
function withoutEchoes(
  framing: Framing,
  echoes: readonly Uint8Array[],
  found: FindingCount,
): Masker {
  const scrubber = scrubEchoes(echoes)
  let broken = false
  const guarded = (step: () => Uint8Array): Uint8Array => {
    if (broken) throw new MaskError('The result was withheld.')
    broken = true
    const out = step()
    broken = false
    return out
  }
  return {
    push: (chunk) => guarded(() => scrubber.push(framing.push(chunk))),
    end: () =>
      guarded(() => {
        const rest = scrubber.push(framing.end())
        const last = scrubber.end()
        return last.length === 0 ? rest : Buffer.concat([rest, last])
      }),
    findings: () => {
      const list = found.list()
      const count = scrubber.count()
      if (count === 0) return list
      return [...list, { rule: 'credential', path: '$', how: 'credential', count }]
    },
  }
}

function applyToValues(
  values: JsonObject,
  hiding: Hiding | undefined,
  key: Uint8Array,
): { readonly values: JsonObject; readonly findings: readonly Finding[] } {
  const { bytes, findings } = maskWhole(Buffer.from(JSON.stringify(values)), hiding, key)
  const masked: Json = JSON.parse(Buffer.from(bytes).toString())
  if (!isJsonObject(masked)) throw new MaskError('Masked arguments are no object.')
  return { values: masked, findings }
}

function maskWhole(body: Uint8Array, hiding: Hiding | undefined, key: Uint8Array) {
  if (hiding === undefined) return { bytes: body, findings: [] }
  const found = new FindingCount(hiding.detection?.declaredNames)
  const framing = framingFor('application/json', { ...hiding, declared: true, key, found })
  if (framing === undefined) throw new MaskError('Arguments cannot be read.')
  const bytes = framing.push(body)
  const rest = framing.end()
  return {
    bytes: rest.length === 0 ? bytes : Buffer.concat([bytes, rest]),
    findings: found.list(),
  }
}
