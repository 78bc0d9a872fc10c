import type { InForce } from '../../../call/in-force.ts'
import type { McpFunction } from '../../../model/function.ts'
import { isJsonObject, type Json } from '../../../model/json.ts'
import { decidingParties, type Principal } from '../../../model/principal.ts'

/**
 * Of these URIs, which a server lists and nobody registered, those in which nothing would be hidden were they the
 * result of this function. A list is no call, so nothing of it is masked: what would have to be is left out of it.
 */
export function plainUris(
  rules: InForce,
  { fn, principal }: { readonly fn: McpFunction; readonly principal: Principal },
  uris: readonly string[],
): readonly string[] {
  if (uris.length === 0) return uris
  try {
    const masking = rules.resultMasking(fn, { fields: [], parties: decidingParties(principal) })
    const mediaType = 'application/json'
    const masker = masking.masker({ mediaType, fragment: false, key: nobodySees, echoes: [] })
    // A recogniser is asked about results only.
    if (!masker || masker.ask) return []
    const contents = uris.map((uri) => ({ uri }))
    const parts = [masker.push(Buffer.from(JSON.stringify({ result: { contents } }))), masker.end()]
    const said = urisOf(JSON.parse(Buffer.concat(parts).toString('utf8')))
    return said.length === uris.length ? uris.filter((uri, at) => said[at] === uri) : []
  } catch {
    return []
  }
}

function urisOf(frame: Json): readonly (Json | undefined)[] {
  const result = isJsonObject(frame) ? frame.result : undefined
  const contents = isJsonObject(result) ? result.contents : undefined
  if (!Array.isArray(contents)) return []
  return contents.map((one: Json) => (isJsonObject(one) ? one.uri : undefined))
}

/** Only whether something is hidden is looked at, not what it becomes. */
const nobodySees = Buffer.alloc(32)
