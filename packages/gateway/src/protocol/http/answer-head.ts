import type { Raw } from '../../call/stage.ts'
import type { HeaderPair } from '../door/request.ts'
import { type Coding, codingsOf } from './content-coding.ts'
import { isDigest } from './digest-header.ts'
import { headersForCaller } from './header.ts'

export type AnswerHeaders = Readonly<Record<string, string | string[] | undefined>>

/**
 * What the caller may be told of an upstream's head, or why it is no answer. Where a head can be read in
 * two ways we would mask or record by one and the caller act on the other, so it is none.
 */
export function readHead(
  status: number,
  received: AnswerHeaders,
  { hidden, definitionHeader }: HeadOptions,
): AnswerRead | { readonly problem: string } {
  if (status > statusMax) return { problem: 'It answered with a status HTTP does not have.' }
  const headers = withoutRepeats(received)
  if (typeof headers === 'string') return { problem: `It said two different ${headers} headers.` }
  const transferEncoding = headers['transfer-encoding']
  if (transferEncoding !== undefined && !isChunked(transferEncoding)) return encoded
  const fragment = fragments.has(status) || headers['content-range'] !== undefined
  const { codings, isClosed } = codingsSaid(headers['content-encoding'], { fragment })
  const contentType = headers['content-type']
  const stated = definitionHeader === undefined ? undefined : headers[definitionHeader]
  return {
    // Said twice it is one statement too: another one than either of the two.
    ...(stated !== undefined && { stated: [stated].flat().join(', ') }),
    ...{ fragment, codings, isClosed },
    ...(codings.length === 0 && saidBytes(headers['content-length'])),
    head: {
      status,
      headers: headersForCaller(headers)
        .filter(([name]) => !hidden || !isDigest(name))
        .flatMap(codings.length === 0 ? (pair) => [pair] : ofOpened),
      mediaType: typeof contentType === 'string' ? contentType : '',
    },
  }
}

export type AnswerRead = Pick<Raw, 'head' | 'fragment' | 'isClosed' | 'stated' | 'bytes'> & {
  /** How the body is encoded that the head belongs to once it is opened. */
  readonly codings: readonly Coding[]
}

type HeadOptions = {
  /** Something of the result may be hidden. */
  readonly hidden: boolean
  /** The header, in lower case, in which the upstream states its definition; undefined: it does not. */
  readonly definitionHeader?: string | undefined
}

/** Classes end with 5xx (RFC 9110 section 15); nothing else can be sent on over HTTP/2. */
const statusMax = 599

const encoded = { problem: 'It encoded its answer below HTTP although asked not to.' }

/** We asked for plain bytes, and masking works on them: what came otherwise is opened, where it can be. */
function codingsSaid(
  said: string | string[] | undefined,
  { fragment }: { readonly fragment: boolean },
): { readonly codings: readonly Coding[]; readonly isClosed: boolean } {
  const codings = codingsOf(typeof said === 'string' ? said : undefined)
  // A part of an encoded body begins anywhere in it.
  const isClosed = codings === undefined || (fragment && codings.length > 0)
  return { codings: isClosed ? [] : codings, isClosed }
}

/**
 * What a header says once the body is opened: its bytes are others, so digests go, and a strong tag is a weak one
 * (RFC 9110 section 8.8.1).
 */
function ofOpened([name, value]: HeaderPair): readonly HeaderPair[] {
  if (name === 'etag') return [[name, value.startsWith('W/') ? value : `W/${value}`]]
  return name === 'content-encoding' || isDigest(name) ? [] : [[name, value]]
}

/** Partial Content (RFC 9110), and IM Used (RFC 3229): a difference to another answer. */
const fragments: ReadonlySet<number> = new Set([206, 226])

/** Of these there is one or none (RFC 9110 section 5.3). Content-Length is the parser's business. */
const singletons = [
  'content-disposition',
  'content-encoding',
  'content-location',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'location',
  'retry-after',
] as const

/** The same with each singleton once, when all that was said of it is the same; else the name of the one that differs. */
function withoutRepeats(headers: AnswerHeaders): AnswerHeaders | string {
  let once = headers
  for (const name of singletons) {
    const values = headers[name]
    if (!Array.isArray(values)) continue
    const [value] = values
    if (values.some((one) => one !== value)) return name
    once = { ...once, [name]: value }
  }
  return once
}

/** The parser has seen to it that so many come. */
function saidBytes(length: AnswerHeaders[string]): Pick<Raw, 'bytes'> {
  const bytes = Number(length)
  return Number.isSafeInteger(bytes) ? { bytes } : {}
}

function isChunked(transferEncoding: string | readonly string[]): boolean {
  return typeof transferEncoding === 'string' && transferEncoding.trim().toLowerCase() === 'chunked'
}
