import { isJsonObject, type Json, type JsonObject } from '../model/json.ts'

const suggestionsMax = 40
const depthMax = 12

/** Mask entries for what a result schema marks as secret, or what is sensitive by its name. */
export function suggestMasks(schema: JsonObject): readonly JsonObject[] {
  const found = new Map<string, JsonObject>()
  const walk = (node: Json | undefined, path: string, depth: number): void => {
    if (!isJsonObject(node) || depth > depthMax || found.size >= suggestionsMax) return
    if (isJsonObject(node.properties)) {
      for (const [name, property] of Object.entries(node.properties)) {
        const below = `${path}${step(name)}`
        const label = labelOf(name, property)
        if (label) found.set(below, { path: below, redact: label })
        else walk(property, below, depth + 1)
      }
    }
    walk(node.items, `${path}[*]`, depth + 1)
    walk(node.additionalProperties, `${path}.*`, depth + 1)
    for (const word of ['allOf', 'anyOf', 'oneOf']) {
      const list = node[word]
      if (Array.isArray(list)) for (const one of list) walk(one, path, depth + 1)
    }
  }
  walk(schema, '$', 0)
  return [...found.values()].slice(0, suggestionsMax)
}

const names: readonly (readonly [RegExp, string])[] = [
  [/^(?:password|passwd|pwd|passphrase|pin)$/, 'PASSWORD'],
  [/(?:secret|privatekey|credential)s?$/, 'SECRET'],
  [/(?:apikey|accesskey|token)$/, 'TOKEN'],
  [/^(?:ssn|socialsecuritynumber|nationalid|taxid|passportnumber)$/, 'NATIONAL_ID'],
  [/^(?:iban|accountnumber|routingnumber|bankaccount)$/, 'ACCOUNT'],
  [/^(?:cardnumber|creditcard|pan|cvv|cvc)$/, 'CARD'],
  [/^(?:email|emailaddress|phone|phonenumber|mobile)$/, 'CONTACT'],
  [/^(?:dateofbirth|birthdate|dob)$/, 'BIRTH_DATE'],
]

function labelOf(name: string, property: Json): string | undefined {
  if (isJsonObject(property) && property.format === 'password') return 'PASSWORD'
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  return names.find(([pattern]) => pattern.test(plain))?.[1]
}

function step(name: string): string {
  if (/^[A-Za-z_]\w*$/.test(name)) return `.${name}`
  return `['${name.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}']`
}
