import { americanIds } from './id-americas.ts'
import { asianIds } from './id-asia.ts'
import { easternEuropeanIds } from './id-eastern-europe.ts'
import type { IdRule } from './id-rule.ts'
import { thingIds } from './id-things.ts'
import { westernEuropeanIds } from './id-western-europe.ts'

/** Every identifier that is told by its form, its check and the words around it. */
export const idRules: readonly IdRule[] = [
  ...americanIds,
  ...westernEuropeanIds,
  ...easternEuropeanIds,
  ...asianIds,
  ...thingIds,
]
