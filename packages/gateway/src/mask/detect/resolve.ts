import type { Span, Spans } from './cell.ts'

/** What becomes of a find: it is hidden, let be because a rule says so, or no rule covers it. */
export type Fate = 'hidden' | 'kept' | 'none'

/**
 * Adds to `into` the spans that win, in ascending order and without overlap: what is hidden before what
 * is let be, what the name of the field says of the whole value before what stands in it, a secret before a part of
 * it, then the surer, at equal confidence the one that was proved, the longer, the earlier. `found` is changed in place.
 */
export function resolveSpans(found: Span[], into: Spans, fateOf?: (span: Span) => Fate): void {
  if (fateOf !== undefined && found.length > 1) weighFates(found, fateOf)
  if (found.length < 2) {
    push(into, found[0])
    if (lets.size > 0) lets.clear()
    return
  }
  if (areApart(found)) {
    for (let at = 0; at < found.length; at++) push(into, found[at])
    if (lets.size > 0) lets.clear()
    return
  }
  found.sort(byPosition)
  const first = into.length
  let group = 0
  while (group < found.length) {
    // Only spans that touch each other can take each other's place.
    let next = group + 1
    let reach = found[group]?.end ?? 0
    for (; next < found.length && (found[next]?.start ?? 0) < reach; next++) {
      reach = Math.max(reach, found[next]?.end ?? 0)
    }
    if (next === group + 1) push(into, found[group])
    else settle(found.slice(group, next), into)
    group = next
  }
  // A group is settled by strength, so its winners may stand out of order.
  sortTail(into, first)
  if (lets.size > 0) lets.clear()
}

/** They ascend already, and none reaches into the next. */
function areApart(spans: readonly Span[]): boolean {
  let reach = -1
  for (let at = 0; at < spans.length; at++) {
    const span = spans[at]
    if (span === undefined || span.start < reach || span.end <= span.start) return false
    reach = span.end
  }
  return true
}

/** The spans of the cell that rules let be: none of them takes the place of one that is hidden. */
const lets = new Set<Span>()

/** Drops spans that no rule covers, and those that a surer kept one of the same bytes says are something else. */
function weighFates(found: Span[], fateOf: (span: Span) => Fate): void {
  // Mostly every span is hidden, and all of them stay.
  if (areHidden(found, fateOf)) return
  const kept = new Map<string, Span>()
  const covered: Span[] = []
  for (const span of found) {
    const fate = fateOf(span)
    if (fate !== 'none') covered.push(span)
    if (fate !== 'kept') continue
    lets.add(span)
    if (!isWhole(span)) kept.set(`${span.start} ${span.end}`, span)
  }
  found.length = 0
  for (const span of covered) {
    const stays = lets.has(span) || isNamedSecret(span)
    const same = stays ? undefined : kept.get(`${span.start} ${span.end}`)
    if (same === undefined || span.confidence > same.confidence) found.push(span)
  }
}

function areHidden(spans: readonly Span[], fateOf: (span: Span) => Fate): boolean {
  for (let at = 0; at < spans.length; at++) {
    const span = spans[at]
    if (span !== undefined && fateOf(span) !== 'hidden') return false
  }
  return true
}

/** The name of a field speaks for all of its value, whatever that holds. */
const isWhole = (span: Span): boolean => span.rule.startsWith('field/')

/** Its name says that it is a secret, whatever else it may look like. */
const isNamedSecret = ({ rule }: Span): boolean =>
  rule === passwordRule || rule === 'secret/named' || rule === 'secret/authorization'
const passwordRule = 'secret/password'

function settle(group: Span[], into: Spans): void {
  if (group.length > groupMax) {
    // Hostile text only: all of it is hidden as one, which is linear and shows nothing.
    const strongest = group.reduce((best, one) => (stronger(one, best) < 0 ? one : best))
    const end = group.reduce((furthest, one) => Math.max(furthest, one.end), 0)
    push(into, { ...strongest, start: group[0]?.start ?? strongest.start, end })
    return
  }
  const kept: Span[] = []
  for (const span of withSecretsWhole(group).sort(stronger)) {
    if (kept.every((one) => span.end <= one.start || span.start >= one.end)) kept.push(span)
  }
  for (const span of kept) into.push(span)
}

/**
 * What stands in a secret that is hidden is a part of it, and what reaches into one is hidden with it: the rest of the
 * secret would be let out otherwise, however sure it is what the part looks like.
 */
function withSecretsWhole(group: Span[]): Span[] {
  const secrets = group.filter((one) => one.type === 'SECRET' && !lets.has(one))
  if (secrets.length === 0 || group.some((one) => isWhole(one) && !lets.has(one))) return group
  let spans = group
  for (const secret of secrets) {
    if (!spans.includes(secret)) continue
    let whole = secret
    for (;;) {
      const parts = spans.filter((one) => one !== secret && isPartOf(whole, one))
      if (parts.length === 0) break
      spans = spans.filter((one) => !parts.includes(one))
      const hidden = parts.filter((one) => !lets.has(one))
      const start = Math.min(whole.start, ...hidden.map((one) => one.start))
      const end = Math.max(whole.end, ...hidden.map((one) => one.end))
      whole = { ...whole, start, end }
    }
    if (whole !== secret) spans = spans.map((one) => (one === secret ? whole : one))
  }
  return spans
}

function isPartOf(secret: Span, one: Span): boolean {
  if (one.end <= secret.start || one.start >= secret.end) return false
  if (one.start > secret.start || one.end < secret.end) return true
  const isSame = one.start === secret.start && one.end === secret.end
  return isSame && (secret.rule === passwordRule || (lets.has(one) && isNamedSecret(secret)))
}

/** Spans in one overlapping group that are compared pair by pair. */
const groupMax = 256

const byPosition = (one: Span, other: Span): number =>
  one.start - other.start || other.end - one.end

const stronger = (one: Span, other: Span): number =>
  Number(lets.has(one)) - Number(lets.has(other)) ||
  Number(isWhole(other)) - Number(isWhole(one)) ||
  other.confidence - one.confidence ||
  Number(other.validator !== undefined) - Number(one.validator !== undefined) ||
  other.end - other.start - (one.end - one.start) ||
  one.start - other.start

function push(into: Spans, span: Span | undefined): void {
  if (span !== undefined) into.push(span)
}

function sortTail(into: Spans, first: number): void {
  for (let at = first + 1; at < into.length; at++) {
    if ((into[at]?.start ?? 0) < (into[at - 1]?.start ?? 0)) {
      const tail = into.splice(first).sort(byPosition)
      for (const span of tail) into.push(span)
      return
    }
  }
}
