import { parsePath, type Selector } from '../mask/path.ts'
import type { FunctionDescription, MaskRule } from '../model/function.ts'
import type { Json, JsonObject } from '../model/json.ts'
import { allowsAll, placesOf, requiresAny } from './empty-place.ts'
import type { Flaw } from './flaw.ts'

/**
 * Masks that leave what the schema of their function does not allow: a required member that is dropped, a value of
 * another type in its place. They are applied as they are written, since that hides; but who checks the result by its
 * schema throws it away. A path that begins anywhere (`$..email`) is not looked at.
 */
export function unfitMasks(fn: Masked): readonly Flaw[] {
  const { id, resultSchema, argumentSchema, resultMasks, argumentMasks } = fn
  const ofResult = resultSchema
    ? flawsOf(resultMasks, resultSchema, { at: 'mask', what: `The result of ${id}` })
    : []
  const forwarded = argumentMasks.filter(({ from }) => from.includes('upstream'))
  const called = { at: 'maskArguments', what: `What ${id} is called with` }
  return [...ofResult, ...flawsOf(forwarded, argumentSchema, called)]
}

type Masked = Pick<
  FunctionDescription,
  'id' | 'resultSchema' | 'argumentSchema' | 'resultMasks' | 'argumentMasks'
>

/** Where they are written, and of what the schema is. */
type About = { readonly at: string; readonly what: string }

function flawsOf(rules: readonly MaskRule[], schema: JsonObject, about: About): readonly Flaw[] {
  return rules.flatMap((rule) => {
    const unfit = unfitOf(rule, schema)
    return unfit ? [flawOf(rule, about, unfit)] : []
  })
}

type Unfit = { readonly needs: string } | { readonly takesNo: Json }

function unfitOf({ path: text, strategy }: MaskRule, schema: JsonObject): Unfit | undefined {
  const path = parsePath(text)
  if ((strategy.kind !== 'drop' && strategy.kind !== 'replace') || 'problem' in path)
    return undefined
  if (path.segments.some(({ descendant }) => descendant)) return undefined
  const steps = path.segments.map(({ selectors }) => selectors)
  const last = strategy.kind === 'drop' ? steps.at(-1) : undefined
  const parents = waysOf(last ? steps.slice(0, -1) : steps).map((names) => placesOf(schema, names))
  if (last) {
    const needed = last
      .filter(({ kind }) => kind === 'name' || kind === 'wildcard')
      .map(nameOf)
      .find((name) => parents.some((places) => requiresAny(schema, places, name)))
    return needed === undefined ? undefined : { needs: needed }
  }
  // The whole result cannot be left out: it becomes null.
  const value = strategy.kind === 'replace' ? strategy.with : null
  const fits = parents.every((places) => allowsAll(schema, places, value))
  return fits ? undefined : { takesNo: value }
}

/** Each way through the selectors of a path, as names of members. */
function waysOf(steps: readonly (readonly Selector[])[]): readonly (readonly string[])[] {
  return steps.reduce<readonly (readonly string[])[]>(
    (ways, selectors) =>
      ways
        .flatMap((way) => selectors.map((selector) => [...way, nameOf(selector)]))
        .slice(0, waysMax),
    [[]],
  )
}

/** Of a path with many unions in a row only so many are looked at. */
const waysMax = 64

const nameOf = (selector: Selector): string => (selector.kind === 'name' ? selector.name : '*')

function flawOf({ id, path }: MaskRule, { at, what }: About, unfit: Unfit): Flaw {
  const mask = `the mask \`${id}\` (${path})`
  if ('needs' in unfit) {
    const member = unfit.needs === '*' ? 'members' : `\`${unfit.needs}\``
    return {
      path: [at],
      message: `${what} has to have ${member} by its schema, and ${mask} drops it.`,
      hint: 'Write `redact`, or `replace` with a value that the schema allows; or do not require it.',
    }
  }
  const value = JSON.stringify(unfit.takesNo)
  const shown = value.length > valueChars ? `${value.slice(0, valueChars)}…` : value
  return {
    path: [at],
    message: `${what} takes no ${shown} by its schema where ${mask} puts it.`,
    hint: 'Write `redact`, or a value that the schema allows; or let it allow this one.',
  }
}

/** Enough to know it by. */
const valueChars = 40
