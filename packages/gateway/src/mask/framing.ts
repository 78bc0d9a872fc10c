import type { Automaton } from './automaton.ts'
import { CellReader } from './body/cell-reader.ts'
import { isDelta, isDeltaOfLines } from './body/delta-pieces.ts'
import { elementsBody, jsonOrElements } from './body/elements-body.ts'
import { formBody } from './body/form-body.ts'
import { markupBody } from './body/markup-body.ts'
import { multipartBody } from './body/multipart-body.ts'
import { tableBody } from './body/table-body.ts'
import type { SpanSeen } from './body/telling.ts'
import { textBody } from './body/text-body.ts'
import { tokenListsBody } from './body/token-lists-body.ts'
import { behindMark } from './byte-order-mark.ts'
import type { Detection } from './detection.ts'
import { inCharset, noBinary } from './encoding.ts'
import { eventStreamBody } from './event-stream.ts'
import type { FindingCount } from './finding-count.ts'
import { emptyBody, type Framing, jsonBody, jsonLinesBody } from './json-body.ts'
import { detectedLinesBody } from './json-lines.ts'
import { JsonMasker } from './json-masker.ts'
import { charsetOf, essenceOf, parameterOf } from './media-type.ts'
import type { SpanFound } from './plan.ts'
import { Splice } from './splice.ts'

/** What is done with one body. */
export type Masking = {
  readonly automaton: Automaton
  /** Whether there are rules or field lists that name values by their path. */
  readonly declared: boolean
  readonly detection: Detection | undefined
  readonly key: Uint8Array
  readonly found: FindingCount
  readonly seen?: SpanSeen | undefined
  readonly eachLook?: boolean | undefined
}

/** How a body of this media type is read; undefined when it cannot be masked. */
export function framingFor(mediaType: string, masking: Masking): Framing | undefined {
  const { seen } = masking
  let mark = 0
  const told = seen && ((span: SpanFound) => seen(movedBy(mark, span)))
  const framing = framingOf(mediaType, { ...masking, seen: told }, { depth: 0 })
  const isMarked = isJson(essenceOf(mediaType))
  const onMark = (bytes: number) => {
    mark = bytes
  }
  return (
    framing && inCharset(charsetOf(mediaType), isMarked ? behindMark(framing, onMark) : framing)
  )
}

function framingOf(
  mediaType: string,
  masking: Masking,
  { depth }: { readonly depth: number },
): Framing | undefined {
  const type = essenceOf(mediaType)
  const { automaton, detection, key, found } = masking
  const reader = detection && new CellReader({ ...masking, detection })
  const json = (isPiece?: (path: string) => boolean) => {
    const out = new Splice()
    const places = detection?.places
    return { out, masker: new JsonMasker({ automaton, key, found, out, reader, places, isPiece }) }
  }
  if (type === '') return emptyBody()
  if (isJson(type)) {
    const { masker, out } = json()
    const whole = jsonBody(masker, out)
    if (reader === undefined) return whole
    const elements = () => elementsBody(reader, json(isDelta))
    return jsonOrElements(tokenListsBody(whole, reader), elements)
  }
  if (jsonLines.has(type)) {
    const whole = json()
    if (reader !== undefined) {
      const spotted = { any: false }
      const isPiece = (path: string) => {
        const is = isDeltaOfLines(path)
        spotted.any ||= is
        return is
      }
      return detectedLinesBody(reader, { ...json(isPiece), spotted }, whole)
    }
    return jsonLinesBody(whole.masker, whole.out)
  }
  if (type === 'text/event-stream') {
    const { masker, out } = json(isDelta)
    return eventStreamBody(masker, out, reader && { reader, declared: masking.declared })
  }
  // Paths lead through JSON only: where rules name values by them, nothing else can be masked.
  if (reader === undefined || masking.declared) return undefined
  if (type.startsWith('multipart/') && depth < multipartDepth) {
    const boundary = parameterOf(mediaType, 'boundary')
    const partOf = (partType: string, at: number) =>
      partFraming(partType, beginningAt(at, masking), depth + 1)
    return boundary === undefined ? undefined : multipartBody(reader, boundary, partOf)
  }
  const text = textFraming(type, reader)
  return text && noBinary(text)
}

const isJson = (type: string): boolean =>
  type === 'application/json' || type === 'text/json' || jsonSuffix.test(type)

const jsonSuffix = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\+json$/
const jsonLines = new Set([
  'application/x-ndjson',
  'application/jsonl',
  'application/x-jsonlines',
  'application/ndjson',
])
/** Multipart within multipart, as mail has it. */
const multipartDepth = 3

function textFraming(type: string, reader: CellReader): Framing | undefined {
  if (type === 'text/csv' || type === 'application/csv') return tableBody(reader)
  if (type === 'text/tab-separated-values') return tableBody(reader, 0x09)
  if (type === 'application/x-www-form-urlencoded') return formBody(reader)
  const html = type === 'text/html'
  if (html || /[/+]xml$/.test(type)) return markupBody(reader, { html })
  return type.startsWith('text/') || texts.has(type) ? textBody(reader) : undefined
}

/** Media types outside of `text/` that are text in lines. */
const texts = new Set([
  'application/yaml',
  'application/x-yaml',
  'application/toml',
  'application/javascript',
  'application/ecmascript',
  'application/graphql',
  'application/sql',
  'application/x-sh',
  'application/x-pem-file',
])

/** The masking of what begins there in the body: what is seen is told by its place in all of it. */
function beginningAt(at: number, { seen, ...masking }: Masking): Masking {
  if (seen === undefined) return masking
  return { ...masking, seen: (span) => seen(movedBy(at, span)) }
}

const movedBy = (bytes: number, span: SpanFound): SpanFound => ({
  ...span,
  start: span.start + bytes,
  end: span.end + bytes,
})

/** A part of another type is read as text where it is: a file's type is what its sender guessed. */
function partFraming(mediaType: string, masking: Masking, depth: number): Framing | undefined {
  const known = framingOf(mediaType, masking, { depth })
  if (known !== undefined) return inCharset(charsetOf(mediaType), known)
  const { detection } = masking
  if (detection === undefined || charsetOf(mediaType) === undefined) return undefined
  return inCharset('utf-8', noBinary(textBody(new CellReader({ ...masking, detection }))))
}
