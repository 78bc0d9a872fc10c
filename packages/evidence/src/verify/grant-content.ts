import { utf8Bytes } from '../encoding.ts'
import { type Content, contentDigest, type FunctionFacts, type Policy } from './content.ts'
import { canonicalJson } from './json.ts'
import { unquoted } from './review-facts.ts'

export type GrantContent = { readonly digest: string; readonly tier: string }

/**
 * What a certification of this grant is bound to: its text, and the functions that its scope covers, each with its
 * digest and its risk. Undefined where the scope is in a form this does not know.
 */
export function grantContent(content: Content, policy: Policy): GrantContent | undefined {
  const covers = coverage(policy.text)
  if (!covers) return undefined
  const functions = [...content.functions.values()]
    .filter(covers)
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
  const whole = {
    functions: functions.map(({ name, digest, risk }) => [name, digest, risk]),
    policy: policy.text,
  }
  const tier = tiers.findLast((one) => functions.some(({ risk }) => risk === one)) ?? 'low'
  return { digest: contentDigest(utf8Bytes(canonicalJson(whole))), tier }
}

const tiers = ['low', 'medium', 'high', 'critical']

type Covers = (fn: FunctionFacts) => boolean

const quoted = '"(?:[^"\\\\]|\\\\.)*"'
const entity = `(?:[A-Za-z]+) :: ${quoted}`
const scope = new RegExp(
  ` ?\\b(?:permit|forbid) \\( principal(?: (?:==|in) ${entity}| is [A-Za-z]+(?: in ${entity})?)? , ` +
    `(action(?: == ${entity}| in ${entity}| in \\[ (?:${entity}(?: , )?)* ?\\])?) , ` +
    `(resource(?: == ${entity}| in ${entity}| is Function(?: in ${entity})?)?) ,? ?\\)`,
)

/** Policies are stored as tokens with one space between, so their heads can be told by their text. */
function coverage(text: string): Covers | undefined {
  const found = scope.exec(text)
  const [, action, resource] = found ?? []
  if (action === undefined || resource === undefined) return undefined
  const actions = namesOf(action, 'Action')
  const functions = namesOf(resource, 'Function')
  const connections = namesOf(resource, 'Connection')
  if (!actions || !functions || !connections) return undefined
  const [anyAction, anyResource] = [
    !action.includes('"'),
    resource === 'resource' || resource === 'resource is Function',
  ]
  const isExact = action.startsWith('action ==')
  return ({ name, connection }) =>
    (anyAction || actions.includes(name) || (!isExact && actions.includes(connection))) &&
    (anyResource || functions.includes(name) || connections.includes(connection))
}

/** Ids of entities of this type; undefined where one cannot be read. */
function namesOf(clause: string, type: string): readonly string[] | undefined {
  const all = [...clause.matchAll(new RegExp(`\\b${type} :: (${quoted})`, 'g'))]
  const names = all.map(([, text = '']) => unquoted(text))
  const known = names.filter((name) => name !== undefined)
  return known.length === names.length ? known : undefined
}
