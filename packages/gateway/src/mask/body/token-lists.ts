import { limits } from '../limits.ts'
import { MaskError } from '../plan.ts'
import type { CellReader } from './cell-reader.ts'
import { walkJson } from './json-walk.ts'
import type { RawCell } from './raw-cell.ts'
import { traitsOf } from './traits.ts'
import { ListEnd } from './value-ends.ts'

/** Where in a JSON text a value begins that says of a text which tokens it is made of. */
export type TokenList = { readonly from: number; readonly array: boolean }

/** The first list behind `from`, or where what may be the name of one begins of which more has to come. */
export function nextTokenList(
  bytes: Buffer,
  from: number,
): TokenList | { readonly unclear: number } | undefined {
  for (let at = bytes.indexOf(nameBegins, from); at >= 0; at = bytes.indexOf(nameBegins, at + 1)) {
    const text = bytes.toString('latin1', at, at + nameBytesMax)
    const begin = beginsList.exec(text)?.[0]
    if (begin !== undefined) {
      const first = at + begin.length - 1
      return { from: first, array: bytes[first] === 0x5b }
    }
    if (at + nameBytesMax > bytes.length && mayBeginList.test(text)) return { unclear: at }
  }
  const least = Math.max(from, bytes.length - nameBegins.length)
  const quote = bytes.lastIndexOf(0x22)
  if (quote < least || !nameBegins.startsWith(bytes.toString('latin1', quote))) return undefined
  return { unclear: quote }
}

/** Of Gemini it is `logprobsResult`. */
const nameBegins = '"logprobs'
const beginsList = /^"logprobs(?:Result)?"\s{0,8}:\s{0,8}[[{]/
const mayBeginList = /^"logprobs(?:R?\w{0,5}"?|Result"\s{0,8}:?|"\s{0,8}:?)\s{0,8}$/
/** A name with its colon and the blanks around it. */
const nameBytesMax = 40

/** What stands in the place of a list: what the interfaces of models allow for one. */
export const emptyList = ({ array }: TokenList): Uint8Array => (array ? noTokens : nullText)

const noTokens: Uint8Array = Buffer.from('[]')
const nullText: Uint8Array = Buffer.from('null')

/** A JSON text of which something was hidden: what it says of tokens says it in clear, as bytes and as numbers. */
export function withoutTokenLists(payload: Uint8Array): Uint8Array {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length)
  const parts: Uint8Array[] = []
  let at = 0
  for (;;) {
    const list = nextTokenList(bytes, at)
    if (list === undefined || 'unclear' in list) break
    parts.push(bytes.subarray(at, list.from), emptyList(list))
    const end = new ListEnd().find(bytes, list.from)
    at = end < 0 ? bytes.length : end
  }
  return at === 0 ? payload : Buffer.concat([...parts, bytes.subarray(at)])
}

/** Whether the tokens of a list, read as the one text they are, hold anything that is hidden. Counts it. */
export function holdsHidden(list: Uint8Array, reader: CellReader): boolean {
  const bytes = textOf(list)
  if (bytes.length > limits.tokenBytes) {
    reader.telling.unsettled()
    return true
  }
  const place = { path: () => '$..logprobs', open: undefined }
  const how = { kind: 'string', hint: 0, escapes: 'json' } as const
  const cell: RawCell = { bytes, from: 0, to: bytes.length, ...how, traits: 0, digits: 0, place }
  for (const byte of bytes) {
    const ofByte = traitsOf[byte] ?? 0
    cell.traits |= ofByte
    cell.digits += ofByte & 1
  }
  return reader.read(cell).length > 0
}

/** The texts of its tokens, one behind the other, as they are escaped. */
function textOf(list: Uint8Array): Uint8Array {
  const texts: Uint8Array[] = []
  const within: string[] = []
  let key = ''
  const end = walkJson(list, 0, list.length, {
    open: () => within.push(key),
    close: () => {
      key = within.pop() ?? ''
    },
    element: () => {},
    key: (from, to) => {
      key = Buffer.from(list.subarray(from, to)).toString('latin1')
    },
    string: (from, to) => {
      const isToken = key === 'token' || key === 'text' || key === 'tokens'
      if (isToken && !within.some((name) => alternatives.has(name))) {
        texts.push(list.subarray(from, to))
      }
    },
    number: () => {},
  })
  if (end < 0) throw new MaskError('What a body says of its tokens is no JSON.')
  return Buffer.concat(texts)
}

/** What else the model could have said there, for each token. */
const alternatives: ReadonlySet<string> = new Set(['top_logprobs', 'topCandidates'])
