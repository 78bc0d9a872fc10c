import type { Rule } from './automaton.ts'
import type { Span } from './detect/cell.ts'
import { isFieldName } from './field-words.ts'
import { limits } from './limits.ts'
import type { Finding } from './plan.ts'

type SpanFinding = Finding & { count: number; readonly found: NonNullable<Finding['found']> }

type Found = {
  readonly rule: string
  readonly how: string
  readonly path: string
  readonly span: Span
}

/** Counts what was hidden, by rule. Never what. */
export class FindingCount {
  readonly #rules = new Map<Rule, number>()
  #fields = 0
  #unread = false
  #unsettled = 0
  #unreadable = 0
  readonly #spans: SpanFinding[] = []
  /** The same by their path. */
  readonly #places = new Map<string, SpanFinding[]>()
  /** What was counted last, and where it stands: many of one kind stand in one text. */
  #last: SpanFinding | undefined
  #lastPath = ''
  readonly #declared: ReadonlySet<string>
  /** Paths as the record names them; the same few are asked for again and again. */
  readonly #shown = new Map<string, string>()

  /** `declared`: names of fields that the rulebook itself says. */
  constructor(declared: ReadonlySet<string> = new Set()) {
    this.#declared = declared
  }

  rule(rule: Rule): void {
    this.#rules.set(rule, (this.#rules.get(rule) ?? 0) + 1)
  }

  /** A value that an allow-list left out. */
  fields(): void {
    this.#fields += 1
  }

  /** A value that was found by what it looks like. */
  span(found: Found): void {
    const { rule, how, span } = found
    if (this.#last !== undefined && this.#lastPath === found.path && isLike(this.#last, found)) {
      this.#last.count += 1
      return
    }
    this.#lastPath = found.path
    const shown = this.#show(found.path)
    const here = likeIt(this.#places.get(shown), found)
    // A body of endless places is told as one.
    const path = here === undefined && this.#spans.length >= limits.findings ? '$..*' : shown
    const known = here ?? likeIt(this.#places.get(path), found)
    if (known !== undefined) {
      this.#last = known
      known.count += 1
      return
    }
    const { type: entity, rule: detector, validator } = span
    const band = bandOf(span)
    const made: SpanFinding = {
      rule,
      path,
      how,
      count: 1,
      found: { entity, detector, validator, band },
    }
    this.#spans.push(made)
    const before = this.#places.get(path)
    if (before === undefined) this.#places.set(path, [made])
    else before.push(made)
    this.#last = made
  }

  /** A key that may be somebody's is no part of what the record says, whatever the rules look for. */
  #show(path: string): string {
    const known = this.#shown.get(path)
    if (known !== undefined) return known
    const shown = path.replace(/\.(\w+)/g, (all, name: string) =>
      this.#declared.has(name) || isFieldName(name) ? all : '[*]',
    )
    if (this.#shown.size >= limits.findings) this.#shown.clear()
    this.#shown.set(path, shown)
    return shown
  }

  /** The whole body, which could not be read and was let through as the rulebook says. */
  unread(): void {
    this.#unread = true
  }

  /** Text that was hidden because it could not be held until it was known what it is. */
  unsettled(): void {
    this.#unsettled += 1
  }

  /** A part of an MCP result into which no declared path leads, and which was replaced. */
  unreadable(): void {
    this.#unreadable += 1
  }

  list(): readonly Finding[] {
    // One rule may be part of several automata.
    const counts = new Map<string, Finding & { count: number }>()
    for (const [{ id, path, strategy }, count] of this.#rules) {
      const known = counts.get(id)
      if (known !== undefined) known.count += count
      else counts.set(id, { rule: id, path, how: strategy.kind, count })
    }
    const found: Finding[] = [...counts.values()]
    if (this.#fields > 0)
      found.push({ rule: 'fields', path: '$', how: 'fields', count: this.#fields })
    if (this.#unread) found.push({ rule: 'unread', path: '$', how: 'pass', count: 1 })
    const count = this.#unsettled
    if (count > 0) found.push({ rule: 'unsettled', path: '$', how: 'redact', count })
    if (this.#unreadable > 0) {
      found.push({ rule: 'unreadable', path: '$', how: 'redact', count: this.#unreadable })
    }
    return [...found, ...this.#spans]
  }
}

/** Of what was found at one path, that of the same rule, entity and band. */
function likeIt(all: readonly SpanFinding[] | undefined, found: Found): SpanFinding | undefined {
  if (all === undefined) return undefined
  for (const one of all) if (isLike(one, found)) return one
  return undefined
}

function isLike(one: SpanFinding, { rule, how, span }: Found): boolean {
  const { entity, detector, validator, band } = one.found
  if (entity !== span.type || detector !== span.rule || validator !== span.validator) return false
  return one.rule === rule && one.how === how && band === bandOf(span)
}

const bandOf = ({ confidence }: Span): 'high' | 'medium' | 'low' =>
  confidence >= 90 ? 'high' : confidence >= 60 ? 'medium' : 'low'
