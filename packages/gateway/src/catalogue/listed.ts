import type { FunctionDefinition } from '../model/function.ts'
import type { JsonObject } from '../model/json.ts'
import type { Listed } from '../model/mcp-listing.ts'
import type { Source } from './source.ts'

/** What callers may be shown of these functions, none of which is held, in the words that were looked at last. */
export function listedOf(
  { seen }: Pick<Source, 'seen'>,
  functions: readonly Pick<FunctionDefinition, 'id' | 'source'>[],
): Exclude<Listed, { readonly problem: string }> {
  const said = new Map<string, JsonObject>()
  const uris: string[] = []
  for (const { operation, described } of seen?.operations ?? []) {
    if (described) said.set(operation, described)
    if (typeof described?.uri === 'string') uris.push(described.uri)
  }
  const shown = functions.flatMap(({ id, source }): (readonly [string, JsonObject])[] => {
    const described = source && said.get(source.operation)
    return described ? [[id, described]] : []
  })
  return { functions: new Map(shown), uris, capabilities: seen?.capabilities ?? {} }
}
