import type { EntityType } from './cell.ts'
import type { Text } from './checksum.ts'
import { hints } from './hint-bits.ts'

/** How one identifier is recognised: what it looks like, what proves it, and which words speak for it. */
export type IdRule = {
  readonly rule: string
  readonly type: EntityType
  /**
   * What it looks like, and with what confidence without any support: `9` a digit, `A` a letter, `{n}`
   * repeats, `*n` any n letters and digits in one word, other characters themselves.
   */
  readonly shapes: readonly (readonly [shape: string, confidence: number])[]
  /** Words and pairs of words, lower case, comma between them. */
  readonly words: string
  /** Topics of `words.ts` that speak for it as its own words do. */
  readonly topics: readonly string[]
  /** Hint bits its words give to the name of a field. */
  readonly hint: number
  /** What proves it; undefined: nothing does but its form. */
  readonly validator: string | undefined
  /** Over the upper-cased letters and digits of the value, separators left out. */
  readonly isValid: (text: Text, length: number) => boolean
}

type Form = {
  readonly type?: EntityType
  readonly words?: string
  readonly topics?: readonly string[]
  readonly hint?: number
  /** Name of the check; left out when `isValid` only looks at the form. */
  readonly check?: string
  readonly isValid?: (text: Text, length: number) => boolean
}

/** A rule from `shape=confidence` words with one space between them (in a shape a space is `_` and `_` is `~`). */
export function idRule(name: string, shapes: string, form: Form): IdRule {
  return {
    rule: name,
    type: form.type ?? 'NATIONAL_ID',
    shapes: shapes.split(' ').map((one) => {
      const [shape = '', confidence = '0'] = one.split('=')
      return [shape.replaceAll('_', ' ').replaceAll('~', '_'), Number(confidence)] as const
    }),
    words: form.words ?? '',
    topics: form.topics ?? ['nationalId'],
    hint: form.hint ?? hints.nationalId,
    validator: form.check,
    isValid: form.isValid ?? (() => true),
  }
}
