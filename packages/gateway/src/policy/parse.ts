import type { PolicySource, Problem } from '../model/rulebook.ts'
import { annotationProblems } from './annotations.ts'
import { cedarPolicy } from './cedar.ts'
import { placeOfByte, placeOfCharacter } from './place.ts'
import { splitPolicies } from './split.ts'

export type PolicyFile = { readonly file: string; readonly text: string }

/**
 * Reads Cedar files into single policies. Only a policy without any problem is among `policies`; its
 * text is kept as written, so that Cedar's offsets lead back to the file.
 */
export function parsePolicies(files: readonly PolicyFile[]): {
  readonly policies: readonly PolicySource[]
  readonly problems: readonly Problem[]
} {
  const policies: PolicySource[] = []
  const problems: Problem[] = []
  const places = new Map<string, string>()
  for (const { file, text } of files) {
    for (const { text: one, line, column } of splitPolicies(text)) {
      const source = parseOne(one, { file, line, column, problems })
      if (!source) continue
      const first = places.get(source.id)
      if (first === undefined) {
        places.set(source.id, `${file}:${line}`)
        policies.push(source)
      } else {
        problems.push({
          file,
          line,
          column,
          message: `@id("${source.id}") is taken by the policy at ${first}`,
          hint: 'ids stand in records and reviews, so each names one policy: choose another',
        })
      }
    }
  }
  return { policies, problems }
}

function parseOne(
  text: string,
  at: { file: string; line: number; column: number; problems: Problem[] },
): PolicySource | undefined {
  const { file, line, column, problems } = at
  const read = cedarPolicy(text)
  if ('complaint' in read) {
    const { message, hint, offset } = read.complaint
    const place = placeOfByte(text, offset ?? 0, { line, column })
    const isTemplate = /\?(?:principal|resource)\b/.test(text)
    const advice = isTemplate ? 'templates are not supported: write one policy for each use' : hint
    problems.push({ file, ...place, message, ...(advice && { hint: advice }) })
    return undefined
  }
  const { effect } = read.policy
  // Cedar's own type says text, but an annotation without a value comes as null.
  const annotations: Readonly<Record<string, string | null>> = read.policy.annotations ?? {}
  const found = annotationProblems(effect, annotations)
  for (const { key, message, hint } of found) {
    const offset = key === undefined ? 0 : Math.max(0, text.search(new RegExp(`@\\s*${key}\\b`)))
    const place = placeOfCharacter(text, offset, { line, column })
    problems.push({ file, ...place, message, ...(hint && { hint }) })
  }
  const { id } = annotations
  if (found.length > 0 || typeof id !== 'string') return undefined
  const stated = Object.entries(annotations).map(([key, value]) => [key, value ?? ''])
  return { id, effect, text, annotations: Object.fromEntries(stated), file, line }
}
