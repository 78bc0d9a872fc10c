import type { Rule } from './automaton.ts'
import type { Finding } from './plan.ts'

/** Counts what was hidden, by rule. Never what. */
export class FindingCount {
  readonly #rules = new Map<Rule, number>()
  #fields = 0

  rule(rule: Rule): void {
    this.#rules.set(rule, (this.#rules.get(rule) ?? 0) + 1)
  }

  /** A value that an allow-list left out. */
  fields(): void {
    this.#fields += 1
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
    return found
  }
}
