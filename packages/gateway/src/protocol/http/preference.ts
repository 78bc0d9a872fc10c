import type { ClearanceTerms } from '../../model/clearance.ts'
import type { HeaderPair } from '../door/request.ts'

/** What a caller would like of the answer. */
export type Preferences = {
  /** Milliseconds; undefined: it did not say. */
  readonly waitMs: number | undefined
  readonly respondAsync: boolean
}

/**
 * `Prefer` (RFC 7240): `wait` (section 4.3) and `respond-async` (section 4.1), from any number of fields. Names
 * are compared without case; of one that is said twice the first counts (section 2). What cannot be read, or is
 * not known here, is as if it had not been said.
 */
export function preferencesOf(headers: readonly HeaderPair[]): Preferences {
  const said = new Map<string, string>()
  const text = valuesOf(headers, 'prefer').join(',')
  for (const preference of splitOutsideQuotes(text, ',')) {
    const [first = ''] = splitOutsideQuotes(preference, ';')
    const { name, value } = pairOf(first)
    if (name !== '' && !said.has(name)) said.set(name, value ?? '')
  }
  const wait = said.get('wait')
  return {
    waitMs: wait !== undefined && /^\d{1,6}$/.test(wait) ? Number(wait) * 1000 : undefined,
    respondAsync: said.get('respond-async') === '',
  }
}

/** `Sallyport-Defer: true`: the gateway is to make the call by itself once it is approved. */
export function deferralAsked(
  headers: readonly HeaderPair[],
): { readonly deferred: boolean } | { readonly problem: string } {
  const [value = 'false'] = valuesOf(headers, 'sallyport-defer')
  const asked = value.trim().toLowerCase()
  if (asked === 'true' || asked === 'false') return { deferred: asked === 'true' }
  return { problem: 'Sallyport-Defer is true or false.' }
}

/**
 * `Sallyport-Clearance: window; uses=10; for=30m; when="context.args.amount <= 100"`: what people are asked to
 * allow. `when` may be said several times.
 */
export function termsAsked(
  headers: readonly HeaderPair[],
): { readonly terms: ClearanceTerms | undefined } | { readonly problem: string } {
  const [value] = valuesOf(headers, 'sallyport-clearance')
  if (value === undefined) return { terms: undefined }
  const [kind = '', ...rest] = splitOutsideQuotes(value, ';')
  const word = kind.trim().toLowerCase()
  const parameters = rest.map(pairOf)
  if (word === 'call' && parameters.length === 0) return { terms: { kind: 'call' } }
  if (word !== 'window' && word !== 'session') {
    return { problem: 'Sallyport-Clearance is call, window or session.' }
  }
  const of = (name: string) =>
    parameters.flatMap((one) => (one.name === name ? [one.value ?? ''] : []))
  const [uses, lasts] = [of('uses'), of('for')]
  const forMs = durationMs(lasts[0])
  const isWhole = uses.length === 1 && lasts.length === 1
  const isKnown = parameters.every(
    ({ name }) => name === 'uses' || name === 'for' || name === 'when',
  )
  if (!isWhole || !isKnown || !/^[1-9]\d{0,8}$/.test(uses[0] ?? '') || forMs === undefined) {
    return {
      problem: `Sallyport-Clearance is written like this: ${word}; uses=10; for=30m; when="…".`,
    }
  }
  return { terms: { kind: word, uses: Number(uses[0]), forMs, when: of('when') } }
}

function durationMs(text = ''): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,6})(s|m|h)$/.exec(text) ?? []
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000 }[unit]
  const ms = Number(digits) * (unitMs ?? 0)
  return ms > 0 ? ms : undefined
}

function valuesOf(headers: readonly HeaderPair[], name: string): readonly string[] {
  return headers.flatMap(([one, value]) => (one === name ? [value] : []))
}

/** `name`, `name=token` or `name="quoted \" text"` (RFC 9110 sections 5.6.2 and 5.6.4). */
function pairOf(text: string): { readonly name: string; readonly value: string | undefined } {
  const equals = text.indexOf('=')
  if (equals < 0) return { name: text.trim().toLowerCase(), value: undefined }
  const name = text.slice(0, equals).trim().toLowerCase()
  const value = text.slice(equals + 1).trim()
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"')
  return { name, value: isQuoted ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value }
}

/** Linear in the text, whatever it is. */
function splitOutsideQuotes(text: string, separator: ',' | ';'): readonly string[] {
  const parts: string[] = []
  let begin = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isQuoted && character === '\\') at++
    else if (character === '"') isQuoted = !isQuoted
    else if (character === separator && !isQuoted) {
      parts.push(text.slice(begin, at))
      begin = at + 1
    }
  }
  parts.push(text.slice(begin))
  return parts
}
