import type { FunctionDefinition } from '../model/function.ts'
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'
import type { CedarSchema } from './cedar.ts'

/** What a policy can know about an argument. */
export type ArgumentType =
  | { readonly kind: 'string' | 'boolean' | 'long' | 'decimal' }
  | { readonly kind: 'set'; readonly element: ArgumentType }
  | RecordArgument
export type RecordArgument = {
  readonly kind: 'record'
  readonly fields: ReadonlyMap<string, { readonly type: ArgumentType; readonly required: boolean }>
}

/** The Cedar type of each kind of party. */
export const partyTypes = {
  user: 'User',
  agent: 'Agent',
  workload: 'Workload',
  service: 'Service',
} as const

/**
 * The Cedar schema of a function catalogue: one action per function with its typed arguments, so that
 * a policy that names a function or an argument that does not exist does not validate.
 */
export function cedarSchema(functions: readonly FunctionDefinition[]): CedarSchema {
  const party = { memberOfTypes: ['Group'] }
  const connections = [...new Set(functions.map((fn) => fn.connection))]
  return {
    '': {
      entityTypes: {
        ...Object.fromEntries(Object.values(partyTypes).map((type) => [type, party])),
        Group: {},
        Connection: {},
        Function: { memberOfTypes: ['Connection'] },
      },
      actions: {
        ...Object.fromEntries(connections.map((id) => [id, {}])),
        ...Object.fromEntries(functions.map((fn) => [fn.id, action(fn)])),
      },
    },
  }
}

/**
 * The types of a function's arguments, from its JSON Schema. What Cedar cannot type (several types,
 * free-form objects, alternatives) is left out, so that a policy that reads it does not validate.
 */
export function argumentTypes(fn: FunctionDefinition): RecordArgument {
  const types = typeOf(fn.argumentSchema, { root: fn.argumentSchema, depth: 0 })
  return types?.kind === 'record' ? types : { kind: 'record', fields: new Map() }
}

type Actions = NonNullable<CedarSchema['']>['actions']
type ContextType = NonNullable<NonNullable<Actions[string]['appliesTo']>['context']>

function action(fn: FunctionDefinition): Actions[string] {
  const oneParty = record(
    Object.entries(partyTypes).map(([kind, name]) => [kind, { type: 'Entity', name }, false]),
  )
  const string = { type: 'String' } as const
  const context = record([
    ['args', cedarType(argumentTypes(fn)), true],
    ['onBehalfOf', oneParty, false],
    ['actor', oneParty, false],
    [
      'session',
      record([
        ['id', string, true],
        ['labels', { type: 'Set', element: string }, true],
      ]),
      true,
    ],
    ['time', { type: 'Extension', name: 'datetime' }, true],
    [
      'source',
      record([
        ['protocol', string, true],
        ['ip', { type: 'Extension', name: 'ipaddr' }, true],
      ]),
      true,
    ],
    ['approval', record([['groups', { type: 'Set', element: string }, true]]), false],
  ])
  return {
    memberOf: [{ id: fn.connection }],
    appliesTo: {
      principalTypes: Object.values(partyTypes),
      resourceTypes: ['Function'],
      context,
    },
  }
}

function record(fields: readonly (readonly [string, ContextType, boolean])[]): ContextType {
  return {
    type: 'Record',
    attributes: Object.fromEntries(
      fields.map(([name, type, required]) => [name, { ...type, required }]),
    ),
  }
}

function cedarType(type: ArgumentType): ContextType {
  switch (type.kind) {
    case 'string':
      return { type: 'String' }
    case 'boolean':
      return { type: 'Boolean' }
    case 'long':
      return { type: 'Long' }
    case 'decimal':
      return { type: 'Extension', name: 'decimal' }
    case 'set':
      return { type: 'Set', element: cedarType(type.element) }
    case 'record':
      return record(
        [...type.fields].map(([name, field]) => [name, cedarType(field.type), field.required]),
      )
  }
}

/** How deep argument types are followed: a recursive schema ends here, and deeper values are left out. */
const depthMax = 12
/** Names that Cedar's JSON form keeps for itself. */
const reservedNames = new Set(['__entity', '__extn', '__expr', '__proto__'])

type At = { readonly root: JsonObject; readonly depth: number }

function typeOf(schema: Json | undefined, at: At): ArgumentType | undefined {
  const resolved = isJsonObject(schema) ? resolve(schema, at) : undefined
  if (!resolved || at.depth > depthMax) return undefined
  if (alternatives.some((keyword) => keyword in resolved)) return undefined
  switch (kindOf(resolved)) {
    case 'string':
      return { kind: 'string' }
    case 'boolean':
      return { kind: 'boolean' }
    case 'integer':
      return { kind: 'long' }
    case 'number':
      return { kind: 'decimal' }
    case 'array': {
      const element = typeOf(resolved.items, { ...at, depth: at.depth + 1 })
      return element && !('prefixItems' in resolved) ? { kind: 'set', element } : undefined
    }
    case 'object':
      return recordOf(resolved, at)
    default:
      return undefined
  }
}

const alternatives = ['oneOf', 'anyOf', 'allOf', 'not', 'if', '$dynamicRef']

function recordOf(schema: JsonObject, at: At): ArgumentType | undefined {
  const { properties, required } = schema
  if (!isJsonObject(properties)) return undefined
  const must = new Set(Array.isArray(required) ? required : [])
  const fields = Object.entries(properties).flatMap(([name, property]) => {
    const type = typeOf(property, { ...at, depth: at.depth + 1 })
    if (!type || reservedNames.has(name)) return []
    return [[name, { type, required: must.has(name) && !isNullable(property, at) }] as const]
  })
  return { kind: 'record', fields: new Map(fields) }
}

/** The one type named beside null, or the one type all listed values have. */
function kindOf(schema: JsonObject): string | undefined {
  const { type } = schema
  if (typeof type === 'string') return type
  const listed = schema.enum ?? ('const' in schema ? [schema.const ?? null] : [])
  const named = Array.isArray(type) ? type : Array.isArray(listed) ? listed.map(jsonType) : []
  const [only, ...others] = [...new Set(named)].filter((one) => one !== 'null')
  return typeof only === 'string' && others.length === 0 ? only : undefined
}

function jsonType(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value
}

/** Null is an absent attribute, so an argument that may be null is optional to a policy. */
function isNullable(schema: Json | undefined, at: At): boolean {
  const resolved = isJsonObject(schema) ? resolve(schema, at) : undefined
  const { type, enum: listed } = resolved ?? {}
  return Array.isArray(type)
    ? type.includes('null')
    : Array.isArray(listed) && listed.includes(null)
}

/** Follows references inside the schema; `undefined` for one that leads elsewhere or in a circle. */
function resolve(schema: JsonObject, at: At): JsonObject | undefined {
  let found: JsonObject = schema
  for (let hops = 0; hops < depthMax; hops += 1) {
    const reference = found.$ref
    if (reference === undefined) return found
    if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined
    const target = pointed(at.root, reference.slice(1))
    if (!isJsonObject(target)) return undefined
    found = target
  }
  return undefined
}

function pointed(root: JsonObject, pointer: string): Json | undefined {
  let at: Json | undefined = root
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    at = isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined
  }
  return at
}
