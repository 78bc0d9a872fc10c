import type { Canonical } from './canonical.ts'
import type { Commitment, RecordDraft } from './record.ts'

/**
 * A leaf with its keys in sorted order, so `JSON.stringify` is its canonical form. In every literal of one
 * `truncated: undefined` keeps the place of that key.
 */
export type Filled = { readonly [key: string]: Canonical | undefined }

export type Of<Type extends RecordDraft['type']> = Extract<RecordDraft, { readonly type: Type }>

export function commitment({ alg, c, len, mt }: Commitment): Commitment {
  return { alg, c, len, mt }
}
