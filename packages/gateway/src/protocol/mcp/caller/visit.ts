import { decidingParties, type Principal } from '../../../model/principal.ts'
import type { HttpRequest } from '../../door/request.ts'
import type { HttpResponse } from '../../door/response.ts'
import type { Caller } from '../decode.ts'
import type { CallerSession } from './session.ts'

/** One HTTP request to an endpoint, before anybody knows who it is of. */
export type Visit = {
  readonly request: HttpRequest
  readonly response: HttpResponse
  readonly caller: Caller
  /** What every answer says in its head. */
  readonly headers: Readonly<Record<string, string>>
  /** Aborted when the caller leaves. */
  readonly gone: AbortSignal
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal
}

/** The same, of somebody who has proved who they are; with the session it names, if it is a request of one. */
export type Known = Visit & {
  readonly principal: Principal
  readonly session: CallerSession | undefined
}

/** Names a session; undefined where there is none. */
export function ownerOf({ session }: Pick<Known, 'session'>): string | undefined {
  return session?.id
}

/** Whose bounds count for what is done in their name. */
export function partiesOf({ principal }: Pick<Known, 'principal'>): readonly string[] {
  return decidingParties(principal).map(({ id }) => id)
}
