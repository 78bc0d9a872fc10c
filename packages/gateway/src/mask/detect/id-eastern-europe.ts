import {
  isDay,
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

/** Identifiers of Northern, Central and Eastern Europe, Russia and Türkiye. */
export const easternEuropeanIds: readonly IdRule[] = [
  idRule('se/personal', '999999-9999=80 999999+9999=80 99999999-9999=85 9{10}=30 9{12}=40', {
    type: 'SE_PERSONNUMMER',
    words: 'personnummer,pnr,personnr,samordningsnummer',
    check: 'luhn',
    isValid: isSwedish,
  }),
  idRule('se/organisation', '999999-9999=45 9{10}=20', {
    type: 'SE_ORGANISATIONSNUMMER',
    words: 'organisationsnummer,orgnr,orgnummer',
    topics: [],
    check: 'luhn',
    isValid: (text) => numberAt(text, 2, 4) >= 20 && text[0] !== 0x30 && luhn(text, 10),
  }),
  idRule('no/personal', '999999_99999=80 9{11}=50', {
    words: 'fødselsnummer,fodselsnummer,fnr,personnummer',
    check: 'mod-11',
    isValid: isNorwegian,
  }),
  idRule('no/organisation', '999_999_999=35 9{9}=15', {
    type: 'TAX_ID',
    topics: [],
    words: 'orgnr,organisasjonsnummer,foretaksnummer',
    check: 'mod-11',
    isValid: (text) => {
      const rest = weighted(text, [3, 2, 7, 6, 5, 4, 3, 2]) % 11
      return (11 - rest) % 11 === valueAt(text, 8)
    },
  }),
  idRule('no/account', '9999.99.99999=75 9999_99_99999=60 9{11}=20', {
    topics: ['bank'],
    words: 'kontonummer,kontonr',
    check: 'mod-11',
    isValid: (text) =>
      (11 - (weighted(text, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === valueAt(text, 10),
  }),
  idRule('dk/cpr', '999999-9999=55 9{10}=15', {
    words: 'cpr,cpr nummer,cprnummer,personnummer',
    isValid: (text) => isShortDay(text, 4, 2, 0),
  }),
  idRule(
    'fi/personal',
    '999999-999A=90 999999-9999=70 999999+999A=90 999999A999A=90 999999A9999=90',
    {
      type: 'FI_PERSONAL_IDENTITY_CODE',
      words: 'henkilötunnus,hetu,henkilotunnus,personbeteckning',
      check: 'mod-31',
      isValid: isFinnish,
    },
  ),
  idRule('is/kennitala', '999999-9999=75 9{10}=25', {
    words: 'kennitala,kt',
    check: 'mod-11',
    isValid: (text) =>
      isShortDay(text, 4, 2, 0) &&
      (valueAt(text, 9) === 0 || valueAt(text, 9) > 7) &&
      (11 - (weighted(text, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === valueAt(text, 8),
  }),
  idRule('ee/personal', '9{11}=50', {
    words: 'isikukood,asmens kodas,asmens,personal code',
    check: 'mod-11',
    isValid: (text) => isShortDay(text, 1, 3, 5) && valueAt(text, 0) > 0 && isBaltic(text),
  }),
  idRule('lv/personal', '999999-99999=75 9{11}=20', {
    words: 'personas kods,personas,pk',
    check: 'mod-11',
    isValid: (text) =>
      text[0] === 0x33 && text[1] === 0x32
        ? true
        : isShortDay(text, 4, 2, 0) &&
          ((1101 - weighted(text, [1, 6, 3, 7, 9, 10, 5, 8, 4, 2])) % 11) % 10 ===
            valueAt(text, 10),
  }),
  idRule('pl/pesel', '9{11}=45', {
    type: 'PL_PESEL',
    words: 'pesel',
    check: 'mod-10',
    isValid: (text) =>
      isDay(2000 + numberAt(text, 0, 2), numberAt(text, 2, 4) % 20, numberAt(text, 4, 6)) &&
      weighted(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0,
  }),
  idRule('pl/nip', '999-999-99-99=75 999-99-99-999=75 9{10}=20', {
    type: 'TAX_ID',
    words: 'nip',
    check: 'mod-11',
    isValid: (text) =>
      !isRepeated(text, 10) &&
      weighted(text, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === valueAt(text, 9),
  }),
  idRule('pl/regon', '9{9}=10 9{14}=15', {
    type: 'TAX_ID',
    topics: [],
    words: 'regon',
    check: 'mod-11',
    isValid: (text, length) =>
      length === 9
        ? isRegon(text)
        : isRegon(text) &&
          (weighted(text, [2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8]) % 11) % 10 === valueAt(text, 13),
  }),
  idRule('cz/birth-number', '999999/9999=85 999999/999=60 9{10}=30', {
    words: 'rodné číslo,rodne cislo,rodné,rodne,rč,dič,dic',
    check: 'mod-11',
    isValid: isCzech,
  }),
  idRule('hu/tax', '9{10}=15', {
    type: 'TAX_ID',
    words: 'adóazonosító,adoazonosito,adóazonosító jel',
    check: 'mod-11',
    isValid: (text) =>
      text[0] === 0x38 && weighted(text, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 === valueAt(text, 9),
  }),
  idRule('hu/taj', '999_999_999=35 999-999-999=35 9{9}=10', {
    topics: ['medical'],
    words: 'taj,taj szám,tajszám',
    check: 'mod-10',
    isValid: (text) => weighted(text, [3, 7, 3, 7, 3, 7, 3, 7]) % 10 === valueAt(text, 8),
  }),
  idRule('ro/cnp', '9{13}=60', {
    words: 'cnp,cod numeric,numeric personal',
    check: 'mod-11',
    isValid: (text) => {
      if (valueAt(text, 0) === 0 || !isShortDay(text, 1, 3, 5) || numberAt(text, 7, 9) > 52)
        return false
      const rest = weighted(text, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
      return (rest === 10 ? 1 : rest) === valueAt(text, 12)
    },
  }),
  idRule('ro/cui', '9{8}=5 9{7}=5 9{9}=5 9{10}=5', {
    type: 'TAX_ID',
    topics: [],
    words: 'cui,cif,cod fiscal',
    check: 'mod-11',
    isValid: (text, length) => {
      let sum = 0
      for (let at = 0; at < length - 1; at++) {
        sum += valueAt(text, at) * ([7, 5, 3, 2, 1, 7, 5, 3, 2][9 - (length - 1) + at] ?? 0)
      }
      return ((sum * 10) % 11) % 10 === valueAt(text, length - 1)
    },
  }),
  idRule('bg/egn', '9{10}=30', {
    words: 'егн,egn',
    check: 'mod-11',
    isValid: (text) =>
      isDay(2000 + numberAt(text, 0, 2), numberAt(text, 2, 4) % 20, numberAt(text, 4, 6)) &&
      (weighted(text, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === valueAt(text, 9),
  }),
  idRule('hr/oib', '9{11}=25', {
    words: 'oib',
    check: 'mod-11-10',
    isValid: (text) => iso7064Mod11x10(text, 11),
  }),
  idRule('yu/jmbg', '9{13}=60', {
    words: 'jmbg,emso,emšo,embg,umcn',
    check: 'mod-11',
    isValid: (text) =>
      isDay(2000, numberAt(text, 2, 4), numberAt(text, 0, 2)) &&
      (text[4] === 0x39 || text[4] === 0x30) &&
      (11 - (weighted(text, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11 === valueAt(text, 12),
  }),
  idRule('si/tax', '9{8}=5', {
    type: 'TAX_ID',
    words: 'davčna,davcna,davčna številka',
    check: 'mod-11',
    isValid: (text) =>
      text[0] !== 0x30 &&
      ((11 - (weighted(text, [8, 7, 6, 5, 4, 3, 2]) % 11)) % 11) % 10 === valueAt(text, 7),
  }),
  idRule('gr/afm', '9{9}=15', {
    type: 'TAX_ID',
    words: 'αφμ,afm,ΑΦΜ',
    check: 'mod-11',
    isValid: (text) =>
      !isRepeated(text, 9) &&
      (weighted(text, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === valueAt(text, 8),
  }),
  idRule('gr/amka', '9{11}=35', {
    words: 'αμκα,amka,ΑΜΚΑ',
    check: 'luhn',
    isValid: (text) => isShortDay(text, 4, 2, 0) && luhn(text, 11),
  }),
  idRule('ua/tax', '9{10}=15', {
    type: 'TAX_ID',
    words: 'рнокпп,іпн,rnokpp,ipn',
    check: 'mod-11',
    isValid: (text) =>
      (((weighted(text, [-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11) + 11) % 11) % 10 === valueAt(text, 9),
  }),
  idRule('ru/inn', '9{12}=35 9{10}=15', {
    type: 'TAX_ID',
    words: 'инн,inn,ИНН',
    check: 'mod-11',
    isValid: (text, length) =>
      length === 10
        ? (weighted(text, [2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === valueAt(text, 9)
        : (weighted(text, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === valueAt(text, 10) &&
          (weighted(text, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === valueAt(text, 11),
  }),
  idRule('ru/snils', '999-999-999_99=90 999-999-999-99=90 9{11}=30', {
    words: 'снилс,snils,СНИЛС',
    check: 'mod-101',
    isValid: (text) =>
      numberAt(text, 0, 9) > 1_001_998 &&
      (weighted(text, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100 === numberAt(text, 9, 11),
  }),
  idRule('ru/passport', '9999_999999=20 99_99_999999=35 9{10}=5', {
    type: 'PASSPORT',
    topics: ['passport'],
  }),
  idRule('tr/national', '9{11}=45', {
    type: 'TR_NATIONAL_ID',
    words: 'tc,tckn,kimlik,kimlik numarası,tc kimlik',
    check: 'mod-10',
    isValid: (text) => {
      if (text[0] === 0x30) return false
      const odd = weighted(text, [7, 0, 7, 0, 7, 0, 7, 0, 7])
      const even = weighted(text, [0, 1, 0, 1, 0, 1, 0, 1])
      const sum = weighted(text, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
      return (((odd - even) % 10) + 10) % 10 === valueAt(text, 9) && sum % 10 === valueAt(text, 10)
    },
  }),
  idRule('tr/vkn', '9{10}=15', {
    type: 'TAX_ID',
    words: 'vkn,vergi,vergi kimlik',
    check: 'vkn',
    isValid: (text) => {
      let sum = 0
      for (let at = 0; at < 9; at++) {
        const value = (valueAt(text, at) + 9 - at) % 10
        sum += value === 0 ? 0 : (value * 2 ** (9 - at)) % 9 || 9
      }
      return (10 - (sum % 10)) % 10 === valueAt(text, 9)
    },
  }),
]

const isRegon = (text: Text): boolean =>
  (weighted(text, [8, 9, 2, 3, 4, 5, 6, 7]) % 11) % 10 === valueAt(text, 8)

/** A day with a year of two digits: where year, month and day stand. Any century will do. */
const isShortDay = (text: Text, year: number, month: number, day: number): boolean =>
  isDay(
    2000 + numberAt(text, year, year + 2),
    numberAt(text, month, month + 2),
    numberAt(text, day, day + 2),
  )

/** Skatteverket: Luhn over the last ten; coordination numbers add 60 to the day. */
function isSwedish(text: Text, length: number): boolean {
  const from = length - 10
  if (from === 2 && (numberAt(text, 0, 2) < 18 || numberAt(text, 0, 2) > 21)) return false
  return (
    isDay(
      2000 + numberAt(text, from, from + 2),
      numberAt(text, from + 2, from + 4),
      numberAt(text, from + 4, from + 6) % 60,
    ) && luhnSum(text, from, length) % 10 === 0
  )
}

/** Skatteetaten: two check digits; D numbers add 40 to the day, test numbers 80 to the month. */
function isNorwegian(text: Text): boolean {
  const day = numberAt(text, 0, 2) % 40
  const month = (numberAt(text, 2, 4) % 80) % 40
  if (!isDay(2000, month, day)) return false
  const first = (11 - (weighted(text, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11
  const second = (11 - (weighted(text, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return first === valueAt(text, 9) && second === valueAt(text, 10)
}

/** DVV: the nine digits by 31; since 2023 several letters stand for each century. */
function isFinnish(text: Text, length: number): boolean {
  const lettered = length === 11
  if (lettered && !'ABCDEFYXWVU'.includes(String.fromCharCode(text[6] ?? 0))) return false
  const serial = lettered ? 7 : 6
  if (!isShortDay(text, 4, 2, 0) || numberAt(text, serial, serial + 3) < 2) return false
  const number = numberAt(text, 0, 6) * 1000 + numberAt(text, serial, serial + 3)
  return '0123456789ABCDEFHJKLMNPRSTUVWXY'.charCodeAt(number % 31) === text[length - 1]
}

function isBaltic(text: Text): boolean {
  const first = weighted(text, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11
  if (first < 10) return first === valueAt(text, 10)
  return (weighted(text, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11) % 10 === valueAt(text, 10)
}

/** Women add 50 to the month, and where numbers ran out 20; nine digits have no check (before 1954). */
function isCzech(text: Text, length: number): boolean {
  const month = (numberAt(text, 2, 4) % 50) % 20
  if (!isDay(2000, month, numberAt(text, 4, 6) % 50)) return false
  if (length === 9) return numberAt(text, 0, 2) < 54
  const rest = numberAt(text, 0, 9) % 11
  return (rest === 10 ? 0 : rest) === valueAt(text, 9)
}
