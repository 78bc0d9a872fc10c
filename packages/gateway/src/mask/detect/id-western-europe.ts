import {
  iso7064Mod11x10,
  isRepeated,
  luhn,
  luhnSum,
  numberAt,
  type Text,
  valueAt,
  weighted,
} from './checksum.ts'
import { type IdRule, idRule } from './id-rule.ts'

/** Identifiers of the British Isles, Germany, Austria, Switzerland, France, the Low Countries, Iberia and Italy. */
export const westernEuropeanIds: readonly IdRule[] = [
  idRule('gb/nhs', '999_999_9999=60 999-999-9999=30 9{10}=25', {
    type: 'UK_NHS',
    words: 'nhs,national health,nhs number',
    check: 'mod-11',
    isValid: (text) => {
      const check = 11 - (weighted(text, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)
      return !isRepeated(text, 10) && check !== 10 && check % 11 === valueAt(text, 9)
    },
  }),
  idRule('gb/nino', 'AA999999A=75 AA_99_99_99_A=85 AA-99-99-99-A=85 AA_999999_A=80', {
    type: 'UK_NINO',
    words: 'nino,national insurance,insurance number,ni',
    isValid: isNino,
  }),
  idRule('gb/utr', '9{10}=15 99999_99999=30', {
    type: 'TAX_ID',
    words: 'utr,unique taxpayer',
    check: 'mod-11',
    isValid: (text) =>
      '21987654321'[weighted(text, [6, 7, 8, 9, 10, 5, 4, 3, 2], 1) % 11] ===
      String(valueAt(text, 0)),
  }),
  idRule('gb/driving', '*16=85', {
    type: 'UK_DRIVING_LICENCE',
    topics: ['license'],
    isValid: isDvla,
  }),
  idRule('gb/passport', '9{9}=5 AA9{7}=30', { type: 'UK_PASSPORT', topics: ['passport'] }),
  idRule('ie/pps', '9{7}A=60 9{7}AA=60', {
    words: 'pps,ppsn',
    check: 'mod-23',
    isValid: (text, length) => {
      const extra = length === 9 ? (valueAt(text, 8) - 9) * 9 : 0
      if (length === 9 && !'ABHTW'.includes(String.fromCharCode(text[8] ?? 0))) return false
      const rest = (weighted(text, [8, 7, 6, 5, 4, 3, 2]) + (text[8] === 0x57 ? 0 : extra)) % 23
      return (rest === 0 ? 0x57 : 0x40 + rest) === text[7]
    },
  }),
  idRule('de/tax-id', '99_999_999_999=75 99999_999999=30 9{11}=30', {
    type: 'DE_TAX_ID',
    words:
      'idnr,steuer id,steueridentifikationsnummer,steuerid,identifikationsnummer,tin,steuernummer',
    check: 'mod-11-10',
    isValid: isGermanTaxId,
  }),
  idRule('de/tax-number', '99/999/99999=55 999/999/99999=55 999/9999/9999=55 9{13}=10', {
    type: 'DE_TAX_NUMBER',
    words: 'steuernummer,stnr,steuer',
  }),
  idRule('de/social', '99999999A999=60 99_999999_A_999=90 99_99_99_99_A_999=85', {
    type: 'DE_SOCIAL_SECURITY',
    words: 'rentenversicherungsnummer,sozialversicherungsnummer,svnr,rvnr,versicherungsnummer',
    check: 'mod-10',
    isValid: isGermanPension,
  }),
  idRule('de/health', 'A9{9}=45', {
    type: 'DE_HEALTH_INSURANCE',
    words: 'krankenversichertennummer,kvnr,krankenversicherung,versichertennummer,egk',
    check: 'luhn',
    isValid: isGermanHealth,
  }),
  idRule('de/id-card', '*9=10 *10=10', {
    type: 'DE_ID_CARD',
    topics: [],
    words: 'personalausweis,ausweisnummer,ausweis,personalausweisnummer',
    isValid: (text, length) => isGermanDocument(text, length),
  }),
  idRule('de/passport', '*9=10 *10=10', {
    type: 'DE_PASSPORT',
    topics: ['passport'],
    words: 'reisepass,reisepassnummer,passnummer',
    isValid: (text, length) => isGermanDocument(text, length),
  }),
  idRule('de/driving', '*11=10', {
    type: 'DE_FUEHRERSCHEIN',
    topics: ['license'],
    words: 'führerscheinnummer,fuehrerscheinnummer',
    isValid: (text) => valueAt(text, 0) > 9 && valueAt(text, 3) <= 9,
  }),
  idRule('de/lanr', '9{9}=10', { type: 'DE_LANR', topics: [], words: 'lanr,arztnummer' }),
  idRule('de/bsnr', '9{9}=5', { type: 'DE_BSNR', topics: [], words: 'bsnr,betriebsstättennummer' }),
  idRule('de/plz', '99999=5', { type: 'DE_PLZ', topics: [], words: 'plz,postleitzahl' }),
  idRule('at/social', '9999_999999=60 9{10}=25', {
    words: 'svnr,sozialversicherung,sozialversicherungsnummer,versicherungsnummer',
    check: 'mod-11',
    isValid: (text) =>
      text[0] !== 0x30 &&
      numberAt(text, 4, 6) <= 31 &&
      numberAt(text, 6, 8) <= 15 &&
      weighted(text, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === valueAt(text, 3),
  }),
  idRule('ch/ahv', '999.9999.9999.99=95 999_9999_9999_99=90 9{13}=75', {
    words: 'ahv,avs,ahv nummer,navs',
    check: 'ean-13',
    isValid: (text) =>
      numberAt(text, 0, 3) === 756 &&
      weighted(text, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0,
  }),
  idRule('ch/uid', 'AAA-999.999.999=90 AAA9{9}=80', {
    type: 'VAT_ID',
    words: 'uid,mwst',
    check: 'mod-11',
    isValid: (text) =>
      startsWith(text, 'CHE') &&
      (11 - (weighted(text, [5, 4, 3, 2, 7, 6, 5, 4], 3) % 11)) % 11 === valueAt(text, 11),
  }),
  idRule(
    'fr/nir',
    '9_99_99_99_999_999_99=90 9-99-99-99999-999-99=90 9_99_99_99999_999_99=90 9{13}_99=85 9{15}=55 9{6}A9{8}=80 9_99_99_9A_999_999_99=90',
    {
      words: 'nir,sécurité sociale,securite sociale,insee,numéro sécurité,numero securite,sécu',
      check: 'mod-97',
      isValid: isNir,
    },
  ),
  idRule('fr/siret', '999_999_999_99999=60 9{14}=20', {
    type: 'TAX_ID',
    topics: [],
    words: 'siret',
    check: 'luhn',
    isValid: (text) => luhn(text, 14),
  }),
  idRule('fr/siren', '999_999_999=20 9{9}=10', {
    type: 'TAX_ID',
    topics: [],
    words: 'siren',
    check: 'luhn',
    isValid: (text) => luhn(text, 9),
  }),
  idRule('nl/bsn', '9{9}=20 9999.99.999=60 9{8}=5', {
    words: 'bsn,burgerservicenummer,sofinummer,sofi',
    check: 'eleven-test',
    isValid: (text, length) => {
      const first = length === 9 ? 0 : 1
      const weights = [9, 8, 7, 6, 5, 4, 3, 2].slice(first)
      const sum = weighted(text, weights) - valueAt(text, length - 1)
      return !isRepeated(text, length) && sum !== 0 && sum % 11 === 0
    },
  }),
  idRule('be/national', '99.99.99-999.99=90 999999-999-99=80 999999-999.99=80 9{11}=40', {
    words: 'rijksregisternummer,rijksregister,niss,insz,numéro national,registre national,nn',
    check: 'mod-97',
    isValid: isBelgian,
  }),
  idRule('it/fiscal', '*16=90', {
    type: 'IT_FISCAL_CODE',
    words: 'codice fiscale,cf,fiscale',
    check: 'codice-fiscale',
    isValid: isCodiceFiscale,
  }),
  idRule('it/vat', '9{11}=20 AA9{11}=80', {
    type: 'IT_VAT_CODE',
    words: 'partita iva,piva,iva,partita',
    check: 'luhn',
    isValid: (text, length) =>
      length === 11
        ? !isRepeated(text, 11) && luhn(text, 11)
        : startsWith(text, 'IT') && luhnSum(text, 2, 13) % 10 === 0,
  }),
  idRule('it/id-card', 'AA99999AA=35 AA9{7}=15', {
    type: 'IT_IDENTITY_CARD',
    topics: [],
    words: 'carta identità,carta identita,identità,identita',
  }),
  idRule('es/nif', '9{8}A=70 9{8}-A=85 99.999.999-A=90 9{7}A=30', {
    type: 'ES_NIF',
    words: 'nif,dni',
    check: 'mod-23',
    isValid: (text, length) => isSpanishLetter(text[length - 1], numberAt(text, 0, length - 1)),
  }),
  idRule('es/nie', 'A9{7}A=80 A-9{7}-A=90 A-9{7}A=85 A9{7}-A=85', {
    type: 'ES_NIE',
    words: 'nie,extranjero',
    check: 'mod-23',
    isValid: (text) => {
      const series = 'XYZ'.indexOf(String.fromCharCode(text[0] ?? 0))
      return series >= 0 && isSpanishLetter(text[8], series * 1e7 + numberAt(text, 1, 8))
    },
  }),
  idRule('es/cif', 'A9{8}=45 A9{7}A=45 A-9{8}=65', {
    type: 'TAX_ID',
    words: 'cif',
    check: 'mod-10',
    isValid: (text) => {
      if (!'ABCDEFGHJNPQRSUVW'.includes(String.fromCharCode(text[0] ?? 0))) return false
      const check = (10 - (cifSum(text) % 10)) % 10
      return valueAt(text, 8) > 9
        ? 'JABCDEFGHI'[check] === String.fromCharCode(text[8] ?? 0)
        : check === valueAt(text, 8)
    },
  }),
  idRule('es/nss', '99/99999999/99=80 99_99999999_99=70 99-99999999-99=70 9{12}=25', {
    words: 'nss,naf,nuss,seguridad social,afiliación,afiliacion',
    check: 'mod-97',
    isValid: (text) => {
      const number = numberAt(text, 2, 10)
      const whole = number < 1e7 ? number + numberAt(text, 0, 2) * 1e7 : numberAt(text, 0, 10)
      return (
        whole % 97 === numberAt(text, 10, 12) &&
        numberAt(text, 0, 2) > 0 &&
        numberAt(text, 0, 2) < 67
      )
    },
  }),
  idRule('es/passport', 'AAA9{6}=35', { type: 'ES_PASSPORT', topics: ['passport'] }),
  idRule('pt/nif', '999_999_999=40 9{9}=15', {
    type: 'TAX_ID',
    words: 'nif,contribuinte',
    check: 'mod-11',
    isValid: (text) => {
      const rest = weighted(text, [9, 8, 7, 6, 5, 4, 3, 2]) % 11
      return text[0] !== 0x30 && (rest < 2 ? 0 : 11 - rest) === valueAt(text, 8)
    },
  }),
  idRule('pt/cc', '99999999_9_AA9=90 9{9}AA9=75', {
    words: 'cartão cidadão,cartao cidadao,cidadão',
    check: 'luhn',
    isValid: (text) => luhn(text, 12),
  }),
]

export const startsWith = (text: Text, prefix: string): boolean => {
  for (let at = 0; at < prefix.length; at++) if (text[at] !== prefix.charCodeAt(at)) return false
  return true
}

/** HMRC: which letters were never used, and the prefixes that were set apart. */
function isNino(text: Text): boolean {
  const first = String.fromCharCode(text[0] ?? 0)
  const second = String.fromCharCode(text[1] ?? 0)
  return (
    !'DFIQUV'.includes(first) &&
    !'DFIQUVO'.includes(second) &&
    !['BG', 'GB', 'KN', 'NK', 'NT', 'TN', 'ZZ'].includes(first + second) &&
    'ABCD'.includes(String.fromCharCode(text[8] ?? 0))
  )
}

/** DVLA: surname padded with 9, decade, month (women plus 50), day, year, initials, three characters. */
function isDvla(text: Text): boolean {
  let padded = false
  for (let at = 0; at < 5; at++) {
    const letter = valueAt(text, at) > 9
    if (!letter && (text[at] !== 0x39 || at === 0)) return false
    if (letter && padded) return false
    padded ||= !letter
  }
  for (let at = 5; at < 11; at++) if (valueAt(text, at) > 9) return false
  const month = numberAt(text, 6, 8) % 50
  const day = numberAt(text, 8, 10)
  const initial = valueAt(text, 11) > 9 || text[11] === 0x39
  const next = valueAt(text, 12) > 9 || text[12] === 0x39
  return (
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= 31 &&
    initial &&
    next &&
    valueAt(text, 14) > 9 &&
    valueAt(text, 15) > 9
  )
}

/** BZSt: not zero first, of ten digits at most one twice or thrice (none in test numbers), ISO/IEC 7064 MOD 11,10. */
function isGermanTaxId(text: Text): boolean {
  if (text[0] === 0x30) return false
  let seen = 0
  let repeated = 0
  for (let at = 0; at < 10; at++) {
    const bit = 1 << valueAt(text, at)
    if ((seen & bit) !== 0) repeated += 1
    seen |= bit
  }
  return repeated <= 2 && iso7064Mod11x10(text, 11)
}

/** DRV: area, day of birth (replacement numbers add to the day), initial, serial, check. */
function isGermanPension(text: Text): boolean {
  const month = numberAt(text, 4, 6)
  if (month < 1 || month > 12) return false
  const letter = valueAt(text, 8) - 9
  let sum = 0
  const weights = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]
  for (let at = 0, digit = 0; digit < 12; digit++) {
    const value =
      digit === 8 ? Math.floor(letter / 10) : digit === 9 ? letter % 10 : valueAt(text, at)
    if (digit !== 8) at += 1
    const product = value * (weights[digit] ?? 0)
    sum += Math.floor(product / 10) + (product % 10)
  }
  return sum % 10 === valueAt(text, 11)
}

function isGermanHealth(text: Text): boolean {
  const letter = valueAt(text, 0) - 9
  let sum = 0
  for (let digit = 0; digit < 10; digit++) {
    const value =
      digit === 0 ? Math.floor(letter / 10) : digit === 1 ? letter % 10 : valueAt(text, digit - 1)
    const product = value * (digit % 2 === 0 ? 1 : 2)
    sum += Math.floor(product / 10) + (product % 10)
  }
  return sum % 10 === valueAt(text, 9)
}

/** BMI: serial of nine from an alphabet without vowels, and with ten a check digit (ICAO 9303). */
function isGermanDocument(text: Text, length: number): boolean {
  for (let at = 0; at < 9; at++) {
    if ('ABDEIOQSU'.includes(String.fromCharCode(text[at] ?? 0))) return false
  }
  if (valueAt(text, 0) <= 9) return false
  if (length === 9) return true
  let sum = 0
  for (let at = 0; at < 9; at++) sum += valueAt(text, at) * ([7, 3, 1][at % 3] ?? 0)
  return sum % 10 === valueAt(text, 9)
}

/** INSEE: sex, year, month, place (2A and 2B are Corsica), serial, 97 minus the rest of all before. */
function isNir(text: Text): boolean {
  if (text[0] !== 0x31 && text[0] !== 0x32) return false
  const month = numberAt(text, 3, 5)
  if (month < 1 || (month > 12 && month < 20)) return false
  let rest = 0
  for (let at = 0; at < 13; at++) {
    const code = text[at] ?? 0
    const island = at === 6 && code > 0x40
    if (island && (text[5] !== 0x32 || (code !== 0x41 && code !== 0x42))) return false
    rest = (rest * 10 + (island ? 0 : valueAt(text, at))) % 97
  }
  // 2A is read as 19 and 2B as 18: 20 less one or two, in the millions.
  if (text[6] === 0x41) rest = (rest - (1_000_000 % 97) + 97) % 97
  if (text[6] === 0x42) rest = (rest - (2_000_000 % 97) + 97) % 97
  return 97 - rest === numberAt(text, 13, 15)
}

/** Who is born from 2000 on has 2 written before the nine digits of the check. */
function isBelgian(text: Text): boolean {
  const month = numberAt(text, 2, 4) % 20
  if (month > 12 || numberAt(text, 4, 6) > 31 || isRepeated(text, 11)) return false
  const number = numberAt(text, 0, 9)
  const check = numberAt(text, 9, 11)
  return 97 - (number % 97) === check || 97 - ((2e9 + number) % 97) === check
}

/** Agenzia delle Entrate, DM 23/12/1976: letters may stand for digits where two people would share a code. */
function isCodiceFiscale(text: Text): boolean {
  let sum = 0
  for (let at = 0; at < 16; at++) {
    const letter = valueAt(text, at) > 9
    const code = String.fromCharCode(text[at] ?? 0)
    const wantsLetter = at < 6 || at === 8 || at === 11 || at === 15
    if (wantsLetter !== letter && !(letter && 'LMNPQRSTUV'.includes(code))) return false
    if (at === 8 && !'ABCDEHLMPRST'.includes(code)) return false
    if (at < 15) {
      const value = letter ? valueAt(text, at) - 10 : valueAt(text, at)
      sum += at % 2 === 0 ? (oddValues[value] ?? 0) : value
    }
  }
  return 0x41 + (sum % 26) === text[15]
}

const oddValues = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
]

const isSpanishLetter = (letter: number | undefined, number: number): boolean =>
  'TRWAGMYFPDXBNJZSQVHLCKE'.charCodeAt(number % 23) === letter

function cifSum(text: Text): number {
  let sum = 0
  for (let at = 1; at < 8; at++) {
    const value = valueAt(text, at)
    sum += at % 2 === 0 ? value : Math.floor((value * 2) / 10) + ((value * 2) % 10)
  }
  return sum
}
