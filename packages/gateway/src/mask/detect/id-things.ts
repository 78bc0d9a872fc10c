import { iso7064Mod11x10, luhn, numberAt, type Text, valueAt, weighted } from './checksum.ts'
import { hints } from './hint-bits.ts'
import { type IdRule, idRule } from './id-rule.ts'
import { startsWith } from './id-western-europe.ts'

/** Numbers of devices, vehicles, records and accounts, and what any country's documents look like. */
export const thingIds: readonly IdRule[] = [
  idRule('device/imei', '99-999999-999999-9=75 9{15}=25 99_999999_999999_9=70', {
    type: 'IMEI',
    topics: ['device'],
    words: 'imei',
    hint: hints.device,
    check: 'luhn',
    isValid: (text) => luhn(text, 15) && numberAt(text, 0, 8) > 0,
  }),
  idRule('device/iccid', '9{19}=55 9{20}=55', {
    type: 'ICCID',
    topics: ['device'],
    words: 'iccid,sim',
    hint: hints.device,
    check: 'luhn',
    isValid: (text, length) => numberAt(text, 0, 2) === 89 && luhn(text, length),
  }),
  idRule('vehicle/vin', '*17=75', {
    type: 'VIN',
    topics: ['vehicle'],
    words: 'vin,chassis',
    hint: hints.vehicle,
    check: 'vin-mod-11',
    isValid: isVin,
  }),
  idRule(
    'de/plate',
    'A-AA-999=45 AA-AA-999=40 A_AA_999=30 A-AA_999=45 AA-AA_999=45 AAA-AA_999=45 A-AA_9999=45 AA-A_9999=45',
    {
      type: 'DE_KFZ',
      topics: ['vehicle'],
      words: 'kfz,kennzeichen',
      hint: hints.vehicle,
    },
  ),
  idRule(
    'tr/plate',
    '99_A_99=35 99_A_9999=40 99_AA_999=45 99_AA_9999=45 99_AAA_99=45 99_AAA_999=45',
    {
      type: 'TR_LICENSE_PLATE',
      topics: ['vehicle'],
      words: 'plaka',
      hint: hints.vehicle,
      isValid: (text) => numberAt(text, 0, 2) > 0 && numberAt(text, 0, 2) < 82,
    },
  ),
  idRule('ng/plate', 'AAA-999AA=45', {
    type: 'NG_VEHICLE_REGISTRATION',
    topics: ['vehicle'],
    hint: hints.vehicle,
  }),
  idRule('gb/plate', 'AA99_AAA=45 A9_AAA=20 A99_AAA=30 A999_AAA=40 AA99AAA=35', {
    type: 'UK_VEHICLE_REGISTRATION',
    topics: ['vehicle'],
    words: 'reg',
    hint: hints.vehicle,
  }),
  idRule('medical/mrn', 'AAA9{5}=70 AAA9{6}=70 AAA9{7}=70 AAA9{8}=70 AAA-9{6}=70 AAA-9{7}=70', {
    type: 'MEDICAL_RECORD',
    topics: [],
    words: 'mrn,medical record',
    hint: hints.medical,
    isValid: (text) => startsWith(text, 'MRN'),
  }),
  idRule(
    'passport/any',
    'A9{6}=5 A9{7}=10 A9{8}=10 A9{9}=5 AA9{6}=10 AA9{7}=15 AAA9{6}=10 9{8}=5 9{9}=5 99AA99999=40',
    {
      type: 'PASSPORT',
      topics: ['passport'],
      hint: hints.passport,
    },
  ),
  idRule(
    'license/any',
    'A9{7}=10 A9{8}=5 A9{12}=15 A999-9999-9999=55 9{8}=5 9{9}=5 A9{6}=5 AA9{6}=5 9{7}=5',
    {
      type: 'US_DRIVER_LICENSE',
      topics: ['license'],
    },
  ),
  idRule(
    'bank/account',
    '9{8}=5 9{9}=5 9{10}=5 9{11}=5 9{12}=5 9{13}=5 9{14}=5 9{15}=5 9{16}=5 9{17}=5',
    {
      type: 'US_BANK_NUMBER',
      topics: ['bank'],
      hint: hints.bank,
    },
  ),
  idRule(
    'vat/eu',
    'AA9{8}=45 AA9{9}=60 AA_999_999_999=75 AA-999-999-999=75 AA.999.999.999=75 AA_999-999.999=70 AA9{10}=60 AA9{11}=60 AA9{12}=55 AA999_9999_99=70 AA_999_9999_99=75 AAA9{8}=65 AA_9{8}=45 AA_9{9}=55 AA_9{10}=50 AA_9{11}=55 AA9{9}A99=75 AA_999_999_99_99=65 AA_9999.999.999=75 AA9999.999.999=75',
    {
      type: 'VAT_ID',
      words: 'vat,ust,ustid,umsatzsteuer,tva,iva,btw,moms,vat id,vat number',
      check: 'by-country',
      isValid: isEuropeanVat,
    },
  ),
  idRule(
    'de/vat',
    'AA9{9}=70 AA_999_999_999=85 AA-999-999-999=85 AA.999.999.999=85 AA_999-999.999=85 AA_9{9}=70',
    {
      type: 'DE_VAT_ID',
      words: 'ust,ustid,ust idnr,umsatzsteuer,mwst,vat,vat id',
      check: 'mod-11-10',
      isValid: (text) => startsWith(text, 'DE') && iso7064Mod11x10({ ...nineOf(text) }, 9),
    },
  ),
]

