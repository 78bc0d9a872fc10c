/** Type and subtype of a media type as its sender wrote it, in lower case, without its parameters. */
export function essenceOf(mediaType: string): string {
  const [essence = ''] = mediaType.split(';', 1)
  return essence.trim().toLowerCase()
}

/**
 * The charset a media type names, in lower case; `utf-8` where it names none, which is what JSON and
 * event streams are then. Undefined where its parameters cannot be read in one way only (RFC 9110
 * section 5.6.6): two readers would take two charsets from them.
 */
export function charsetOf(mediaType: string): string | undefined {
  const charset = readParameter(mediaType, 'charset')
  return charset === unreadable ? undefined : (charset?.toLowerCase() ?? 'utf-8')
}

/** One parameter's value as it stands; undefined where there is none that can be read in one way only. */
export function parameterOf(mediaType: string, name: string): string | undefined {
  const value = readParameter(mediaType, name)
  return value === unreadable || value === '' ? undefined : value
}

const unreadable: unique symbol = Symbol('unreadable')

function readParameter(mediaType: string, wanted: string): string | undefined | typeof unreadable {
  const from = mediaType.indexOf(';')
  if (from < 0) return undefined
  let read: string | undefined
  parameter.lastIndex = from
  while (parameter.lastIndex < mediaType.length) {
    const found = parameter.exec(mediaType)
    if (!found) return unreadable
    const [, name, value = ''] = found
    if (name?.toLowerCase() !== wanted) continue
    if (read !== undefined) return unreadable
    read = value.replace(/^"|"$/g, '')
  }
  return read
}

/** One parameter, or none, behind its semicolon. A quoted value with an escape is nobody's charset. */
const parameter =
  /;[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=([\w!#$%&'*+.^`|~-]+|"[\t !#-[\]-~\x80-\xff]*")[ \t]*)?(?=;|$)/gy
