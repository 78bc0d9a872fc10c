import type { Recorded } from '../../call/stage.ts'

/**
 * Headers that are a digest of the bytes they come with (RFC 9110 section 8.8.3, RFC 9530, RFC 9421 and what
 * object stores send). Where something of the result is hidden they are wrong; and with one a caller could try
 * out what a short value is that was hidden from them, until the digest fits.
 */
const digests: ReadonlySet<string> = new Set([
  'content-digest',
  'content-md5',
  'digest',
  'etag',
  'repr-digest',
  'signature',
  'signature-input',
  'unencoded-digest',
  'x-goog-hash',
])

/** Asking whether a digest fits is the same, answered by a status. */
const conditions: ReadonlySet<string> = new Set(['if-match', 'if-none-match', 'if-range'])

/** Whether something of its result may be hidden: always the same for a function, so that it tells nothing. */
export function hidesResult({ fn, fields }: Pick<Recorded, 'fn' | 'fields'>): boolean {
  const detects = fn.detect?.some(({ direction }) => direction.includes('result')) === true
  return detects || fn.resultMasks.length > 0 || fields.length > 0
}

export function isDigest(name: string): boolean {
  return digests.has(name) || name.startsWith('x-amz-checksum-')
}

/**
 * Whether this header of a request may go out. On what changes something a condition stays: without it a change
 * could be made that its caller did not mean. So does one that the function calls an argument.
 */
export function isAskable(name: string, at: Pick<Recorded, 'fn' | 'fields' | 'outbound'>): boolean {
  if (!conditions.has(name) || !hidesResult(at)) return true
  const isSafe = at.outbound.method === 'GET' || at.outbound.method === 'HEAD'
  return !isSafe || Object.keys(at.fn.http?.places ?? {}).some((one) => one.toLowerCase() === name)
}
