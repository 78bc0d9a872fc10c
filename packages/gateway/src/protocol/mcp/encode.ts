import type { Reply } from '../../call/stage.ts'
import { limits } from '../../config/limits.ts'
import { isJsonObject, type Json } from '../../model/json.ts'
import { type DressedAnswer, type Dressing, dressAnswer } from './caller/result.ts'
import { Lines } from './message/lines.ts'
import { isLoudEnough } from './message/log-level.ts'
import { membersOf } from './message/members.ts'

export type EncodeGiven = {
  readonly dressing: Dressing
  /** As the caller named its progress; undefined: it wants to hear of none. */
  readonly progressToken: string | number | undefined
  readonly logLevel: string | undefined
  /** Sends one message before the answer. Resolves when more may come. */
  readonly notify: (message: Uint8Array) => Promise<void>
}

/**
 * `Reply` → its last frame as it goes out, after every notification before it was sent. Whatever happens, the body is
 * read to its end or given back, because its ending is recorded there. Throws where the frames break off.
 */
export async function encode(reply: Reply, given: EncodeGiven): Promise<DressedAnswer> {
  const frame = await lastFrame(reply, async (notification) => {
    const message = notificationFor(notification, given)
    if (message) await given.notify(message)
  })
  return dressAnswer(frame, reply, given.dressing)
}

async function lastFrame(
  { body, head }: Reply,
  onNotification: (frame: Uint8Array) => Promise<void>,
): Promise<Uint8Array> {
  if (head.mediaType === 'application/json') return whole(body)
  const frames: Uint8Array[] = []
  const onLine = (line: Uint8Array) => {
    if (line.length > 0) frames.push(line)
  }
  const lines = new Lines({ onLine, bytesMax: bytesMax(), endsAtReturn: false })
  for await (const chunk of body) {
    if (!lines.push(chunk)) throw new Error('a frame is too long')
    while (frames.length > 1) await onNotification(frames.shift() ?? nothing)
    const [only] = frames
    if (only && isNotification(only)) await onNotification(frames.shift() ?? nothing)
  }
  lines.push(lineFeed)
  while (frames.length > 1) await onNotification(frames.shift() ?? nothing)
  const [last] = frames
  if (!last || isNotification(last)) throw new Error('the frames end without an answer')
  return last
}

async function whole(body: Reply['body']): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > bytesMax()) throw new Error('a frame is too long')
    chunks.push(chunk)
  }
  const [only] = chunks
  return chunks.length === 1 && only ? only : Buffer.concat(chunks)
}

/** Masking may write more than it hides, but not without end. */
const bytesMax = () => 2 * limits.mcpFrameBytes

function isNotification(frame: Uint8Array): boolean {
  return membersOf(frame)?.has('method') === true
}

/**
 * A notification of the upstream's in the words of the caller's hop; undefined for one that it did not ask for, or that
 * belongs to no request.
 */
function notificationFor(
  frame: Uint8Array,
  { progressToken, logLevel, dressing }: EncodeGiven,
): Uint8Array | undefined {
  const value: Json = JSON.parse(Buffer.from(frame).toString('utf8'))
  if (!isJsonObject(value)) return undefined
  const { method, params = {} } = value
  if (!isJsonObject(params)) return undefined
  const message = (given: Json) =>
    Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, params: given }))
  if (method === 'notifications/progress') {
    return progressToken === undefined ? undefined : message({ ...params, progressToken })
  }
  if (method === 'notifications/message') {
    return isLoudEnough(params.level, logLevel) ? message(params) : undefined
  }
  const isOfElicitation = method === 'notifications/elicitation/complete' && !dressing.modern
  return isOfElicitation ? message(params) : undefined
}

const nothing: Uint8Array = new Uint8Array(0)
const lineFeed: Uint8Array = Buffer.from('\n')
