import type { McpAnswer, McpEvent } from './mcp-endpoint.ts'
import { type McpId, type McpMessage, readMessages } from './mcp-message.ts'

/**
 * Passes the messages of an answer on, a line each, as they come; takes the ids they answer out of `waiting`. Resolves,
 * when there are no more or nothing is waited for any more, with the last event that said where to go on from. Throws
 * when the answer broke off; what was passed on until then stays passed on.
 */
export async function passOn(
  answer: McpAnswer,
  given: {
    readonly waiting: Set<McpId>
    readonly write: (line: string) => Promise<void>
    readonly onMessage?: (message: McpMessage, answer: McpAnswer) => void
    /** Told of every event that says where to go on from, for when the answer breaks off. */
    readonly onPlace?: (event: McpEvent) => void
  },
): Promise<void> {
  const { waiting, write, onMessage, onPlace } = given
  const isAsked = waiting.size > 0
  for await (const event of answer.messages) {
    if (event.id !== undefined || event.retryMs !== undefined) onPlace?.(event)
    const messages = event.text === '' ? [] : readMessages(event.text)
    // What is no message is never written: the client reads nothing else.
    if (!messages) throw new Error('The gateway answered something that is no JSON-RPC message.')
    if (messages.length === 0) continue
    for (const message of messages) {
      onMessage?.(message, answer)
      if (message.method === undefined && message.id !== undefined) waiting.delete(message.id)
    }
    // A line break in JSON stands between its words, where any blank will do.
    await write(event.text.replace(/[\r\n]+/g, ' '))
    if (isAsked && waiting.size === 0) return
  }
}

/** Reads the rest of an answer nobody wants, so that its connection may be used again. */
export async function drain({ messages }: McpAnswer): Promise<void> {
  for await (const _ of messages);
}
