import type { EntityType } from './cell.ts'
import { idRules } from './id-rules.ts'

/** One way in which values of an entity are found. `docs/reference/entities.md` says more of each. */
export type EntityRule = {
  readonly type: EntityType
  /** As spans and records cite it. */
  readonly rule: string
  /** What proves a value; undefined: its form, a word beside it, or the name of its field. */
  readonly validator: string | undefined
  /** 0 to 100, with nothing beside the value that speaks for it; the form with the highest. */
  readonly confidence: number
}

/** Every rule but those of secrets. */
export const entityRules: readonly EntityRule[] = [
  { type: 'EMAIL_ADDRESS', rule: 'email/mailbox', validator: undefined, confidence: 95 },
  { type: 'CREDIT_CARD', rule: 'card/luhn', validator: 'luhn', confidence: 95 },
  { type: 'CREDIT_CARD', rule: 'card/track', validator: 'luhn', confidence: 98 },
  { type: 'IBAN_CODE', rule: 'iban/mod-97', validator: 'mod-97', confidence: 99 },
  { type: 'IP_ADDRESS', rule: 'ip/v4', validator: undefined, confidence: 90 },
  { type: 'IP_ADDRESS', rule: 'ip/v6', validator: undefined, confidence: 92 },
  { type: 'MAC_ADDRESS', rule: 'mac/eui', validator: undefined, confidence: 92 },
  { type: 'MAC_ADDRESS', rule: 'mac/bare', validator: undefined, confidence: 0 },
  { type: 'PHONE_NUMBER', rule: 'phone/e164', validator: 'e164', confidence: 95 },
  { type: 'PHONE_NUMBER', rule: 'phone/national', validator: undefined, confidence: 85 },
  { type: 'CRYPTO', rule: 'crypto/base58check', validator: 'base58check', confidence: 99 },
  { type: 'CRYPTO', rule: 'crypto/base58', validator: undefined, confidence: 0 },
  { type: 'CRYPTO', rule: 'crypto/bech32', validator: 'bech32', confidence: 99 },
  { type: 'CRYPTO', rule: 'crypto/ethereum', validator: undefined, confidence: 85 },
  { type: 'CRYPTO', rule: 'crypto/monero', validator: undefined, confidence: 80 },
  { type: 'SWIFT_BIC', rule: 'bic/iso-9362', validator: undefined, confidence: 0 },
  { type: 'DATE_OF_BIRTH', rule: 'field/birth', validator: undefined, confidence: 0 },
  { type: 'PERSON', rule: 'field/name', validator: undefined, confidence: 0 },
  { type: 'ADDRESS', rule: 'field/address', validator: undefined, confidence: 0 },
  { type: 'MEDICAL_RECORD', rule: 'field/medical', validator: undefined, confidence: 0 },
  ...idRules.map(({ type, rule, validator, shapes }) => ({
    type,
    rule: `id/${rule.replace('/', '-')}`,
    validator,
    confidence: shapes.reduce((best, [, confidence]) => Math.max(best, confidence), 0),
  })),
]

/** From this confidence on a find counts, where nothing else is said. */
export const defaultConfidence = 50
