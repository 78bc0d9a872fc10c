import {
  isDay,
  isRepeated,
  luhn,
  luhnSum,
  numberAt,
  type Text,
  valueAt,
  weighted,
} from './checksum.ts'
import { hints } from './hint-bits.ts'
import { type IdRule, idRule } from './id-rule.ts'

/** Identifiers of the United States, Canada and Latin America, as their issuers describe them. */
export const americanIds: readonly IdRule[] = [
  idRule(
    'us/ssn',
    '999-99-9999=85 999_99_9999=65 999.99.9999=30 999~99~9999=30 9_9_9_9_9_9_9_9_9=60 9.9.9.9.9.9.9.9.9=60 9-9-9-9-9-9-9-9-9=60 9~9~9~9~9~9~9~9~9=60 9{9}=20',
    {
      type: 'US_SSN',
      topics: ['ssn'],
      words: 'ssn,social security',
      hint: hints.ssn,
      check: 'ssn-areas',
      isValid: isSsn,
    },
  ),
  idRule('us/itin', '999-99-9999=80 999_99_9999=60 999.99.9999=30 9{9}=20', {
    type: 'US_ITIN',
    topics: ['ssn'],
    words: 'itin,individual taxpayer',
    hint: hints.ssn,
    check: 'itin-groups',
    isValid: isItin,
  }),
  idRule('us/ein', '99-9999999=35', {
    type: 'TAX_ID',
    words: 'ein,fein,employer identification,federal tax',
    isValid: (text) => !emptyEinPrefixes.has(numberAt(text, 0, 2)),
  }),
  idRule('us/npi', '9{10}=20', {
    type: 'US_NPI',
    topics: [],
    words: 'npi,national provider',
    check: 'luhn',
    isValid: (text) =>
      (text[0] === 0x31 || text[0] === 0x32) && (luhnSum(text, 0, 10) + 24) % 10 === 0,
  }),
  idRule('us/dea', 'AA9{7}=35', {
    type: 'US_DEA',
    topics: [],
    words: 'dea',
    check: 'dea-sum',
    isValid: (text) => weighted(text, [1, 2, 1, 2, 1, 2], 2) % 10 === valueAt(text, 8),
  }),
  idRule('us/aba', '9{9}=20', {
    type: 'ABA_ROUTING_NUMBER',
    topics: [],
    words: 'routing,aba,rtn,routing number,transit number',
    hint: hints.bank,
    check: 'aba-371',
    isValid: isRoutingNumber,
  }),
  idRule('us/mbi', '*11=45', {
    type: 'MEDICAL_RECORD',
    topics: ['medical'],
    words: 'mbi,medicare',
    hint: hints.medical,
    isValid: (text, length) => length === 11 && looksLike(text, 'NAXNAXNAANN'),
  }),
  idRule('us/passport', '9{9}=5 A9{8}=15', { type: 'US_PASSPORT', topics: ['passport'] }),
  idRule('ca/sin', '999-999-999=45 999_999_999=45 9{9}=15', {
    type: 'CA_SIN',
    words: 'sin,social insurance,nas',
    check: 'luhn',
    isValid: (text) =>
      text[0] !== 0x30 && text[0] !== 0x38 && !isRepeated(text, 9) && luhn(text, 9),
  }),
  idRule('br/cpf', '999.999.999-99=90 9{9}-99=75 9{11}=40', {
    type: 'BR_CPF',
    words: 'cpf,cadastro',
    check: 'mod-11',
    isValid: isCpf,
  }),
  idRule('br/cnpj', '99.999.999/9999-99=90 9{14}=40', {
    words: 'cnpj',
    check: 'mod-11',
    isValid: isCnpj,
  }),
  idRule('br/titulo', '9999_9999_9999=30 9{12}=20 9{11}=10', {
    words: 'titulo,título,eleitor',
    topics: [],
  }),
  idRule('mx/curp', 'AAAA9{6}AAAAAA99=90 AAAA9{6}AAAAAAA9=90', {
    words: 'curp',
    check: 'curp-mod-10',
    isValid: isCurp,
  }),
  idRule(
    'mx/rfc',
    'AAAA9{6}AAA=40 AAAA9{6}AA9=55 AAAA9{6}A9A=55 AAAA9{6}9AA=55 AAAA9{6}999=40 AAAA9{6}99A=50 AAAA9{6}9A9=55 AAAA9{6}A99=55',
    {
      type: 'TAX_ID',
      words: 'rfc',
      isValid: (text) => isDay(2000, numberAt(text, 6, 8), numberAt(text, 8, 10)),
    },
  ),
  idRule('mx/clabe', '9{18}=40', {
    topics: ['bank'],
    words: 'clabe,interbancaria',
    hint: hints.bank,
    check: 'clabe-371',
    isValid: (text) => {
      let sum = 0
      for (let at = 0; at < 17; at++) sum += (valueAt(text, at) * ([3, 7, 1][at % 3] ?? 0)) % 10
      return (10 - (sum % 10)) % 10 === valueAt(text, 17)
    },
  }),
  idRule('ar/cuit', '99-99999999-9=80 99.99999999.9=80 9{11}=35', {
    type: 'TAX_ID',
    words: 'cuit,cuil',
    check: 'mod-11',
    isValid: isCuit,
  }),
  idRule('ar/dni', '99.999.999=20 9{8}=5', { words: 'dni,documento', topics: [] }),
  idRule('ar/cbu', '9{22}=30', {
    topics: ['bank'],
    words: 'cbu,cvu',
    hint: hints.bank,
    check: 'cbu-7139',
    isValid: (text) =>
      (weighted(text, [7, 1, 3, 9, 7, 1, 3]) + valueAt(text, 7)) % 10 === 0 &&
      (weighted(text, [3, 9, 7, 1, 3, 9, 7, 1, 3, 9, 7, 1, 3], 8) + valueAt(text, 21)) % 10 === 0,
  }),
  idRule(
    'cl/rut',
    '99.999.999-9=90 99.999.999-A=90 9.999.999-9=85 9.999.999-A=85 9{8}-9=65 9{8}-A=70 9{7}-9=50 9{7}-A=60',
    {
      words: 'rut,run',
      check: 'mod-11',
      isValid: isRut,
    },
  ),
  idRule('co/nit', '999.999.999-9=70 9{9}-9=50', {
    type: 'TAX_ID',
    words: 'nit',
    check: 'mod-11',
    isValid: (text) => {
      const rest = weighted(text, [41, 37, 29, 23, 19, 17, 13, 7, 3]) % 11
      return (rest < 2 ? rest : 11 - rest) === valueAt(text, 9)
    },
  }),
  idRule('pe/ruc', '9{11}=35', {
    type: 'TAX_ID',
    words: 'ruc',
    check: 'mod-11',
    isValid: (text) =>
      [10, 15, 16, 17, 20].includes(numberAt(text, 0, 2)) &&
      (11 - (weighted(text, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === valueAt(text, 10),
  }),
  idRule('ec/cedula', '9{9}-9=60 9{10}=25', {
    words: 'cedula,cédula,ci',
    check: 'luhn',
    isValid: (text) => {
      const province = numberAt(text, 0, 2)
      return (
        (province < 25 || province === 30) && valueAt(text, 2) < 6 && province > 0 && luhn(text, 10)
      )
    },
  }),
  idRule('uy/rut', '99-999999-999-9=75 9{12}=25', {
    type: 'TAX_ID',
    words: 'rut',
    check: 'mod-11',
    isValid: (text) =>
      (11 - (weighted(text, [4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === valueAt(text, 11) &&
      numberAt(text, 0, 2) >= 1 &&
      numberAt(text, 0, 2) <= 22 &&
      numberAt(text, 8, 11) === 1,
  }),
  idRule('uy/ci', '9.999.999-9=75', {
    words: 'ci,cedula,cédula',
    check: 'mod-10',
    isValid: (text) => (weighted(text, [2, 9, 8, 7, 6, 3, 4]) + valueAt(text, 7)) % 10 === 0,
  }),
  idRule('ve/rif', 'A-9{8}-9=80 A9{8}-9=70 A-9{9}=70 A9{9}=45', {
    type: 'TAX_ID',
    words: 'rif',
    check: 'mod-11',
    isValid: (text) => {
      const kind = { 86: 4, 69: 8, 74: 12, 80: 16, 71: 20 }[text[0] ?? 0]
      if (kind === undefined) return false
      const rest = (kind + weighted(text, [3, 2, 7, 6, 5, 4, 3, 2], 1)) % 11
      return (rest < 2 ? 0 : 11 - rest) === valueAt(text, 9)
    },
  }),
  idRule('do/cedula', '999-9999999-9=80 9{11}=20', {
    words: 'cedula,cédula',
    check: 'luhn',
    isValid: (text) => luhn(text, 11),
  }),
  idRule('gt/cui', '9999_99999_9999=55 9{13}=20', {
    words: 'cui,dpi',
    check: 'mod-11',
    isValid: (text) =>
      weighted(text, [2, 3, 4, 5, 6, 7, 8, 9]) % 11 === valueAt(text, 8) &&
      numberAt(text, 9, 11) < 23,
  }),
]

/** SSA: areas 000, 666 and 900 to 999, group 00 and serial 0000 were never assigned. */
export function isSsn(text: Text): boolean {
  const area = numberAt(text, 0, 3)
  return (
    area !== 0 &&
    area !== 666 &&
    area < 900 &&
    numberAt(text, 3, 5) !== 0 &&
    numberAt(text, 5, 9) !== 0
  )
}

/** IRS: 9xx with the groups 50 to 65, 70 to 88, 90 to 92 and 94 to 99. */
function isItin(text: Text): boolean {
  const group = numberAt(text, 3, 5)
  return (
    text[0] === 0x39 &&
    ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) || (group >= 90 && group !== 93))
  )
}

/** Prefixes the IRS has not assigned to employers. */
const emptyEinPrefixes: ReadonlySet<number> = new Set([
  0, 7, 8, 9, 17, 18, 19, 28, 29, 49, 69, 70, 78, 79, 89, 96, 97,
])

function isRoutingNumber(text: Text): boolean {
  const district = numberAt(text, 0, 2)
  const known =
    (district >= 1 && district <= 12) ||
    (district >= 21 && district <= 32) ||
    (district >= 61 && district <= 72) ||
    district === 80
  return known && weighted(text, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0
}

/** The pattern of CMS: N a digit, A a letter without S L O I B Z, X either. */
function looksLike(text: Text, pattern: string): boolean {
  for (let at = 0; at < pattern.length; at++) {
    const value = valueAt(text, at)
    const letter = value > 9
    if (pattern[at] === 'N' && (letter || (at === 0 && value === 0))) return false
    if (pattern[at] === 'A' && !letter) return false
    if (letter && 'SLOIBZ'.includes(String.fromCharCode(text[at] ?? 0))) return false
  }
  return true
}

function isCpf(text: Text): boolean {
  if (isRepeated(text, 11)) return false
  const first = ((weighted(text, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  const second = ((weighted(text, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  return first === valueAt(text, 9) && second === valueAt(text, 10)
}

function isCnpj(text: Text): boolean {
  if (isRepeated(text, 14)) return false
  const first = ((weighted(text, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  const second = ((weighted(text, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  return first === valueAt(text, 12) && second === valueAt(text, 13)
}

/** RENAPO: day of birth, sex, and a check digit over an alphabet that has Ñ after N. */
function isCurp(text: Text): boolean {
  const sex = text[10]
  if (sex !== 0x48 && sex !== 0x4d && sex !== 0x58) return false
  if (!isDay(2000, numberAt(text, 6, 8), numberAt(text, 8, 10))) return false
  let sum = 0
  for (let at = 0; at < 17; at++) {
    const value = valueAt(text, at)
    sum += (value > 23 ? value + 1 : value) * (18 - at)
  }
  return (10 - (sum % 10)) % 10 === valueAt(text, 17)
}

function isCuit(text: Text): boolean {
  const kind = numberAt(text, 0, 2)
  if (![20, 23, 24, 27, 30, 33, 34, 50, 51, 55].includes(kind)) return false
  const rest = 11 - (weighted(text, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)
  return (rest === 11 ? 0 : rest === 10 ? 9 : rest) === valueAt(text, 10)
}

/** SII: weights 2 to 7 from the right; 10 is written K. */
function isRut(text: Text, length: number): boolean {
  let sum = 0
  for (let at = length - 2, weight = 2; at >= 0; at--, weight = weight === 7 ? 2 : weight + 1) {
    sum += valueAt(text, at) * weight
  }
  const rest = 11 - (sum % 11)
  const last = text[length - 1] ?? 0
  return rest === 10 ? last === 0x4b : last === 0x30 + (rest % 11)
}
