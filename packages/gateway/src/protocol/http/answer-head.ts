import type { Raw } from '../../call/stage.ts'
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
): Pick<Raw, 'head' | 'fragment' | 'stated'> | { readonly problem: string } {
  if (status > statusMax) return { problem: 'It answered with a status HTTP does not have.' }
  const headers = withoutRepeats(received)
  if (typeof headers === 'string') return { problem: `It said two different ${headers} headers.` }
  const contentEncoding = headers['content-encoding']
  // Masking works on plain bytes; we asked for identity, and what we cannot open we do not pass.
  if (contentEncoding !== undefined && contentEncoding !== 'identity') return encoded
  const transferEncoding = headers['transfer-encoding']
  if (transferEncoding !== undefined && !isChunked(transferEncoding)) return encoded
  const contentType = headers['content-type']
  const stated = definitionHeader === undefined ? undefined : headers[definitionHeader]
  return {
    // Said twice it is one statement too: another one than either of the two.
    ...(stated !== undefined && { stated: [stated].flat().join(', ') }),
    fragment: fragments.has(status) || headers['content-range'] !== undefined,
    head: {
      status,
      headers: headersForCaller(headers).filter(([name]) => !hidden || !isDigest(name)),
      mediaType: typeof contentType === 'string' ? contentType : '',
    },
  }
}

type HeadOptions = {
  /** Something of the result may be hidden. */
  readonly hidden: boolean
  /** The header, in lower case, in which the upstream states its definition; undefined: it does not. */
  readonly definitionHeader?: string | undefined
}

/** Classes end with 5xx (RFC 9110 section 15); nothing else can be sent on over HTTP/2. */
const statusMax = 599

const encoded = { problem: 'It encoded its answer although asked not to.' }

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

function isChunked(transferEncoding: string | readonly string[]): boolean {
  return typeof transferEncoding === 'string' && transferEncoding.trim().toLowerCase() === 'chunked'
}
