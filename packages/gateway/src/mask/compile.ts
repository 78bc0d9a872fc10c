import type { ArgumentMask, MaskRule } from '../model/function.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { isJsonObject } from '../model/json.ts'
import { Automaton } from './automaton.ts'
import { scrubEchoes } from './echo.ts'
import { inCharset } from './encoding.ts'
import { eventStreamBody } from './event-stream.ts'
import { FindingCount } from './finding-count.ts'
import { emptyBody, type Framing, jsonBody, jsonLinesBody } from './json-body.ts'
import { JsonMasker } from './json-masker.ts'
import { limits } from './limits.ts'
import { charsetOf, essenceOf } from './media-type.ts'
import { type Path, parsePath } from './path.ts'
import {
  type ArgumentMasking,
  type Finding,
  MaskError,
  type Masker,
  type ResultMasking,
} from './plan.ts'
import { Splice } from './splice.ts'
import { strategyProblem } from './strategy.ts'

export type MaskProblems = { readonly problems: readonly string[] }

/**
 * Makes the masking of one function's results. `fields` holds one allow-list of paths per party: a
 * value is let through only inside a path of every list, a container also on the way to one; the rest
 * is dropped. All problems are reported at once.
 */
export function compileResultMasking(
  rules: readonly MaskRule[],
  fields: readonly (readonly string[])[],
): ResultMasking | MaskProblems {
  const problems: string[] = []
  const automaton = compileAutomaton(rules, fields, problems)
  if (automaton === undefined) return { problems }
  const declared = rules.length > 0 || fields.length > 0
  return {
    masker: ({ mediaType, fragment, key, echoes }) => {
      // Where a fragment begins nobody can say, so no path leads to the values in it.
      if (declared && fragment) return undefined
      const found = new FindingCount()
      const framing = declared ? framingFor(mediaType, { automaton, key, found }) : passing
      return framing && withoutEchoes(framing, echoes, found)
    },
  }
}

/** Makes the masking of one function's arguments: `$` is the arguments object. */
export function compileArgumentMasking(
  rules: readonly ArgumentMask[],
): ArgumentMasking | MaskProblems {
  const problems: string[] = []
  for (const { id, path } of rules) {
    if (path === '$') problems.push(`${id}: path $ is all arguments; name one, such as $.note`)
  }
  const automatonFrom = (from: 'upstream' | 'record') => {
    const theirs = rules.filter((rule) => rule.from.includes(from))
    return theirs.length > 0 ? compileAutomaton(theirs, [], problems) : undefined
  }
  const automata = { upstream: automatonFrom('upstream'), record: automatonFrom('record') }
  if (problems.length > 0) return { problems: [...new Set(problems)] }
  return {
    hidesFromUpstream: automata.upstream !== undefined,
    hidesFromRecord: automata.record !== undefined,
    apply: (values, { from, key }) => applyToValues(values, automata[from], key),
    applyToBody: (body, { from, key }) => maskWhole(body, automata[from], key).bytes,
  }
}

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

type Masking = {
  readonly automaton: Automaton
  readonly key: Uint8Array
  readonly found: FindingCount
}

/** How a body of this media type is read; undefined when it cannot be masked. */
function framingFor(mediaType: string, masking: Masking): Framing | undefined {
  const framing = framingOf(essenceOf(mediaType), masking)
  return framing && inCharset(charsetOf(mediaType), framing)
}

function framingOf(type: string, masking: Masking): Framing | undefined {
  const out = new Splice()
  const masker = new JsonMasker({ ...masking, out })
  if (type === '') return emptyBody()
  if (type === 'application/json' || jsonSuffix.test(type)) {
    return jsonBody(masker, out)
  }
  if (type === 'application/x-ndjson' || type === 'application/jsonl') {
    return jsonLinesBody(masker, out)
  }
  return type === 'text/event-stream' ? eventStreamBody(masker, out) : undefined
}

const jsonSuffix = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\+json$/

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
  automaton: Automaton | undefined,
  key: Uint8Array,
): { readonly values: JsonObject; readonly findings: readonly Finding[] } {
  const { bytes, findings } = maskWhole(Buffer.from(JSON.stringify(values)), automaton, key)
  const masked: Json = JSON.parse(Buffer.from(bytes).toString())
  if (!isJsonObject(masked)) throw new MaskError('Masked arguments are no object.')
  return { values: masked, findings }
}

function maskWhole(body: Uint8Array, automaton: Automaton | undefined, key: Uint8Array) {
  if (automaton === undefined) return { bytes: body, findings: [] }
  const found = new FindingCount()
  const out = new Splice()
  const framing = jsonBody(new JsonMasker({ automaton, key, out, found }), out)
  const bytes = framing.push(body)
  const rest = framing.end()
  return {
    bytes: rest.length === 0 ? bytes : Buffer.concat([bytes, rest]),
    findings: found.list(),
  }
}
