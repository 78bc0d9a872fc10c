/** What a key, column or field name can say about its value, as bits of a hint. */
export const hints = {
  email: 0x00001,
  phone: 0x00002,
  card: 0x00004,
  iban: 0x00008,
  /** A US social security or taxpayer number. */
  ssn: 0x00010,
  /** Any national, tax or health id. */
  nationalId: 0x00020,
  birth: 0x00040,
  name: 0x00080,
  address: 0x00100,
  /** A password, token, key or passphrase: the whole value is one. */
  secret: 0x00200,
  medical: 0x00400,
  ip: 0x00800,
  mac: 0x01000,
  bank: 0x02000,
  bic: 0x04000,
  passport: 0x08000,
  vehicle: 0x10000,
  device: 0x20000,
  crypto: 0x40000,
  /** A number that means something else: an order, a sum, a time, a version, a hash. */
  other: 0x80000,
  /** What `secrets/field.ts` reads in it: a password, a token, a key, a service that gives out tokens. */
  password: 0x100000,
  token: 0x200000,
  key: 0x400000,
  service: 0x800000,
} as const

/** Above the bits: the number of the topic the name is about, for those told apart by rule. */
export const topicShift = 24
