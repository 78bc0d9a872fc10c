import type { CedarPolicy } from './cedar.ts'
import { extensions } from './extension.ts'
import { compilePattern } from './pattern.ts'
import {
  add,
  type EntityValue,
  isEntity,
  isEqual,
  isLong,
  isRecord,
  isSet,
  keyOf,
  type Long,
  multiply,
  type RecordValue,
  readable,
  setKeys,
  subtract,
  type Value,
} from './value.ts'

/** One request to Cedar: one party asking to call one function. */
export type Request = {
  readonly principal: EntityValue
  readonly action: EntityValue
  readonly resource: EntityValue
  readonly context: RecordValue
  /** Whether the first entity is inside the second. Equality is not asked here. */
  readonly isInside: (inner: EntityValue, outer: EntityValue) => boolean
}

/** `undefined` is an evaluation error. */
export type Evaluate = (request: Request) => Value | undefined
export type Expression = CedarPolicy['conditions'][number]['body']

/**
 * Compiles an expression of Cedar's JSON policy form to a closure with exactly Cedar's meaning, or
 * returns `undefined` for a construct it does not know: those policies are then left to Cedar.
 */
export function compileExpression(expression: Expression): Evaluate | undefined {
  const [entry, ...more] = Object.entries(expression)
  if (!entry || more.length > 0) return undefined
  const [operator, operands]: [string, unknown] = entry
  if (operator === 'Value') return literal(operands)
  if (operator === 'Var') return variable(operands)
  const extension = Object.hasOwn(extensions, operator) ? extensions[operator] : undefined
  if (extension) return call(extension, operands)
  if (Object.hasOwn(forms, operator)) return forms[operator]?.(operands)
  return undefined
}

type Form = (operands: unknown) => Evaluate | undefined

const forms: Readonly<Record<string, Form>> = {
  '&&': (operands) => compilePair(operands, both),
  '||': (operands) => compilePair(operands, either),
  '!': (operands) => compileUnary(operands, (value) => (isBoolean(value) ? !value : undefined)),
  neg: (operands) =>
    compileUnary(operands, (value) => (isLong(value) ? subtract(0, value) : undefined)),
  isEmpty: (operands) =>
    compileUnary(operands, (value) => (isSet(value) ? value.items.length === 0 : undefined)),
  '==': (operands) => binary(operands, isEqual),
  '!=': (operands) => binary(operands, (left, right) => !isEqual(left, right)),
  '<': (operands) =>
    binary(
      operands,
      ordered((left, right) => left < right),
    ),
  '<=': (operands) =>
    binary(
      operands,
      ordered((left, right) => left <= right),
    ),
  '>': (operands) =>
    binary(
      operands,
      ordered((left, right) => left > right),
    ),
  '>=': (operands) =>
    binary(
      operands,
      ordered((left, right) => left >= right),
    ),
  '+': (operands) => binary(operands, arithmetic(add)),
  '-': (operands) => binary(operands, arithmetic(subtract)),
  '*': (operands) => binary(operands, arithmetic(multiply)),
  contains: (operands) => binary(operands, contains),
  containsAll: (operands) => binary(operands, containsAll),
  containsAny: (operands) => binary(operands, containsAny),
  in: (operands) => compilePair(operands, inside),
  is: compileIs,
  '.': compileAccess,
  has: compileHas,
  like: compileLike,
  'if-then-else': compileChoice,
  Set: compileSet,
  Record: compileRecord,
}

function literal(value: unknown): Evaluate | undefined {
  if (typeof value === 'boolean' || typeof value === 'string') return () => value
  // Beyond the safe range the JSON form has already rounded the literal: only Cedar knows it.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? () => value : undefined
  const named = isObject(value) && isObject(value.__entity) ? value.__entity : undefined
  if (!named || typeof named.type !== 'string' || typeof named.id !== 'string') {
    return undefined
  }
  const entity: EntityValue = { kind: 'entity', type: named.type, id: named.id }
  return () => entity
}

function variable(name: unknown): Evaluate | undefined {
  if (name === 'principal') return (request) => request.principal
  if (name === 'action') return (request) => request.action
  if (name === 'resource') return (request) => request.resource
  // The context as a whole is compared or passed on by no sensible policy; see compileHolder.
  return undefined
}

