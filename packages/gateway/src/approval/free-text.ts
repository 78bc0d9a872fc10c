import { isJsonObject, type Json, type JsonObject, pointerTo } from '../model/json.ts'

export type FreeText = {
  readonly pointer: string
  readonly text: string
  readonly shortened: boolean
}

/**
 * The texts among arguments that could talk to whoever reads them: of more than three words, or of several
 * lines. By JSON pointer (RFC 6901), at most `textsMax`, each up to `textCharsMax` characters. Pure.
 */
export function freeTexts(values: JsonObject): readonly FreeText[] {
  const found: FreeText[] = []
  for (const one of textsIn(values, '')) {
    if (found.length === textsMax) break
    found.push(one)
  }
  return found
}

function* textsIn(value: Json, pointer: string): Generator<FreeText> {
  if (typeof value === 'string') {
    if (!/\n|\S\s+\S+\s+\S+\s+\S/.test(value.slice(0, textCharsMax))) return
    const shortened = value.length > textCharsMax
    yield { pointer, text: shortened ? value.slice(0, textCharsMax) : value, shortened }
    return
  }
  if (!isJsonObject(value) && !Array.isArray(value)) return
  for (const [name, one] of Object.entries(value)) {
    yield* textsIn(one, pointerTo(pointer, name))
  }
}

const textsMax = 20
const textCharsMax = 1_000
