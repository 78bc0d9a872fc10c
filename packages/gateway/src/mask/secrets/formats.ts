import type { Format } from './format.ts'
import { aiFormats } from './formats/ai.ts'
import { businessFormats } from './formats/business.ts'
import { chatFormats } from './formats/chat.ts'
import { cloudFormats } from './formats/cloud.ts'
import { codeFormats } from './formats/code.ts'
import { hashFormats } from './formats/hash.ts'
import { observabilityFormats } from './formats/observability.ts'

/** Every documented form of a token that is looked for. */
export const formats: readonly Format[] = [
  ...cloudFormats,
  ...codeFormats,
  ...chatFormats,
  ...aiFormats,
  ...businessFormats,
  ...observabilityFormats,
  ...hashFormats,
]