function call(
  extension: { arity: number; apply: (args: readonly Value[]) => Value | undefined },
  operands: unknown,
): Evaluate | undefined {
  const args = compileAll(operands)
  if (args?.length !== extension.arity) return undefined
  const { apply } = extension
  const text = constantText(operands)
  if (text !== undefined) {
    const value = apply([text])
    return () => value
  }
  return (request) => {
    const values = evaluateAll(args, request)
    return values && apply(values)
  }
}

/** `decimal("1.5")` and its like mean the same in every request, so they are parsed once. */
function constantText(operands: unknown): string | undefined {
  const operand: unknown =
    Array.isArray(operands) && operands.length === 1 ? operands[0] : undefined
  const value = isObject(operand) ? operand.Value : undefined
  return typeof value === 'string' ? value : undefined
}

function both(left: Evaluate, right: Evaluate): Evaluate {
  return (request) => {
    const first = left(request)
    if (first !== true) return first === false ? false : undefined
    const second = right(request)
    return isBoolean(second) ? second : undefined
  }
}

function either(left: Evaluate, right: Evaluate): Evaluate {
  return (request) => {
    const first = left(request)
    if (first !== false) return first === true ? true : undefined
    const second = right(request)
    return isBoolean(second) ? second : undefined
  }
}

function inside(left: Evaluate, right: Evaluate): Evaluate {
  return (request) => {
    const inner = left(request)
    const outer = right(request)
    if (!isEntity(inner)) return undefined
    if (isEntity(outer)) return isIn(request, inner, outer)
    if (!isSet(outer)) return undefined
    // Every element has to be an entity, whichever one matches.
    const entities = outer.items.filter(isEntity)
    if (entities.length < outer.items.length) return undefined
    return entities.some((entity) => isIn(request, inner, entity))
  }
}

function isIn(request: Request, inner: EntityValue, outer: EntityValue): boolean {
  return isEqual(inner, outer) || request.isInside(inner, outer)
}

function compileIs(operands: unknown): Evaluate | undefined {
  if (!isObject(operands) || typeof operands.entity_type !== 'string') return undefined
  const type = operands.entity_type
  const subject = compile(operands.left)
  if (!subject) return undefined
  const test: Evaluate = (request) => {
    const value = subject(request)
    return isEntity(value) ? value.type === type : undefined
  }
  if (operands.in === undefined) return test
  const group = compile(operands.in)
  return group && both(test, inside(subject, group))
}

function compileAccess(operands: unknown): Evaluate | undefined {
  if (!isObject(operands) || typeof operands.attr !== 'string') return undefined
  const name = operands.attr
  const left = compileHolder(operands.left)
  if (!left) return undefined
  // No entity of ours has attributes, so reading one is always an error.
  return (request) => {
    const value = left(request)
    return isRecord(value) ? readable(value.fields.get(name)) : undefined
  }
}

function compileHas(operands: unknown): Evaluate | undefined {
  if (!isObject(operands)) return undefined
  const { attr } = operands
  const path: readonly unknown[] = Array.isArray(attr) ? attr : [attr]
  const names = path.filter((name) => typeof name === 'string')
  const left = compileHolder(operands.left)
  if (!left || names.length === 0 || names.length < path.length) return undefined
  return (request) => {
    let value = left(request)
    for (const name of names) {
      if (isEntity(value)) return false
      if (!isRecord(value)) return undefined
      const found = value.fields.get(name)
      if (found === undefined) return false
      value = readable(found)
      if (value === undefined) return undefined
    }
    return true
  }
}

function compileLike(operands: unknown): Evaluate | undefined {
  if (!isObject(operands)) return undefined
  const left = compile(operands.left)
  const matches = compilePattern(operands.pattern)
  if (!left || !matches) return undefined
  return (request) => {
    const value = left(request)
    return typeof value === 'string' ? matches(value) : undefined
  }
}

function compileChoice(operands: unknown): Evaluate | undefined {
  if (!isObject(operands)) return undefined
  const guard = compile(operands.if)
  const yes = compile(operands.then)
  const no = compile(operands.else)
  if (!guard || !yes || !no) return undefined
  return (request) => {
    const value = guard(request)
    if (!isBoolean(value)) return undefined
    return value ? yes(request) : no(request)
  }
}

