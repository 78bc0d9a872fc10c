import type { HeaderPair } from '../door/request.ts'

/** A request as the room reads it before anybody knows who sent it. */
export type Head = {
  readonly method: string
  readonly url: string
  readonly host: string
  readonly headers: readonly HeaderPair[]
}