/** ISO 3779: no I, O or Q; where the ninth character is a check (North America, China), it fits. */
function isVin(text: Text): boolean {
  let digits = 0
  let sum = 0
  for (let at = 0; at < 17; at++) {
    const code = text[at] ?? 0
    if (code === 0x49 || code === 0x4f || code === 0x51) return false
    const value = valueAt(text, at)
    if (value <= 9) digits += 1
    sum += (value <= 9 ? value : (vinValues[value - 10] ?? 0)) * (vinWeights[at] ?? 0)
  }
  const check = sum % 11
  // The serial ends in four digits everywhere.
  for (let at = 13; at < 17; at++) if (valueAt(text, at) > 9) return false
  return digits >= 4 && digits < 17 && text[8] === (check === 10 ? 0x58 : 0x30 + check)
}

const vinValues = [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9]
const vinWeights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]

const nineOf = (text: Text): Text => Array.from({ length: 9 }, (_, at) => text[at + 2] ?? 0)

/** The checks of the member states' tax offices, as VIES describes the forms. */
function isEuropeanVat(text: Text, length: number): boolean {
  const country = String.fromCharCode(text[0] ?? 0, text[1] ?? 0)
  const digits = length - 2
  const at = (weights: readonly number[]) => weighted(text, weights, 2)
  switch (country) {
    case 'BE':
      return digits === 10 && 97 - (numberAt(text, 2, 10) % 97) === numberAt(text, 10, 12)
    case 'AT':
      return digits === 9 && text[2] === 0x55
    case 'FR':
      return digits === 11 && numberAt(text, 4, 13) > 0
    case 'GB': {
      const sum = at([8, 7, 6, 5, 4, 3, 2]) + numberAt(text, 9, 11)
      return digits === 9 && (sum % 97 === 0 || (sum + 55) % 97 === 0)
    }
    case 'PL':
      return digits === 10 && at([6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === valueAt(text, 11)
    case 'PT':
      return digits === 9
    case 'HR':
      return digits === 11
    case 'FI':
    case 'LU':
    case 'DK':
    case 'HU':
    case 'MT':
    case 'SI':
      return digits === 8
    case 'EL':
      return digits === 9 && (at([256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === valueAt(text, 10)
    case 'SK':
      return digits === 10 && numberAt(text, 2, 12) % 11 === 0
    case 'EE':
      return digits === 9 && at([3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0
    case 'NL':
      return digits === 12 && text[11] === 0x42
    case 'SE':
      return digits === 12 && numberAt(text, 12, 14) === 1
    case 'CZ':
      return digits >= 8 && digits <= 10
    case 'RO':
      return digits >= 8 && digits <= 10
    default:
      return false
  }
}