function compileSet(operands: unknown): Evaluate | undefined {
  const elements = compileAll(operands)
  if (!elements) return undefined
  return (request) => {
    const items = evaluateAll(elements, request)
    return items && { kind: 'set', items }
  }
}

function compileRecord(operands: unknown): Evaluate | undefined {
  if (!isObject(operands)) return undefined
  const names = Object.keys(operands)
  const fields = compileAll(Object.values(operands))
  if (!fields) return undefined
  return (request) => {
    const values = evaluateAll(fields, request)
    if (!values) return undefined
    return { kind: 'record', fields: new Map(values.map((value, at) => [names[at] ?? '', value])) }
  }
}

/** What an attribute is read from: here, and only here, may the context itself stand. */
function compileHolder(operand: unknown): Evaluate | undefined {
  const isContext = isObject(operand) && operand.Var === 'context'
  return isContext ? (request) => request.context : compile(operand)
}

function compile(operand: unknown): Evaluate | undefined {
  return isExpression(operand) ? compileExpression(operand) : undefined
}

function compileAll(operands: unknown): readonly Evaluate[] | undefined {
  if (!Array.isArray(operands)) return undefined
  const compiled = operands.map(compile).filter((one) => one !== undefined)
  return compiled.length === operands.length ? compiled : undefined
}

function compileUnary(
  operands: unknown,
  apply: (value: Value | undefined) => Value | undefined,
): Evaluate | undefined {
  const operand = isObject(operands) ? compile(operands.arg) : undefined
  return operand && ((request) => apply(operand(request)))
}

function compilePair(
  operands: unknown,
  combine: (left: Evaluate, right: Evaluate) => Evaluate,
): Evaluate | undefined {
  if (!isObject(operands)) return undefined
  const left = compile(operands.left)
  const right = compile(operands.right)
  return left && right && combine(left, right)
}

type Combine = (left: Value, right: Value) => Value | undefined

function binary(operands: unknown, combine: Combine): Evaluate | undefined {
  return compilePair(operands, (left, right) => (request) => {
    const first = left(request)
    if (first === undefined) return undefined
    const second = right(request)
    return second === undefined ? undefined : combine(first, second)
  })
}

function arithmetic(apply: (left: Long, right: Long) => Long | undefined): Combine {
  return (left, right) => (isLong(left) && isLong(right) ? apply(left, right) : undefined)
}

/** Longs, datetimes and durations are ordered, each among themselves. */
function ordered(holds: (left: Long, right: Long) => boolean): Combine {
  return (left, right) => {
    if (isLong(left)) return isLong(right) ? holds(left, right) : undefined
    if (typeof left !== 'object' || typeof right !== 'object') return undefined
    if (left.kind === 'datetime' && right.kind === 'datetime') return holds(left.ms, right.ms)
    if (left.kind === 'duration' && right.kind === 'duration') return holds(left.ms, right.ms)
    return undefined
  }
}

function contains(set: Value, value: Value): boolean | undefined {
  return isSet(set) ? setKeys(set).has(keyOf(value)) : undefined
}

function containsAll(set: Value, wanted: Value): boolean | undefined {
  if (!isSet(set) || !isSet(wanted)) return undefined
  const keys = setKeys(set)
  return [...setKeys(wanted)].every((key) => keys.has(key))
}

function containsAny(set: Value, wanted: Value): boolean | undefined {
  if (!isSet(set) || !isSet(wanted)) return undefined
  const keys = setKeys(set)
  return [...setKeys(wanted)].some((key) => keys.has(key))
}

function evaluateAll(
  expressions: readonly Evaluate[],
  request: Request,
): readonly Value[] | undefined {
  const values: Value[] = []
  for (const evaluate of expressions) {
    const value = evaluate(request)
    if (value === undefined) return undefined
    values.push(value)
  }
  return values
}

function isBoolean(value: Value | undefined): value is boolean {
  return typeof value === 'boolean'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The form is checked operator by operator as it is compiled; this proves only that it is an object. */
function isExpression(value: unknown): value is Expression {
  return isObject(value)
}
