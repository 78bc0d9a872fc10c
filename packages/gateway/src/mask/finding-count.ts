import type { Rule } from './automaton.ts'
import type { Span } from './detect/cell.ts'
import { limits } from './limits.ts'
import type { Finding } from './plan.ts'

/** Counts what was hidden, by rule. Never what. */
export class FindingCount {
  readonly #rules = new Map<Rule, number>()
  #fields = 0
  #unread = false
  readonly #spans = new Map<string, Finding & { count: number }>()

  rule(rule: Rule): void {
    this.#rules.set(rule, (this.#rules.get(rule) ?? 0) + 1)
  }

  /** A value that an allow-list left out. */
  fields(): void {
    this.#fields += 1
  }

  /** A value that was found by what it looks like. */
  span(found: {
    readonly rule: string
    readonly how: string
    readonly path: string
    readonly span: Span
  }): void {
    const { rule, how, span } = found
    const band = span.confidence >= 90 ? 'high' : span.confidence >= 60 ? 'medium' : 'low'
    const kind = `${rule} ${how} ${span.type} ${span.validator} ${band}`
    const named = `${kind} ${found.path}`
    // A body of endless places is told as one.
    const many = this.#spans.size >= limits.findings && !this.#spans.has(named)
    const key = many ? kind : named
    const known = this.#spans.get(key)
    if (known !== undefined) known.count += 1
    else {
      const { type: entity, validator } = span
      const path = many ? '$..*' : found.path
      this.#spans.set(key, { rule, path, how, count: 1, found: { entity, validator, band } })
    }
  }

  /** The whole body, which could not be read and was let through as the rulebook says. */
  unread(): void {
    this.#unread = true
  }

  list(): readonly Finding[] {
    const found: Finding[] = [...this.#rules].map(([{ id, path, strategy }, count]) => ({
      rule: id,
      path,
      how: strategy.kind,
      count,
    }))
    if (this.#fields > 0)
      found.push({ rule: 'fields', path: '$', how: 'fields', count: this.#fields })
    if (this.#unread) found.push({ rule: 'unread', path: '$', how: 'pass', count: 1 })
    return [...found, ...this.#spans.values()]
  }
}
