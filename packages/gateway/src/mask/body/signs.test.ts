import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from '../compile.ts'
import type { DetectionPlan } from '../plan.ts'

const plan: DetectionPlan = {
  rules: [{ id: 'all', entities: ['*'], confidence: 50, strategy: { kind: 'redact' } }],
  custom: [],
  allowed: new Set(),
  onError: 'block',
  digest: 'test',
}

function masked(mediaType: string, pieces: readonly Uint8Array[]): string {
  const masking = compileResultMasking([], [], plan)
  assert.ok('masker' in masking)
  const masker = masking.masker({ mediaType, fragment: false, key: Buffer.alloc(32), echoes: [] })
  assert.ok(masker)
  return Buffer.concat([...pieces.map((piece) => masker.push(piece)), masker.end()]).toString()
}

/** The same comes out of a text and of a JSON string, whole, in chunks, and cut in two wherever one cuts it. */
function check(text: string, out: string): void {
  assert.equal(masked('text/plain', [Buffer.from(text)]), out, text)
  const body = Buffer.from(JSON.stringify([text]))
  const expected = JSON.stringify([out])
  assert.equal(masked('application/json', [body]), expected, `as JSON: ${text}`)
  for (let cut = 1; cut < body.length; cut++) {
    const pieces = [body.subarray(0, cut), body.subarray(cut)]
    assert.equal(masked('application/json', pieces), expected, `JSON cut at ${cut}: ${text}`)
  }
  const bytes = Buffer.from(text)
  for (const size of [1, 2, 3, 5]) {
    const pieces: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size))
    assert.equal(masked('text/plain', pieces), out, `in chunks of ${size}: ${text}`)
  }
}

const token = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'
const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')
const jwt = `${header}.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N`
const hidden = '[REDACTED:SECRET]'
const mail = '[REDACTED:EMAIL_ADDRESS]'

test('a sign beyond ASCII ends what stands before it and begins what stands behind', () => {
  for (const around of ['“@”', '„@“', '«@»', '‹@›', '‘@’', '「@」', '【@】', '→@←', '•@', '…@…']) {
    for (const value of [token, jwt]) check(around.replace('@', value), around.replace('@', hidden))
    check(around.replace('@', 'nora@example.org'), around.replace('@', mail))
  }
  check(`ok: ${token}—and more`, `ok: ${hidden}—and more`)
  check(`😀${token}😀 ${token}™`, `😀${hidden}😀 ${hidden}™`)
  check('see →nora@example.org… now', `see →${mail}… now`)
})

test('signs are the quotes and arrows of a name and its value', () => {
  check('password is “tr0mbone-Kuf7”', `password is “${hidden}”`)
  check('password is “it’s-my-Kuf7” now', `password is “${hidden}” now`)
  check('kennwort: „tr0mbone-Kuf7“', `kennwort: „${hidden}“`)
  check('api key = «9fA3kLq82ZxPw0sT7vBn»', `api key = «${hidden}»`)
  check('password → tr0mbone-Kuf7', `password → ${hidden}`)
  for (const around of ['“@”', '„@“', '‘@’', '«@»', '‹@›', '「@」']) {
    const [before, after] = around.split('@')
    for (const quote of ['"', "'"]) {
      const out = `password = ${quote}${before}${hidden}${after}${quote}, a`
      check(out.replace(hidden, 'tr0mbone-Kuf7'), out)
    }
    check(`password = ${before}"tr0mbone-Kuf7"${after}`, `password = ${before}"${hidden}"${after}`)
  }
  check('password = "“tr0mbone-Kuf7"', `password = "${hidden}"`)
  check('Settings → Password → Reset', 'Settings → Password → Reset')
  check('don’t share the password’s hash', 'don’t share the password’s hash')
})

test('long dashes and points join the groups of a number, and part words', () => {
  const card = '[REDACTED:CREDIT_CARD]'
  check('4111—1111—1111—1111', card)
  check('4111·1111·1111·1111', card)
  check('４１１１・１１１１・１１１１・１１１１', card)
  check('GB82—WEST—1234—5698—7654—32', '[REDACTED:IBAN_CODE]')
  check('from 203。0。113。9。', 'from [REDACTED:IP_ADDRESS]。')
  check('nora@example.org。よろしく', `${mail}。よろしく`)
})

