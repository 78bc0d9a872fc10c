import type { Problem } from './contract.ts'

/** Every "no" of the admin API. The list is closed and public. */
const problems = {
  'request-invalid': { status: 400, title: 'The request does not have the form it should.' },
  'cursor-invalid': { status: 400, title: 'The cursor is none that this list gave out.' },
  'host-refused': { status: 400, title: 'This address is not one this API answers to.' },
  unauthenticated: { status: 401, title: 'Sign in first.' },
  'step-up-required': { status: 401, title: 'Sign in again, as strongly as this asks for.' },
  forbidden: { status: 403, title: 'You may not do this.' },
  'not-found': { status: 404, title: 'There is nothing here.' },
  'method-refused': { status: 405, title: 'This cannot be done here.' },
  conflict: { status: 409, title: 'It is no longer as you saw it.' },
  'vote-refused': { status: 409, title: 'The vote does not count.' },
  'approval-closed': { status: 409, title: 'The question is settled already.' },
  'clearance-closed': { status: 409, title: 'It allows nothing any more.' },
  'glass-refused': { status: 409, title: 'The glass stays whole.' },
  'review-refused': { status: 409, title: 'The review does not count.' },
  'access-refused': { status: 409, title: 'Nothing about this access was decided.' },
  'delegation-refused': { status: 409, title: 'Nobody votes for anybody by this.' },
  'not-integrated': { status: 409, title: 'The record is stored, but not yet under a checkpoint.' },
  'payload-gone': { status: 410, title: 'The payload was destroyed, as the log says.' },
  'request-too-large': { status: 413, title: 'The request is larger than this API accepts.' },
  'media-type-refused': { status: 415, title: 'Send JSON.' },
  'rulebook-invalid': { status: 422, title: 'The rulebook has problems; the one in force stays.' },
  'too-many-attempts': { status: 429, title: 'Too many attempts. Wait a moment.' },
  internal: { status: 500, title: 'The gateway failed. Quote the request to its operator.' },
  'payload-damaged': {
    status: 500,
    title: 'The payload cannot be opened: it is not what was kept.',
  },
  'store-unavailable': { status: 503, title: 'The store cannot do this now; nothing was changed.' },
  'rulebook-missing': { status: 503, title: 'No rulebook is in force.' },
  overloaded: { status: 503, title: 'The API is at its limit of concurrent work.' },
} as const

export type ProblemCode = keyof typeof problems

type Options = {
  /** Shown to the caller. */
  readonly detail?: string
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
  readonly headers?: Readonly<Record<string, string>>
}

/** Thrown by a route, written in one place: app.ts. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: ProblemCode
  readonly options: Options

  constructor(code: ProblemCode, options: Options = {}) {
    super(problems[code].title)
    this.code = code
    this.options = options
  }
}

/** Problem details (RFC 9457). `type` is a URN, so that it stays true wherever the gateway runs. */
export function writeProblem({ code, options }: Refused, requestId: string): Response {
  const { status, title } = problems[code]
  const { detail, errors } = options
  const body: Problem = {
    type: `urn:sallyport:problem:${code}`,
    title,
    status,
    code,
    request_id: requestId,
    ...(detail !== undefined && { detail }),
    ...(errors !== undefined && { errors: [...errors] }),
  }
  const headers: Record<string, string> = {
    'content-type': 'application/problem+json',
    ...options.headers,
  }
  if (status === 401) headers['www-authenticate'] ??= 'Bearer realm="sallyport"'
  if (status === 503) headers['retry-after'] = '1'
  return new Response(JSON.stringify(body), { status, headers })
}
