import { createRequire } from 'node:module'
import { RE2JS, RE2Set } from 're2js'
import { limits } from '../config/limits.ts'

/**
 * A pattern in RE2's syntax: each search for a match is linear in the text. Texts are well-formed Unicode, places
 * are UTF-16 offsets.
 */
export type LinearPattern = {
  readonly groups: number
  /** What it compiles to, as `re2js` counts: what a search costs for each character at the worst. */
  readonly instructions: number
  readonly isIn: (text: string) => boolean
  /** From left to right. Empty ones are left out. A match is good until the next is asked for. */
  readonly matches: (text: string) => Iterable<Match>
}

/** Where a group of it stands, 0 for all of it; undefined: the group took no part. */
export type Match = (group: number) => Place | undefined
export type Place = readonly [start: number, end: number]

/**
 * What searches: `re2`, native code of forty times the speed, where the operator has installed it, else `re2js`.
 * Both find the same. Whether a pattern is accepted is up to `re2js` alone, so that gateways never differ in that.
 */
export function patternEngine(): PatternEngine {
  return native() === undefined ? 're2js' : 're2'
}

export type PatternEngine = 're2' | 're2js'

/** Throws where it cannot be linear or is too large; the message says why. */
export function compilePattern(
  pattern: string,
  engine: PatternEngine = patternEngine(),
): LinearPattern {
  const script = compileInScript(pattern)
  const groups = script.groupCount()
  const search = (engine === 're2' ? nativeSearch(pattern, groups) : undefined) ?? {
    isIn: (text) => script.matcher(text).find(),
    matches: (text) => matchesInScript(script, text),
  }
  return { groups, instructions: script.programSize(), ...search }
}

type Search = Pick<LinearPattern, 'isIn' | 'matches'>

/** The same, always by `re2js`. */
export function compileInScript(pattern: string): RE2JS {
  const compiled = RE2JS.compile(pattern)
  const most = limits.patternInstructions
  if (compiled.programSize() <= most) return compiled
  const size = `it compiles to ${compiled.programSize()} instructions, more than ${most}`
  throw new Error(`${size}; repeat less`)
}

/** Which of some patterns stand in a text, by their positions; what cannot be told apart may be more, never less. */
export function compileSet(
  patterns: readonly string[],
  engine: PatternEngine = patternEngine(),
): (text: string) => readonly number[] {
  const fast = engine === 're2' ? nativeSet(patterns) : undefined
  if (fast !== undefined) return fast
  const set = new RE2Set()
  for (const pattern of patterns) set.add(pattern)
  set.compile()
  return (text) => set.match(text)
}

function* matchesInScript(pattern: RE2JS, text: string): Generator<Match> {
  const matcher = pattern.matcher(text)
  const place = (group: number): Place | undefined => {
    const start = matcher.start(group)
    return start < 0 ? undefined : [start, matcher.end(group)]
  }
  let found = matcher.find()
  while (found) {
    const [start, end] = [matcher.start(), matcher.end()]
    if (end > start) {
      yield place
      found = matcher.find()
    } else found = end < text.length && matcher.find(after(text, end))
  }
}

/** The place behind one character: half of one is no place. */
function after(text: string, at: number): number {
  return at + ((text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1)
}

/** As much of the package `re2` as is used here. */
type Native = {
  readonly Set: new (patterns: readonly string[], flags: string) => NativeSet
  new (pattern: string, flags: string): RegExp
}
type NativeSet = { readonly match: (text: string) => number[] }

let loaded: { readonly native: Native | undefined } | undefined

/** It has to be compiled on the machine, so it may be absent, or made for another Node. */
function native(): Native | undefined {
  if (loaded !== undefined) return loaded.native
  try {
    const found: Native = createRequire(import.meta.url)('re2')
    loaded = {
      native: new found('(a)', 'gud').exec('é a')?.indices?.[1]?.[0] === 2 ? found : undefined,
    }
  } catch {
    loaded = { native: undefined }
  }
  return loaded.native
}

/** Undefined where it is absent or has another limit than `re2js`. */
function nativeSearch(pattern: string, groups: number): Search | undefined {
  const Pattern = native()
  if (Pattern === undefined) return undefined
  try {
    const tester = new Pattern(pattern, 'u')
    const finder = new Pattern(pattern, groups > 0 ? 'gud' : 'gu')
    return {
      isIn: (text) => tester.test(text),
      matches: (text) => matchesOfNative(finder, text),
    }
  } catch {
    return undefined
  }
}

/** One search is under way at a time: its place is kept here, not in the pattern. */
function* matchesOfNative(finder: RegExp, text: string): Generator<Match> {
  let from = 0
  while (from < text.length) {
    finder.lastIndex = from
    const match = finder.exec(text)
    if (match === null) return
    const whole: Place = [match.index, finder.lastIndex]
    const [start, end] = whole
    from = end > start ? end : after(text, end)
    if (end > start) yield (group) => (group === 0 ? whole : match.indices?.[group])
  }
}

function nativeSet(patterns: readonly string[]): ((text: string) => readonly number[]) | undefined {
  const Pattern = native()
  if (Pattern === undefined) return undefined
  try {
    const set = new Pattern.Set(patterns, 'u')
    const every = patterns.map((_, position) => position)
    return (text) => {
      try {
        return set.match(text)
      } catch {
        // Out of its memory, it cannot tell.
        return every
      }
    }
  } catch {
    return undefined
  }
}