test('scripts without spaces stand right before and behind a value, other letters do not', () => {
  check(`トークンは${token}です`, `トークンは${hidden}です`)
  check(`密码是${token}，好`, `密码是${hidden}，好`)
  check(`토큰은${token}입니다`, `토큰은${hidden}입니다`)
  check(`é${token}`, `é${token}`)
  check('メールはnora@example.orgです', `メールは${mail}です`)
  check('ติดต่อnora@example.orgครับ', `ติดต่อ${mail}ครับ`)
  check('josé@exämple.de und 田中@example.jp', `${mail} und ${mail}`)
  check('пишите nora@почта.рф', `пишите ${mail}`)
})

test('a sign within a word, and a script without spaces, hide nothing from the scanner', () => {
  for (const word of ['密码: @', '비밀번호=@', 'DB密码: @']) {
    check(word.replace('@', 'hunter2'), word.replace('@', hidden))
  }
  const ip = '[REDACTED:IP_ADDRESS]'
  check('a•192.0.2.44•b', `a•${ip}•b`)
  check('ip～192.0.2.44～ok', `ip～${ip}～ok`)
  check('key·AKIAQ3EGRZWX7HVN5MKT·', `key·${hidden}·`)
  check('v2・4539578763621486・v3', 'v2・[REDACTED:CREDIT_CARD]・v3')
  check("password: 'pa’ss9Word'", `password: '${hidden}'`)
  check('postgres://u:x9Kl→7Qmz@h/db', `postgres://${hidden}@h/db`)
  check('password: A—hunter2Hunter!', `password: ${hidden}`)
  for (const sign of ['—', '―', '–', '‒', '−', '‐', '•', '·', '→', '’', '“', 'ß', 'é']) {
    check(`password: Tr0ub4dor${sign}9xY and more`, `password: ${hidden} and more`)
  }
  check('password: Tr0ub4dor — and more', `password: ${hidden} — and more`)
})

test('a sign that joins the groups of one value parts two values elsewhere', () => {
  const ssn = '[REDACTED:US_SSN]'
  const ip = '[REDACTED:IP_ADDRESS]'
  const mac = '[REDACTED:MAC_ADDRESS]'
  const card = '[REDACTED:CREDIT_CARD]'
  for (const sign of '•·‧∙⋅〜・\u0387—。') {
    check(`page 12${sign}536-22-8716`, `page 12${sign}${ssn}`)
    check(`536-22-8716${sign}536-22-8717`, `${ssn}${sign}${ssn}`)
    check(`12${sign}4539578763621486`, `12${sign}${card}`)
  }
  check('203.0.113.77•198.51.100.9', `${ip}•${ip}`)
  check('2024-01-02•203.0.113.77', `2024-01-02•${ip}`)
  check('10:22•203.0.113.77•GET', `10:22•${ip}•GET`)
  check('(415) 555-2671•536-22-8716', `[REDACTED:PHONE_NUMBER]•${ssn}`)
  check('81•00:1b:44:11:3a:b7', `81•${mac}`)
  check('449.888.097-81•12', '[REDACTED:BR_CPF]•12')
  check('nora@example.org•415-555-2671', `${mail}•[REDACTED:PHONE_NUMBER]`)
  check('AKIAQ3EGRZWX7HVN5MKT。AKIAQ3EGRZWX7HVN5MKT', `${hidden}。${hidden}`)
  check('4539578763621486→nora@example.org', `${card}→${mail}`)
  // Within JSON in JSON, behind what is escaped there once more.
  const inner = (text: string) => JSON.stringify({ a: `two\nlines ${text}` })
  check(inner('536-22-8716•12'), inner(`${ssn}•12`))
  check('4539•5787•6362•1486', card)
})

test('a name of another script is none of look-alikes, whatever stands behind it', () => {
  for (const name of [
    'пароль',
    'Пароль',
    'ПАРОЛЬ',
    'κωδικός',
    'パスワード',
    'סיסמה',
    'كلمة المرور',
  ]) {
    for (const gap of [': ', ':', '=', ' = ']) {
      check(`${name}${gap}tr0mbone-Kuf7`, `${name}${gap}${hidden}`)
    }
  }
  for (const name of ['mot de passe', 'Mot de passe', 'motDePasse', 'jelszó', 'mật khẩu']) {
    check(`${name}: tr0mbone-Kuf7`, `${name}: ${hidden}`)
  }
  check('il passe: tr0mbone-Kuf7', 'il passe: tr0mbone-Kuf7')
  check('jоhn@exаmple.org', mail)
})
