import { breakOff, endWith, isGone, writeHead } from '../../door/response.ts'
import { composeAnswer } from '../message/compose.ts'
import type { MessageId } from '../message/upstream-message.ts'
import type { Visit } from './visit.ts'

type Head = {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Of the call that it answers. */
  readonly record?: string
}

type Speaking = Pick<Visit, 'response' | 'headers'>

/** One whole answer in JSON. */
export function sayJson(visit: Speaking, body: Uint8Array, { headers, ...head }: Head): void {
  say(visit, body, { ...head, headers: { 'content-type': 'application/json', ...headers } })
}

/** No answer but that it was taken, or was not. */
export function sayStatus(visit: Speaking, head: Head): void {
  say(visit, nothing, head)
}

function say({ response, headers: always }: Speaking, body: Uint8Array, head: Head): void {
  if (isGone(response)) return
  // Something was said already: nobody must take this for the rest of it.
  if (response.headersSent) {
    breakOff(response)
    return
  }
  const { status, headers, record } = head
  writeHead(response, status, {
    ...always,
    'cache-control': 'no-store',
    ...(record !== undefined && { 'sallyport-record': record }),
    ...headers,
    ...(status !== 204 && { 'content-length': String(body.length) }),
  })
  endWith(response, body)
}

/** The answer to one request; an error without an id answers nothing in particular. */
export function messageOf(id: MessageId | undefined, frame: Uint8Array): Uint8Array {
  if (id !== undefined) return composeAnswer(id, frame)
  return Buffer.concat([Buffer.from('{"jsonrpc":"2.0",'), frame.subarray(1)])
}

const nothing: Uint8Array = new Uint8Array(0)
