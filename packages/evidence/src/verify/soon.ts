/** What is known already, or will be. */
export type Soon<Value> = Value | Promise<Value>

/**
 * Goes on with a value: at once where it is there, and only otherwise later. Nearly always nothing has to be
 * waited for, and waiting for nothing costs more than most checks of a record.
 */
export function soon<Value, Next>(
  value: Soon<Value>,
  next: (value: Value) => Soon<Next>,
): Soon<Next> {
  return value instanceof Promise ? value.then(next) : next(value)
}
