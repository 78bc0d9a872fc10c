import { Document, isMap, isSeq } from 'yaml'
import type { JsonObject } from '../model/json.ts'
import { functionsForm } from './forms.ts'
import { readFunction } from './functions.ts'

/** One operation as an entry of functions/*.yaml, and what a person has to decide about it. */
export type ImportedFunction = {
  readonly entry: JsonObject
  readonly decide: readonly string[]
}

/** Imported functions as the text of a file functions/*.yaml; what has to be decided is a comment at each. */
export function functionsFile(
  functions: readonly ImportedFunction[],
  { connection, heading }: { readonly connection: string; readonly heading: string },
): string {
  const entries = functions.map(({ entry }) => entry)
  const document = new Document(
    { connection, functions: entries },
    { aliasDuplicateObjects: false },
  )
  document.commentBefore = ` ${heading} Every \`decide\` is a question for the owner.`
  const list = document.get('functions')
  if (isSeq(list)) {
    for (const [index, { decide }] of functions.entries()) {
      const item = list.items[index]
      if (isMap(item)) item.commentBefore = decide.map((one) => ` decide: ${one}`).join('\n')
    }
  }
  return document.toString({ lineWidth: 100 })
}

/** Leaves out the result schema, and if need be the function, when the loader would not take it. */
export function makeSound(
  imported: ImportedFunction,
  connection: string,
  warn: (message: string) => void,
): ImportedFunction | undefined {
  const flawsOf = (entry: JsonObject): readonly { readonly message: string }[] => {
    const form = functionsForm.safeParse({ connection, functions: [entry] })
    const [read] = form.data?.functions ?? []
    if (!read) return [{ message: form.error?.issues[0]?.message ?? 'it is no function.' }]
    return readFunction(read, connection).flaws
  }
  const where = String(imported.entry.http ?? imported.entry.mcp)
  const flaws = flawsOf(imported.entry)
  if (flaws.length === 0) return imported
  const { result: _, ...rest } = imported.entry
  const left = flawsOf(rest)
  if (left.length === 0) {
    warn(`${where}: the schema of its result is left out: ${flaws[0]?.message ?? ''}`)
    return { ...imported, entry: rest }
  }
  warn(`${where} is left out: ${left[0]?.message ?? ''}`)
  return undefined
}
