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
  const from = mediaType.indexOf(';')
  if (from < 0) return unnamed
  let charset: string | undefined
  parameter.lastIndex = from
  while (parameter.lastIndex < mediaType.length) {
    const found = parameter.exec(mediaType)
    if (!found) return undefined
    const [, name, value = ''] = found
    if (name?.toLowerCase() !== 'charset') continue
    if (charset !== undefined) return undefined
    charset = value.replace(/^"|"$/g, '').toLowerCase()
  }
  return charset ?? unnamed
}

const unnamed = 'utf-8'

/** One parameter, or none, behind its semicolon. A quoted value with an escape is nobody's charset. */
const parameter =
  /;[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=([\w!#$%&'*+.^`|~-]+|"[\t !#-[\]-~\x80-\xff]*")[ \t]*)?(?=;|$)/gy
