import { Refusal } from '../../call/refusal.ts'
import type { Reply } from '../../call/stage.ts'
import type { Limits } from '../../config/limits.ts'
import {
  breakOff,
  drained,
  encodeWhole,
  type HttpResponse,
  isGone,
  write,
  writeHead,
} from '../door/response.ts'
import { writeRefusal } from './refusal.ts'

const bodiless = new Set([204, 304])

type EncodeOptions = {
  readonly method: string
  readonly limits: Pick<Limits, 'callerStallMs' | 'headWaitMs'>
}

/**
 * `Reply` → wire. Keeps the caller's back pressure; a body that breaks breaks the response, visibly, and one that breaks
 * before anything of it has come is refused: the head waits for that, for a while. Refuses `upstream-failed` where the
 * head cannot be said in the caller's protocol. Whatever happens, the body is read to its end or given back, because its ending is
 * recorded there.
 */
export async function encode(
  reply: Reply,
  response: HttpResponse,
  { method, limits }: EncodeOptions,
): Promise<void> {
  const empty = bodiless.has(reply.head.status) || method === 'HEAD'
  const body = reply.body[Symbol.asyncIterator]()
  const first = await firstOf(reply, body, limits.headWaitMs)
  try {
    writeHead(response, statusOf(reply), headersOf(reply, empty))
    // Over HTTP/1.1 a head waits for what is written next.
    if ('later' in first && !('stream' in response)) response.flushHeaders()
  } catch (cause) {
    await body.return?.()
    throw unsayable(reply, cause)
  }
  response.on('timeout', () => breakOff(response))
  try {
    const { callerStallMs: stallMs } = limits
    await pump(body, response, { first, empty, stallMs })
  } catch {
    // The ending is recorded where it happened; what is left is to show the caller a broken body.
    breakOff(response)
    await body.return?.()
  }
}

type Read = IteratorResult<Uint8Array>

/** What was read first of a body; `later`: nothing has come so far. */
type First = { readonly read: Read } | { readonly later: Promise<Read> }

/** Nothing has gone out yet: what is thrown can still be said. */
async function firstOf(
  reply: Reply,
  body: AsyncIterator<Uint8Array>,
  waitMs: number,
): Promise<First> {
  const later = body.next()
  const wait = Promise.withResolvers<First>()
  const timer = setTimeout(() => wait.resolve({ later }), waitMs)
  try {
    return await Promise.race([later.then((read) => ({ read })), wait.promise])
  } catch (thrown) {
    await body.return?.()
    throw placed(Refusal.from(thrown), reply)
  } finally {
    clearTimeout(timer)
  }
}

/** 1xx are no answers, and there is nothing beyond 599 (RFC 9110 section 15): HTTP/2 cannot send either. */
function statusOf({ head: { status } }: Reply): number {
  if (status >= 200 && status <= 599) return status
  throw new Error('a status that is none')
}

function headersOf(
  { head, record, callId, length, review }: Reply,
  empty: boolean,
): Record<string, string | string[]> {
  // An upstream may name a header like what every object inherits.
  const headers: Record<string, string | string[]> = Object.create(null)
  headers['sallyport-record'] = `${record.origin}#${record.index}`
  headers['sallyport-call'] = callId
  if (review !== undefined) headers['sallyport-review'] = review
  for (const [name, value] of head.headers) {
    const known = headers[name]
    if (known === undefined) headers[name] = value
    else if (!once.has(name)) headers[name] = [known, value].flat()
  }
  if (length !== undefined && !empty) headers['content-length'] = String(length)
  return headers
}

/** Means one thing or nothing; of two the first counts, as most callers read it. HTTP/2 refuses to send both. */
const once = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'age',
  'content-encoding',
  'content-language',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'location',
  'retry-after',
  'tk',
  'x-content-type-options',
])

function unsayable(reply: Reply, cause: unknown): Refusal {
  const detail = 'Its answer has a head that cannot be passed on.'
  return placed(new Refusal('upstream-failed', { detail, cause }), reply)
}

function placed(refusal: Refusal, { record, callId }: Reply): Refusal {
  refusal.record = `${record.origin}#${record.index}`
  refusal.callId = callId
  return refusal
}

async function pump(
  body: AsyncIterator<Uint8Array>,
  response: HttpResponse,
  {
    first,
    empty,
    stallMs,
  }: { readonly first: First; readonly empty: boolean; readonly stallMs: number },
): Promise<void> {
  let read = 'read' in first ? first.read : await first.later
  for (; !read.done; read = await body.next()) {
    if (isGone(response)) return void (await body.return?.())
    if (!empty && !write(response, read.value)) await drained(response, stallMs)
    if (isGone(response) || response.writableEnded) return void (await body.return?.())
  }
  response.end()
  if (!isGone(response) && response.writableLength > 0) response.setTimeout(stallMs)
}

export function encodeRefusal(
  refusal: Refusal,
  response: HttpResponse,
  asked: Parameters<typeof writeRefusal>[1] = {},
): void {
  encodeWhole(writeRefusal(refusal, asked), response)
}
