import { Automaton } from './automaton.ts'
import { CellReader } from './body/cell-reader.ts'
import type { Detection } from './detection.ts'
import { isFieldName } from './field-words.ts'
import { FindingCount } from './finding-count.ts'
import { jsonBody } from './json-body.ts'
import { JsonMasker } from './json-masker.ts'
import { type Finding, type Header, MaskError } from './plan.ts'
import { Splice } from './splice.ts'

/**
 * Hides in the headers of an answer what the rules find in its body: each is read as a member of that name. Paths
 * mean nothing there, so a rule that hides at some covers all of them. A header whose value is removed, or cannot be
 * said any more, is left out, and so is a Content-Type that is not what it was: by what was left of it the body would be
 * read in another way.
 */
export function maskHeaders(
  headers: readonly Header[],
  looking: { readonly detection: Detection; readonly key: Uint8Array },
): { readonly headers: readonly Header[]; readonly findings: readonly Finding[] } {
  // Mostly nothing is found in any, which one look tells.
  if (lookAt(headers, looking).findings.length === 0) return { headers, findings: [] }
  const left: Header[] = []
  const findings: Finding[] = []
  for (const header of headers) {
    const [name, value] = header
    const looked = lookAt([header], looking)
    const path = `header:${isName(name) ? name : '*'}`
    for (const finding of looked.findings) findings.push({ ...finding, path })
    const masked = looked.values[0]
    if (masked === value) left.push(header)
    else if (masked && name !== 'content-type') left.push([name, masked])
  }
  return { headers: left, findings: together(findings) }
}

/** A name that may be somebody's is no part of what the record says. */
const isName = (name: string): boolean => name.split('-').every(isFieldName)

/** Several headers of one name are one place. */
function together(findings: readonly Finding[]): readonly Finding[] {
  const places = new Map<string, Finding>()
  for (const finding of findings) {
    const { count, ...what } = finding
    const place = JSON.stringify(what)
    places.set(place, { ...finding, count: count + (places.get(place)?.count ?? 0) })
  }
  return [...places.values()]
}

const idle = new Automaton([], [])

/** The same headers as members of JSON; undefined: nothing is left of the value. */
function lookAt(
  headers: readonly Header[],
  { detection, key }: { readonly detection: Detection; readonly key: Uint8Array },
): { readonly values: readonly (string | undefined)[]; readonly findings: readonly Finding[] } {
  const found = new FindingCount(detection.declaredNames)
  const out = new Splice()
  const reader = new CellReader({ detection, key, found })
  const { push, end } = jsonBody(new JsonMasker({ automaton: idle, key, found, out, reader }), out)
  const told = headers.map(([name, value]) => ({ [spokenName(name)]: readable(value) }))
  const masked = Buffer.concat([push(Buffer.from(JSON.stringify(told))), end()])
  const read: unknown = JSON.parse(masked.toString())
  if (!Array.isArray(read) || read.length !== headers.length) {
    throw new MaskError('The headers cannot be masked.')
  }
  const values = read.map((one: unknown, at) => {
    const [name = '', before = ''] = headers[at] ?? []
    const value = valueIn(one, spokenName(name))
    return value === readable(before) ? before : value && sendable(value)
  })
  return { values, findings: found.list() }
}

/**
 * The name that a header is read under. A token against forged requests is sent for its caller to send it back, and
 * opens nothing by itself: its name makes no secret of it. What it looks like still may.
 */
const spokenName = (name: string): string => (forgery.test(name) ? 'header' : name)

/** Of Rails and SAP, Angular, Django, ASP.NET. */
const forgery = /^(?:(?:x-)?(?:csrf|xsrf)-?token|requestverificationtoken)$/

/** What became of the one member; undefined where it was removed, became another kind, or has another name. */
function valueIn(masked: unknown, name: string): string | undefined {
  if (typeof masked !== 'object' || masked === null) return undefined
  const value: unknown = Object.entries(masked).find(([key]) => key === name)?.[1]
  return typeof value === 'string' ? value : undefined
}

/** Bytes of a header are characters (RFC 9110 section 5.5); what they mean is mostly UTF-8. */
function readable(value: string): string {
  if (!/^[\0-\xff]*$/.test(value)) return value
  const text = Buffer.from(value, 'latin1').toString('utf8')
  return text.includes('\ufffd') ? value : text
}

function sendable(value: string): string | undefined {
  const bytes = /^[\0-\xff]*$/.test(value) ? value : Buffer.from(value).toString('latin1')
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(bytes) ? bytes : undefined
}
