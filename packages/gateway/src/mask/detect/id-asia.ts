import {
  isDay,
  isRepeated,
  luhn,
  numberAt,
  type Text,
  valueAt,
  verhoeff,
  weighted,
} from './checksum.ts'
import { type IdRule, idRule } from './id-rule.ts'

/** Identifiers of Asia, Africa and Oceania. */
export const asianIds: readonly IdRule[] = [
  idRule('cn/resident', '9{18}=90 9{17}A=95', {
    words: '身份证,身份证号,身份证号码,居民身份证,resident identity,sfz',
    check: 'mod-11-2',
    isValid: isChinese,
  }),
  idRule('jp/my-number', '9999_9999_9999=35 9999-9999-9999=35 9{12}=25', {
    words: 'マイナンバー,個人番号,my number,mynumber,kojin bango',
    check: 'mod-11',
    isValid: (text) => {
      const rest = weighted(text, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
      return !isRepeated(text, 12) && (rest < 2 ? 0 : 11 - rest) === valueAt(text, 11)
    },
  }),
  idRule('kr/rrn', '999999-9999999=80', {
    type: 'KR_RRN',
    words: 'rrn,주민등록번호,주민번호,resident registration',
    isValid: (text) => isKorean(text, { foreign: false }),
  }),
  idRule('kr/rrn-bare', '9{13}=55', {
    type: 'KR_RRN',
    words: 'rrn,주민등록번호,주민번호,resident registration',
    check: 'mod-11',
    isValid: (text) =>
      isKorean(text, { foreign: false }) &&
      (11 - (weighted(text, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10 === valueAt(text, 12),
  }),
  idRule('kr/frn', '999999-9999999=75 9{13}=45', {
    type: 'KR_FRN',
    words: 'frn,외국인등록번호,foreigner registration,alien registration',
    isValid: (text) => isKorean(text, { foreign: true }),
  }),
  idRule('kr/driver', '99-99-999999-99=65 9{12}=15', {
    type: 'KR_DRIVER_LICENSE',
    topics: ['license'],
    words: '운전면허,운전면허번호',
    isValid: (text) => numberAt(text, 0, 2) >= 11 && numberAt(text, 0, 2) <= 28,
  }),
  idRule('kr/passport', 'A9{8}=15 A999A9999=35', {
    type: 'KR_PASSPORT',
    topics: ['passport'],
    words: '여권,korean passport',
    isValid: (text) => 'MSRODG'.includes(String.fromCharCode(text[0] ?? 0)),
  }),
  idRule('kr/business', '999-99-99999=70', {
    type: 'TAX_ID',
    topics: [],
    words: '사업자등록번호,사업자번호,brn',
    check: 'mod-10',
    isValid: (text) =>
      (weighted(text, [1, 3, 7, 1, 3, 7, 1, 3, 5]) +
        Math.floor((valueAt(text, 8) * 5) / 10) +
        valueAt(text, 9)) %
        10 ===
      0,
  }),
  idRule('in/aadhaar', '9999_9999_9999=80 9999-9999-9999=75 9999:9999:9999=75 9{12}=45', {
    type: 'IN_AADHAAR',
    words: 'aadhaar,aadhar,uidai,आधार,uid',
    check: 'verhoeff',
    isValid: (text) => text[0] !== 0x30 && text[0] !== 0x31 && verhoeff(text, 12),
  }),
  idRule('in/pan', 'AAAAA9999A=55', {
    type: 'IN_PAN',
    words: 'pan,permanent account,pan card',
    topics: ['nationalId', 'card'],
    isValid: (text) => 'PCHABGJLFTE'.includes(String.fromCharCode(text[3] ?? 0)),
  }),
  idRule('in/gstin', '*15=90', {
    type: 'IN_GSTIN',
    words: 'gstin,gst',
    check: 'mod-36',
    isValid: isGstin,
  }),
  idRule('in/voter', 'AAA9{7}=35', {
    type: 'IN_VOTER',
    topics: [],
    words: 'voter,epic,voter id,elector',
  }),
  idRule('in/passport', 'A9{7}=25', { type: 'IN_PASSPORT', topics: ['passport'] }),
  idRule(
    'in/vehicle',
    'AA99AA9999=45 AA9AAA9999=45 AA99A9999=40 AA_99_AA_9999=60 AA-99-AA-9999=60',
    {
      type: 'IN_VEHICLE_REGISTRATION',
      topics: ['vehicle'],
      isValid: (text) => indianStates.has(String.fromCharCode(text[0] ?? 0, text[1] ?? 0)),
    },
  ),
  idRule('sg/nric', 'A9{7}A=85', {
    type: 'SG_NRIC_FIN',
    words: 'nric,fin',
    check: 'mod-11',
    isValid: isSingaporean,
  }),
  idRule('sg/uen', '9{8}A=25 9{9}A=30 A99AA9999A=60', {
    type: 'SG_UEN',
    topics: [],
    words: 'uen,unique entity',
    isValid: (text, length) =>
      valueAt(text, 0) <= 9 || (length === 10 && 'RST'.includes(String.fromCharCode(text[0] ?? 0))),
  }),
  idRule('hk/id', 'A9{6}(9=90 A9{6}(A=90 AA9{6}(9=90 A9{7}=20 A9{6}A=40', {
    words: 'hkid,身份證,hong kong',
    check: 'mod-11',
    isValid: isHongKong,
  }),
  idRule('tw/id', 'A9{9}=45', {
    words: '身分證,身分證字號,taiwan',
    check: 'mod-10',
    isValid: (text) => {
      const region = '10987654932210898765431320'[valueAt(text, 0) - 10] ?? '0'
      const second = text[1] ?? 0
      return (
        [0x31, 0x32, 0x38, 0x39].includes(second) &&
        (Number(region) + weighted(text, [8, 7, 6, 5, 4, 3, 2, 1, 1], 1)) % 10 === 0
      )
    },
  }),
  idRule('th/tin', '9-9999-99999-99-9=90 9_9999_99999_99_9=90 9{13}=40', {
    type: 'TH_TNIN',
    words: 'เลขประจำตัวประชาชน,บัตรประชาชน,thai id,tnin,tin',
    check: 'mod-11',
    isValid: (text) =>
      text[0] !== 0x30 &&
      text[0] !== 0x39 &&
      thaiProvinces.has(numberAt(text, 1, 3)) &&
      (11 - (weighted(text, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 ===
        valueAt(text, 12),
  }),
  idRule('my/nric', '999999-99-9999=80 9{12}=15', {
    words: 'nric,mykad,kad pengenalan,ic',
    isValid: (text) => {
      const place = numberAt(text, 6, 8)
      const known =
        place > 0 &&
        place < 100 &&
        ![0, 17, 18, 19, 20, 69, 70, 73, 80, 81, 94, 95, 96, 97].includes(place)
      return known && isDay(2000 + numberAt(text, 0, 2), numberAt(text, 2, 4), numberAt(text, 4, 6))
    },
  }),
  idRule('id/nik', '9{16}=25', {
    words: 'nik,ktp,nomor induk,kependudukan',
    isValid: (text) =>
      numberAt(text, 0, 2) >= 11 &&
      numberAt(text, 0, 2) <= 94 &&
      isDay(2000 + numberAt(text, 10, 12), numberAt(text, 8, 10), numberAt(text, 6, 8) % 40) &&
      numberAt(text, 12, 16) > 0,
  }),
  idRule('lk/nic', '9{9}A=50', {
    words: 'nic',
    isValid: (text) =>
      (text[9] === 0x56 || text[9] === 0x58) &&
      numberAt(text, 2, 5) % 500 <= 366 &&
      numberAt(text, 2, 5) % 500 > 0,
  }),
  idRule('pk/cnic', '99999-9999999-9=80 9{13}=15', {
    words: 'cnic,nicop',
    isValid: (text) =>
      text[0] !== 0x30 && text[0] !== 0x38 && text[0] !== 0x39 && text[12] !== 0x30,
  }),
  idRule('ir/national', '9{10}=15 999-999999-9=60', {
    words: 'کد ملی,کدملی,melli,codemelli',
    check: 'mod-11',
    isValid: (text) => {
      const rest = weighted(text, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11
      return !isRepeated(text, 10) && (rest < 2 ? rest : 11 - rest) === valueAt(text, 9)
    },
  }),
  idRule('il/id', '9{9}=15 99999999-9=50', {
    words: 'teudat zehut,teudat,zehut,תעודת זהות,ת״ז,israeli id',
    check: 'luhn',
    isValid: (text) => !isRepeated(text, 9) && luhn(text, 9),
  }),
  idRule('sa/national', '9{10}=25', {
    words: 'iqama,saudi id,هوية,absher',
    check: 'luhn',
    isValid: (text) => (text[0] === 0x31 || text[0] === 0x32) && luhn(text, 10),
  }),
  idRule('ae/emirates', '999-9999-9999999-9=90 9{15}=55', {
    words: 'emirates id,eid,emirates,هوية',
    check: 'luhn',
    isValid: (text) => numberAt(text, 0, 3) === 784 && luhn(text, 15),
  }),
  idRule('eg/national', '9{14}=35', {
    words: 'الرقم القومي,national number,egyptian id',
    isValid: (text) =>
      (text[0] === 0x32 || text[0] === 0x33) &&
      numberAt(text, 7, 9) <= 88 &&
      isDay(2000 + numberAt(text, 1, 3), numberAt(text, 3, 5), numberAt(text, 5, 7)),
  }),
  idRule('kz/iin', '9{12}=35', {
    words: 'иин,iin,жсн',
    check: 'mod-11',
    isValid: (text) => {
      if (!isDay(2000 + numberAt(text, 0, 2), numberAt(text, 2, 4), numberAt(text, 4, 6)))
        return false
      const first = weighted(text, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11
      const check = first < 10 ? first : weighted(text, [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11
      return valueAt(text, 6) < 7 && check === valueAt(text, 11)
    },
  }),
  idRule('za/id', '9{13}=60 999999_9999_99_9=85 999999_9999_999=85', {
    words: 'rsa id,south african,sa id',
    check: 'luhn',
    isValid: (text) =>
      isDay(2000 + numberAt(text, 0, 2), numberAt(text, 2, 4), numberAt(text, 4, 6)) &&
      valueAt(text, 10) < 3 &&
      luhn(text, 13),
  }),
  idRule('ng/nin', '9{11}=30', {
    type: 'NG_NIN',
    words: 'nin,national identification',
    check: 'verhoeff',
    isValid: (text) => !isRepeated(text, 11) && verhoeff(text, 11),
  }),
  idRule('au/tfn', '999_999_999=45 999-999-999=45 9{9}=15 9{8}=5 99.999.999=20 9999-999-99=45', {
    type: 'AU_TFN',
    words: 'tfn,tax file',
    check: 'mod-11',
    isValid: (text, length) =>
      !isRepeated(text, length) &&
      weighted(text, length === 9 ? [1, 4, 3, 7, 5, 8, 6, 9, 10] : [10, 7, 8, 4, 6, 3, 5, 1]) %
        11 ===
        0,
  }),
  idRule('au/abn', '99_999_999_999=75 99-999-999-999=70 9{11}=40', {
    type: 'AU_ABN',
    words: 'abn,business number',
    check: 'mod-89',
    isValid: (text) =>
      text[0] !== 0x30 && (weighted(text, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0,
  }),
  idRule('au/acn', '999_999_999=40 9{9}=15', {
    type: 'AU_ACN',
    topics: [],
    words: 'acn,company number',
    check: 'mod-10',
    isValid: (text) =>
      !isRepeated(text, 9) &&
      (10 - (weighted(text, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === valueAt(text, 8),
  }),
  idRule('au/medicare', '9999_99999_9=70 9999_99999_9/9=80 9{10}=20 9{11}=20', {
    type: 'AU_MEDICARE',
    topics: ['medical'],
    words: 'medicare',
    check: 'mod-10',
    isValid: (text) =>
      valueAt(text, 0) > 1 &&
      valueAt(text, 0) < 7 &&
      weighted(text, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === valueAt(text, 8),
  }),
  idRule('nz/ird', '99-999-999=55 999-999-999=45 9{8}=5 9{9}=10', {
    type: 'TAX_ID',
    words: 'ird,inland revenue',
    check: 'mod-11',
    isValid: isNewZealand,
  }),
]

/** Provinces (ISO 3166-2:TH): the second and third digit of everybody registered in one. */
const thaiProvinces: ReadonlySet<number> = new Set(
  [10, 30, 40, 50, 60, 70, 80, 90].flatMap((first) =>
    Array.from({ length: thaiCount(first) }, (_, at) => first + at),
  ),
)

function thaiCount(first: number): number {
  return { 10: 18, 30: 10, 40: 10, 50: 9, 60: 8, 70: 8, 80: 7, 90: 7 }[first] ?? 0
}

/** GB 11643: region, day of birth, serial, ISO 7064 MOD 11-2. */
function isChinese(text: Text): boolean {
  const region = numberAt(text, 0, 2)
  if (region < 11 || region > 91) return false
  const year = numberAt(text, 6, 10)
  if (year < 1850 || year > 2099 || !isDay(year, numberAt(text, 10, 12), numberAt(text, 12, 14)))
    return false
  const sum = weighted(text, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
  return '10X98765432'.charCodeAt(sum % 11) === text[17]
}

/** Day of birth and century. Since October 2020 the rest is random, so the form with a dash has no check. */
function isKorean(text: Text, { foreign }: { readonly foreign: boolean }): boolean {
  const kind = valueAt(text, 6)
  if (foreign ? kind < 5 || kind > 8 : kind < 1 || kind > 4) return false
  if (!isDay(2000 + numberAt(text, 0, 2), numberAt(text, 2, 4), numberAt(text, 4, 6))) return false
  return true
}

const indianStates: ReadonlySet<string> = new Set(
  'AN AP AR AS BR CG CH DD DL DN GA GJ HP HR JH JK KA KL LA LD MH ML MN MP MZ NL OD OR PB PY RJ SK TN TR TS UK UP WB'.split(
    ' ',
  ),
)

function isGstin(text: Text): boolean {
  let sum = 0
  for (let at = 0; at < 15; at++) {
    const letter = valueAt(text, at) > 9
    if (at < 2 || (at > 6 && at < 11) ? letter : at < 7 || at === 11 || at === 13 ? !letter : false)
      return false
    if (at === 14) break
    const product = valueAt(text, at) * (at % 2 === 0 ? 1 : 2)
    sum += Math.floor(product / 36) + (product % 36)
  }
  const state = numberAt(text, 0, 2)
  return (
    text[13] === 0x5a && state > 0 && state < 39 && (36 - (sum % 36)) % 36 === valueAt(text, 14)
  )
}

function isSingaporean(text: Text): boolean {
  const series = String.fromCharCode(text[0] ?? 0)
  if (!'STFGM'.includes(series)) return false
  const sum =
    weighted(text, [2, 7, 6, 5, 4, 3, 2], 1) + ('TG'.includes(series) ? 4 : series === 'M' ? 3 : 0)
  const letters = 'ST'.includes(series)
    ? 'JZIHGFEDCBA'
    : series === 'M'
      ? 'KLJNPQRTUWX'
      : 'XWUTRQPNMLK'
  const at = series === 'M' ? 10 - (sum % 11) : sum % 11
  return letters.charCodeAt(at) === text[8]
}

/** Immigration Department: letters count from 10, a missing first one 36; 10 is written A. */
function isHongKong(text: Text, length: number): boolean {
  const letters = valueAt(text, 1) > 9 ? 2 : 1
  if (length !== letters + 7) return false
  let sum = (letters === 2 ? valueAt(text, 0) : 36) * 9 + valueAt(text, letters - 1) * 8
  for (let at = 0; at < 6; at++) sum += valueAt(text, letters + at) * (7 - at)
  const last = text[length - 1] === 0x41 ? 10 : valueAt(text, length - 1)
  return last <= 10 && (sum + last) % 11 === 0
}

function isNewZealand(text: Text, length: number): boolean {
  const number = numberAt(text, 0, length)
  if (number < 10_000_000 || number > 150_000_000) return false
  const from = length === 9 ? [3, 2, 7, 6, 5, 4, 3, 2] : [2, 7, 6, 5, 4, 3, 2]
  const next = length === 9 ? [7, 4, 3, 2, 5, 2, 7, 6] : [4, 3, 2, 5, 2, 7, 6]
  let check = (11 - (weighted(text, from) % 11)) % 11
  if (check === 10) check = (11 - (weighted(text, next) % 11)) % 11
  return check === valueAt(text, length - 1)
}
