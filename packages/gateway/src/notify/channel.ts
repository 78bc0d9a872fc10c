import type { Message } from '../model/message.ts'

/** A way to tell people or programs something. It holds no state: what was sent is remembered by the store. */
export type Channel = {
  /** Tells it once. Never rejects. Ends with the signal, at the latest. */
  readonly send: (asked: Sending) => Promise<Sent>
}

export type Sending = {
  /** The notice's: the same however often it is tried, so that a receiver knows a repetition. */
  readonly id: string
  /** When it happened, Unix milliseconds. */
  readonly at: number
  readonly message: Message
  /** Where it can be looked at; absent: nobody said how people reach the gateway. */
  readonly link: string | undefined
  /** What the channel called the last message about the same thing. */
  readonly reference: string | undefined
  readonly signal: AbortSignal
}

/** `why` is for the operator's log: words of ours and codes, never a text of the other side or a secret. */
export type Sent =
  | { readonly kind: 'sent'; readonly reference?: string }
  | { readonly kind: 'failed'; readonly why: string; readonly retryAfterMs?: number }
  /** What it continues was not sent yet. */
  | { readonly kind: 'early' }
  /** It will not be taken, however often it is tried. */
  | { readonly kind: 'refused'; readonly why: string }

/** Looks up a secret; rejects with an Error that names the reference and never the value. */
export type Resolve<Reference> = (reference: Reference) => Promise<string>
