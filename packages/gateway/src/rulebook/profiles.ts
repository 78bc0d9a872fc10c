import { entityRules } from '../mask/detect/registry.ts'

/** Lists of entity types that a rulebook can name in one word. */
export const profileNames = ['pci', 'hipaa', 'gdpr', 'secrets'] as const
export type Profile = (typeof profileNames)[number]

/** Every type there is to look for. */
export function entityTypes(): readonly string[] {
  return [...new Set([...entityRules.map(({ type }) => type), 'SECRET'])].toSorted()
}

/** A choice of entities: those listed and those of the profiles, without the exceptions. */
export type EntityChoice = {
  readonly entities?: readonly string[] | undefined
  readonly profile?: string | readonly string[] | undefined
  readonly except?: readonly string[] | undefined
}

/** A profile of a rulebook's own. */
export type OwnProfile = {
  readonly extends?: readonly string[] | undefined
  readonly entities?: readonly string[] | undefined
  readonly except?: readonly string[] | undefined
}

/** What a rulebook says beside its rules that a choice of entities may name. */
export type Choices = {
  readonly profiles: Readonly<Record<string, OwnProfile>>
  readonly custom: readonly { readonly entity: string }[]
}

/** What one rule looks for, sorted. `*` stays what it is unless something is taken from it. */
export function entitiesOf(
  choice: EntityChoice,
  choices: Choices = { profiles: {}, custom: [] },
): readonly string[] {
  return chosen(choice, choices, [])
}

/** The profiles of a choice, as a list. */
export function profilesOf({ profile = [] }: EntityChoice): readonly string[] {
  return typeof profile === 'string' ? [profile] : profile
}

/** `above`: the own profiles that led here; one that leads back to itself adds nothing, and is a flaw elsewhere. */
function chosen(
  { entities = [], except = [], ...choice }: EntityChoice,
  choices: Choices,
  above: readonly string[],
): readonly string[] {
  const ofProfiles = profilesOf(choice).flatMap((name) => {
    if (isProfile(name)) return entityTypes().filter((type) => isOf[name](type))
    const own = Object.hasOwn(choices.profiles, name) ? choices.profiles[name] : undefined
    if (own === undefined || above.includes(name)) return []
    return chosen({ ...own, profile: own.extends }, choices, [...above, name])
  })
  const all = new Set([...entities, ...ofProfiles])
  if (except.length > 0 && all.delete('*')) {
    for (const type of [...entityTypes(), ...choices.custom.map(({ entity }) => entity)]) {
      all.add(type)
    }
  }
  for (const type of except) all.delete(type)
  return [...all].toSorted()
}

const isProfile = (name: string): name is Profile => profileNames.some((one) => one === name)

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
