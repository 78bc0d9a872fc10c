export type Fault = {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
}

/**
 * A fault as the operator may read it: kind, message and where, never the objects that came with it. The
 * error of a parser quotes what it could not read, so of that only the kind and the place are said.
 */
export function faultOf(cause: unknown): Fault {
  if (!(cause instanceof Error)) return { name: 'thrown', message: typeof cause }
  const { name, stack } = cause
  const code = 'code' in cause && typeof cause.code === 'string' ? { code: cause.code } : {}
  const message = cause instanceof SyntaxError ? 'what was read is not well-formed' : cause.message
  return {
    name,
    message,
    ...code,
    ...(stack && { stack: stack.replace(cause.message, () => message) }),
  }
}
