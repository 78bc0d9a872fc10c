import type { GitleaksAllowlist, GitleaksRule } from './gitleaks.ts'
import { compilePattern, type LinearPattern, type Match, type Place } from './linear-pattern.ts'

/** `find`: what the allow-lists do not let be. `check` is called at each match. */
export type ReadyGitleaksRule = {
  readonly instructions: number
  readonly find: (text: string, check: () => void) => readonly Place[]
}

/** Makes rules ready. Throws where a pattern cannot be used. An allow-list for all rules is made ready once. */
export function gitleaksFinder(): (rule: GitleaksRule) => ReadyGitleaksRule {
  const known = new Map<GitleaksAllowlist, Allows>()
  return (rule) => {
    const pattern = compilePattern(rule.regex)
    if (rule.group > pattern.groups) {
      throw new Error(`its secretGroup is ${rule.group}, and it has ${pattern.groups} groups`)
    }
    const allowed = rule.allowlists.map((list) => {
      const allows = known.get(list) ?? allowance(list)
      known.set(list, allows)
      return allows
    })
    const find: ReadyGitleaksRule['find'] = (text, check) => {
      const lineAt = linesOf(text)
      const places: Place[] = []
      for (const match of pattern.matches(text)) {
        check()
        const place = secretOf(match, rule.group, pattern)
        const secret = text.slice(...place)
        if (secret === '' || (rule.entropy > 0 && entropyOf(secret) <= rule.entropy)) continue
        const found = { secret, match: text.slice(...(match(0) ?? place)), line: lineAt(place[0]) }
        if (!allowed.some((allows) => allows(found))) places.push(place)
      }
      return places
    }
    return { instructions: pattern.instructions, find }
  }
}

/** A group that took no part is not the secret: all of the match is. */
function secretOf(match: Match, group: number, { groups }: LinearPattern): Place {
  const whole = match(0) ?? [0, 0]
  if (group > 0) return match(group) ?? whole
  for (let next = 1; next <= groups; next += 1) {
    const place = match(next)
    if (place !== undefined && place[1] > place[0]) return place
  }
  return whole
}

type Line = { readonly start: number; readonly end: number; readonly text: string }
type Found = { readonly secret: string; readonly match: string; readonly line: Line }
type Allows = (found: Found) => boolean

function allowance({ every, target, regexes, stopwords }: GitleaksAllowlist): Allows {
  const compiled = regexes.map((regex) => compilePattern(regex))
  const isMatched = (text: string) => compiled.some(({ isIn }) => isIn(text))
  // A line is long, and may hold thousands of secrets: it is looked at once for all of them.
  let last: { readonly line: Line; readonly matched: boolean } | undefined
  const isLineMatched = (line: Line) => {
    if (last?.line !== line) last = { line, matched: isMatched(line.text) }
    return last.matched
  }
  return (found) => {
    const secret = found.secret.toLowerCase()
    const matched = target === 'line' ? isLineMatched(found.line) : isMatched(found[target])
    const stopped = stopwords.some((word) => secret.includes(word))
    if (!every) return matched || stopped
    return (regexes.length === 0 || matched) && (stopwords.length === 0 || stopped)
  }
}

/** The line of a place; the same object for the same line, as long as places ascend. */
function linesOf(text: string): (at: number) => Line {
  let line: Line | undefined
  return (at) => {
    if (line !== undefined && at >= line.start && at <= line.end) return line
    const start = text.lastIndexOf('\n', at - 1) + 1
    const next = text.indexOf('\n', at)
    const end = next < 0 ? text.length : next
    line = { start, end, text: text.slice(start, end) }
    return line
  }
}

/** Bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>()
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values())
    bits -= (count / text.length) * Math.log2(count / text.length)
  return bits
}
