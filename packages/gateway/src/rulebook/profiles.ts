import { entityRules } from '../mask/detect/registry.ts'

/** Lists of entity types that a rulebook can name in one word. */
export const profileNames = ['pci', 'hipaa', 'gdpr', 'secrets'] as const
export type Profile = (typeof profileNames)[number]

/** Every type there is to look for. */
export function entityTypes(): readonly string[] {
  return [...new Set([...entityRules.map(({ type }) => type), 'SECRET'])].toSorted()
}

/** What one rule looks for: what it lists, or what its profile stands for. */
export function entitiesOf({
  entities = [],
  profile,
}: {
  readonly entities?: readonly string[] | undefined
  readonly profile?: Profile | undefined
}): readonly string[] {
  if (profile === undefined) return entities
  return entityTypes().filter((type) => isOf[profile](type))
}

/** Documents that a state gives to one person, by the country in front. */
const countryDocument =
  /^[A-Z]{2}_(?!GSTIN$|UEN$|ABN$|ACN$|VAT|ORGANISATION|NPI$|DEA$|PLZ$|BSNR$|LANR$|BANK)/
const contact = ['EMAIL_ADDRESS', 'PHONE_NUMBER', 'PERSON', 'ADDRESS', 'DATE_OF_BIRTH']
const online = ['IP_ADDRESS', 'MAC_ADDRESS', 'IMEI', 'ICCID']
const documents = ['NATIONAL_ID', 'PASSPORT', 'TAX_ID']
const payment = ['CREDIT_CARD', 'IBAN_CODE', 'US_BANK_NUMBER', 'ABA_ROUTING_NUMBER']

const isOf: Readonly<Record<Profile, (type: string) => boolean>> = {
  // Account data as PCI DSS means it, and the bank accounts that stand in for cards.
  pci: (type) => payment.includes(type),
  // 45 CFR 164.514(b)(2): the identifiers of the safe harbour that have a form.
  hipaa: (type) =>
    [...contact, ...online, ...payment, ...documents, 'MEDICAL_RECORD', 'VIN'].includes(type) ||
    /^US_(?!BANK)/.test(type) ||
    countryDocument.test(type),
  // Regulation (EU) 2016/679, article 4(1) and article 87: what identifies a natural person.
  gdpr: (type) =>
    [...contact, ...online, ...payment, ...documents, 'MEDICAL_RECORD', 'CRYPTO', 'VIN'].includes(
      type,
    ) || countryDocument.test(type),
  secrets: (type) => type === 'SECRET',
}
