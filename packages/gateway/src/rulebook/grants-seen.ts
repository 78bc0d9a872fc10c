import type { PolicySource, Rulebook } from '../model/rulebook.ts'
import { compilePolicies } from '../policy/compile.ts'

/**
 * The grants of a rulebook and the digests of their contents and shapes, from the canonical JSON that its digest is over
 * (`rulebookContent`). None for what cannot be read.
 */
export function grantsSeen(
  content: string,
): readonly { readonly grant: string; readonly content: string; readonly shape: string }[] {
  const {
    policies,
    functions,
  }: Pick<Rulebook, 'functions'> & {
    readonly policies: readonly Omit<PolicySource, 'file' | 'line'>[]
  } = JSON.parse(content)
  const sources = policies.map((policy) => ({ ...policy, file: '', line: 0 }))
  return compilePolicies(sources, functions).grants.map((grant) => ({
    grant: grant.id,
    content: grant.content,
    shape: grant.shape,
  }))
}
