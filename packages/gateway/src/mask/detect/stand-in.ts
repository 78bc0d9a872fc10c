import { entityRules } from './registry.ts'

/**
 * Whether a text is a mark that redaction leaves, `[REDACTED:US_SSN]`, of a type that exists: what only
 * looks like one may be the value itself.
 */
export function isMark(text: string, others?: { has(type: string): boolean }): boolean {
  if (!text.startsWith(marked) || !text.endsWith(']')) return false
  const type = text.slice(marked.length, -1)
  return types.has(type) || (type !== '*' && others?.has(type) === true)
}

/**
 * Whether a whole value only stands where one belongs: a mark, `${NAME}`, `$NAME`, `%NAME%`, `{{ name }}`,
 * or words that say so in brackets, such as `<your password>`.
 */
export function isStandIn(text: string): boolean {
  if (text.length > standInMax) return false
  if (isMark(text) || reference.test(text)) return true
  const inside = bracketed.exec(text)?.[2]
  if (inside === undefined) return false
  if (types.has(inside)) return true
  return inside
    .toLowerCase()
    .split(separators)
    .every((word) => words.has(word))
}

/** What may begin a value that `isStandIn` takes for none. */
export const beginsStandIn = (byte: number): boolean =>
  byte === 0x5b || byte === 0x3c || byte === 0x28 || byte === 0x7b || byte === 0x24 || byte === 0x25

const marked = '[REDACTED:'
const types: ReadonlySet<string> = new Set([...entityRules.map(({ type }) => type), 'SECRET'])
const standInMax = 120
const reference =
  /^(?:[$%#]\{[A-Za-z_][\w.]*\}|[$#]?\{\{[-\s]*[A-Za-z_$][\w.$]*[-\s]*\}\}|\{[a-z_][\w.]*\}|\$\(?[A-Z_][A-Z\d_]*\)?|\$[a-z_]+|%[A-Z_][A-Z\d_]*%)$/
const bracketed = /^([[<({])([^[\]<>(){}]+)[\]>)}]$/
const separators = /[\s_.-]+/
const words: ReadonlySet<string> = new Set(
  (
    'a an and api auth access account add address any bearer birth change changeme city client code credential ' +
    'credentials customer database date db dob empty enter example field first for full given goes here hidden insert ' +
    'is key last login mask masked me medical mrn my name new none not null number of omitted optional or pass ' +
    'passphrase password patient person placeholder private provided put record redacted removed replace required ' +
    'sample secret session set some street string surname test text the this to token type undefined unknown unset user ' +
    'username value webhook with x xxx xxxx you your'
  ).split(' '),
)
