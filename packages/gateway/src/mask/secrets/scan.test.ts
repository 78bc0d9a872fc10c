import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Cell, Span } from '../detect/cell.ts'
import { hintOf } from '../detect/hints.ts'
import { scanSecrets } from './scan.ts'

/** What is found in a text, as `rule value`. `field`: the name of the field the text is the value of. */
function find(text: string, field?: string, kind: Cell['kind'] = 'string'): readonly string[] {
  const key = Buffer.from(field ?? '')
  const bytes = Buffer.from(text)
  const spans: Span[] = []
  const hint = hintOf(key, 0, key.length)
  scanSecrets({ bytes, from: 0, to: bytes.length, hint, kind }, spans)
  return spans.map(({ rule, start, end }) => `${rule} ${bytes.subarray(start, end)}`)
}

function check(text: string, found: readonly string[], field?: string, kind?: Cell['kind']): void {
  const name = field === undefined ? text : `${field}: ${text}`
  test(`${found.length === 0 ? 'nothing' : 'a secret'} in ${JSON.stringify(name).slice(0, 70)}`, () => {
    assert.deepEqual(find(text, field, kind), found)
  })
}

const random = 'q7Zr2Lw9Xv4Kt8Nm3Bd6'
const hex = '9f3a61c07be24d58a1f0c3d29b7e6455'
const uuid = '4c1f0a52-7d3e-4b8a-9f60-2e51c7d83ab9'

// A name and its value, in the ways files, code and people write them.
for (const text of [
  `API_TOKEN=${random}`,
  `api-token: ${random}`,
  `apiToken := "${random}"`,
  `$apiToken .= '${random}';`,
  `"api_token": "${random}"`,
  `\\"api_token\\": \\"${random}\\"`,
  `'api_token' => '${random}',`,
  `api_token ?= ${random}`,
  `System.setProperty("API_TOKEN", "${random}")`,
  `<apiToken>\n    ${random}\n</apiToken>`,
  `config["apiToken"] = '${random}'`,
  `setToken("${random}")`,
  `var apiToken string = "${random}"`,
  `--api-token ${random}`,
  `export ACME_PROD_API_TOKEN=${random} # for now`,
  `the token is "${random}"`,
  `https://acme.test/?a=1&access_token=${random}&b=2`,
]) {
  test(`the value in ${JSON.stringify(text)}`, () => {
    assert.deepEqual(
      find(text).map((one) => one.split(' ')[1]),
      [random],
    )
  })
}

check(`Authorization: Bearer ${random}`, [`secret/authorization ${random}`])
check('Authorization: Basic c2FtOnMzY3JldC1lbm91Z2g=', [
  'secret/authorization c2FtOnMzY3JldC1lbm91Z2g=',
])
check('DB_PASSWORD=whistle', ['secret/password whistle'])
check('password: "tr0ub4dor&3"', ['secret/password tr0ub4dor&3'])
check('The password is "whistle".', ['secret/password whistle'])
check('Connect -Password Whistle1! -Server db', ['secret/password Whistle1!'])
// Quotes within quotes, and quotes that are doubled or tripled.
for (const quotes of [`"'@'"`, '"`@`"', `'"@"'`, "`'@'`", `''@''`, '""@""', '"""@"""', '"`@"']) {
  const [before, after] = quotes.split('@')
  const part = quotes === '"`@"' ? '`' : ''
  check(`password = ${before}tr0mbone-Kuf7${after}`, [`secret/password ${part}tr0mbone-Kuf7`])
}
check(`setPassword("'tr0mbone-Kuf7'")`, ['secret/password tr0mbone-Kuf7'])
check(`password = "'+tr0mbone7'"`, ['secret/password +tr0mbone7'])
// A password without quotes goes on in letters and dashes beyond ASCII.
for (const value of ['Tr0ub4dor—9xY', 'Tr0ub4dorß9xY', 'Übermut9x', 'naïve-9xY', 'Жук-9xY']) {
  for (const after of ['', '.', ', ok', '&a=1', ' and more']) {
    check(`password=${value}${after}`, [`secret/password ${value}`])
  }
}
check('密码: hunter2请登录', ['secret/password hunter2'])
check('mySecretKey = "development#product"', ['secret/named development#product'])
check(`mailbird key ${hex}`, [`secret/key ${hex}`])
check(`twilio ${uuid}`, [`secret/service ${uuid}`])
check(`unseal key 2: ${random}`, [`secret/named ${random}`])
check('curl -u sam:s3cret-enough https://acme.test', ['secret/command-line sam:s3cret-enough'])
check('curl -u sam:pass-word-of-sam https://acme.test', [
  'secret/command-line sam:pass-word-of-sam',
])
check(['AIza', 'SyA8vmApnrHNFE0bApF4hoZ11srVL_n0nvZ'].join(''), [
  ['secret/gcp-api-key AIza', 'SyA8vmApnrHNFE0bApF4hoZ11srVL_n0nvZ'].join(''),
])
// What stands behind a secret does not let it go.
check(`apiToken = ${random}.apiToken`, [`secret/named ${random}.apiToken`])
check(`credentials_id = "${random}"`, [`secret/named ${random}`])
check(`credentials_id_token = "${uuid}"`, [`secret/named ${uuid}`])
check('machine acme.test login sam password whistle1', ['secret/password whistle1'])
check('docker login -u sam -p s3cret-enough', ['secret/command-line s3cret-enough'])
check('postgres://app:s3cret@db.acme.test/app', ['secret/url app:s3cret'])
check('amqps://app:p@ss@mq.acme.test:5671/', ['secret/url app:p@ss'])
check('$2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m', [
  'secret/bcrypt $2b$12$GhvMmNVjRW29ulnudl.LbuAnUtN/LRfe1JsBm1Xu6LE3059z5Tr8m',
])

const jwt = `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')}.${Buffer.from('{"sub":"sam","iat":1700000000}').toString('base64url')}.${random}${random}`
check(`id ${jwt}.`, [`secret/jwt ${jwt}`])
check(`id ${Buffer.from('{"name":"sam of acme"}').toString('base64url')}.e30.${random}`, [])

const pem = `-----BEGIN PRIVATE KEY-----\n${`${hex}${hex}\n`.repeat(4)}-----END PRIVATE KEY-----`
check(`key:\n${pem}\nend`, [`secret/private-key ${pem}`])
const escaped = pem.replaceAll('\n', '\\n')
check(`"key": "${escaped}"`, [`secret/private-key ${escaped}`])
check(pem.slice(0, 200), [`secret/private-key ${pem.slice(0, 200)}`])
check('-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----', [])
check(`-----BEGIN CERTIFICATE-----\n${hex}${hex}\n-----END CERTIFICATE-----`, [])

// The name of a field speaks for its value.
check(random, [`secret/named ${random}`], 'acme_token')
check('correct-horse-91', ['secret/password correct-horse-91'], 'dbPassword')
check('  whistle\n', ['secret/password whistle'], 'password')
check(hex, [`secret/key ${hex}`], 'acme_key')
check(uuid, [`secret/named ${uuid}`], 'api_key')
check(uuid, [`secret/key ${uuid}`], 'twilioKey')
check(uuid, [], 'cacheKey')
check(uuid, [], 'key')
check(uuid, [], 'keyId')
check(uuid, [`secret/named ${uuid}`], 'secret_id')
check(uuid, [`secret/named ${uuid}`], 'credentials')
check(random, [`secret/named ${random}`], 'secretsId')
check('jenkins-deploy', [], 'credentialsId')
check(hex, [], 'nextPageToken')
check(hex, [], 'continuation_token')
check(uuid, [`secret/service ${uuid}`], 'twilio')
check('4821', ['secret/password 4821'], 'password', 'number')
check('123', ['secret/code 123'], 'cvv', 'number')
check('4096', [], 'max_tokens', 'number')
check('812', [], 'total_tokens', 'number')
check('Enter your password', [], 'password')
check('this field is required', [], 'password')
// What only looks like a mark or a stand-in may be the secret itself.
for (const value of [
  '[REDACTED:HUNTER2PASS]',
  '[hunter2!Xyz9]',
  '(hunter2!Xyz9',
  '<hunter2!Xyz9>',
  '{hunter2!Xyz9}',
  '$hunter2!Xyz9',
  '%hunter2!Xyz9%',
  'hunter2!Xyz9...',
  'hunter2!Xyz9example',
  'exampleHunter2!Xyz9',
  'hunter2!Xyzaaaaaa9',
]) {
  check(value, [`secret/password ${value}`], 'password')
}
for (const value of [
  '[REDACTED:SECRET]',
  '[REDACTED:US_SSN]',
  '[REDACTED]',
  '<your password>',
  '<DB_PASSWORD>',
  '$' + '{DB_PASSWORD_2}',
  '{{ secrets.password }}',
  '$DB_PASSWORD',
  '%DB_PASSWORD%',
  'changeme123',
  'your_password_here',
  'process.env.DB_PASSWORD',
  '********',
  '****1234',
]) {
  check(value, [], 'password')
}
check('[hunter2!Xyz9Quill]', ['secret/named [hunter2!Xyz9Quill]'], 'api_token')
check('orbit lantern walnut', ['secret/password orbit lantern walnut'], 'passphrase')
const seed = 'walk the dog at dawn and bring your own lamp to shore'
check(seed, [`secret/password ${seed}`], 'seedPhrase')
check('bearer', [], 'token_type')
check(uuid, [], 'primary_key')
check(hex, [], 'public_key')
check(hex, [], 'etag')
check(uuid, [], 'id')

// Names, references, places, versions, hashes and times are no secrets.
for (const text of [
  'The token expires in an hour, and the secret of it is patience.',
  'password = process.env.DB_PASSWORD',
  `password = "$${'{DB_PASSWORD}'}"`,
  'password: $DB_PASSWORD',
  'password = "" if unset',
  `password='""', user="sam2"`,
  `"password='"+pw2+"'"`,
  `'password="'+pw2,'user="'+u`,
  `"password='".md5($pw2)."'"`,
  `password: "'string'"`,
  'password = "`optional`"',
  `password: "'\u{24}{DB_PASSWORD_2}'"`,
  'Password: optional—leave blank',
  'Passwort: Prüfung',
  'password: <your password>',
  'api_key = "YOUR_API_KEY_1234567890"',
  'token: xxxxxxxxxxxxxxxxxxxxxxxx',
  'secret: "****************"',
  'token = getToken(request.headers)',
  'const token = await session.token()',
  'secretName: projects/acme/secrets/db-2024',
  'access_token_url = "https://acme.test/oauth/token/2024a1b2c3"',
  `commit ${hex}9f3a61c0`,
  `image: acme@sha256:${hex}${hex}`,
  `key: sha256:${hex}${hex}`,
  'token_created: 2024-11-21T10:12:13Z',
  'api: v1.24.3-rc.1-20241121',
  'Password: must have eight characters',
  '["password", "username2", "email"]',
  'author = "sam-2000-and-more-words"',
  'https://acme.test:8443/a@b',
  'https://$USER:$PASSWORD@acme.test',
  'docker run -u 1000:1000 acme',
  'not_secret = notapassword1',
  'sort -k2 -u names.txt',
  `credentialsId: '${uuid}'`,
  `<UserSecretsId>${uuid}</UserSecretsId>`,
  'curl -u user:password https://acme.test',
  'ab, &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, cd',
  // A key of a public sample.
  ['AIza', 'SyA8vmApnrHNFE0bApF4hoZ11srVL_n0nvY'].join(''),
]) {
  check(text, [])
}

test('what is found lies inside the cell, in order, without overlap, whatever the text', () => {
  const words = [
    'token',
    'password',
    '=',
    ': ',
    '"',
    "'",
    ' ',
    '\n',
    'sk-',
    'AKIA',
    'eyJ',
    '://',
    '@',
  ]
  const piece = fc.oneof(
    fc.constantFrom(...words, random, hex, uuid, '-----BEGIN PRIVATE KEY-----', '$2b$', '-u ', '.'),
    fc.string({ maxLength: 12 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 24 }), fc.nat(6), (pieces, from) => {
      const bytes = Buffer.from(`......${pieces.join('')}......`)
      const to = bytes.length - 3
      const spans: Span[] = []
      scanSecrets({ bytes, from, to, hint: 0, kind: 'string' }, spans)
      let last = from
      for (const { start, end, type } of spans) {
        assert.equal(type, 'SECRET')
        assert.ok(start >= last && end > start && end <= to, `${last} ${start} ${end} ${to}`)
        last = end
      }
    }),
    { numRuns: 500 },
  )
})

// A sentence ends, and scripts without spaces go on, behind a token.
const crypt = '$2b$12$KIXQ0v5Jx1xYw2mPq3rS4uT5vW6xY7zA8bC9dE0fG1hI2jK3lM4nO'
const pat = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'
check(`the hash is ${crypt}.`, [`secret/bcrypt ${crypt}`])
check(`密码是${pat}です`, [`secret/github-pat ${pat}`])
check(`ok是${pat}`, [`secret/github-pat ${pat}`])
check(`é${pat}`, [])
check('strong', [], 'password_policy')
check('strong', ['secret/password strong'], 'password')
check('active', [], 'api_key_status')

// A field that is named for a password holds one, whatever that looks like.
for (const value of [
  'My dog Rex 2019!',
  'p@ss, word',
  'open sesame',
  'i love you',
  'correct-horse-battery-staple',
  'foo/bar/baz',
  'a.b.c.d',
  '2024-01-01',
  '!@#$%^&*()',
  'password-of-sam-1',
  'my secret password 1!',
  'x9!Kd4111111111111111zz',
  ''.padEnd(600, 'Xy7 '),
]) {
  for (const field of ['password', 'db_pass', 'smtpPassword', 'pw', 'passphrase']) {
    check(value.trim(), [`secret/password ${value.trim()}`], field)
  }
}
for (const value of [
  'Must be at least 8 characters',
  'is too short (minimum is 8 characters)',
  "can't be blank",
  'Your password',
  'not set',
  'auth.login.password',
  '/etc/passwd',
  'https://acme.test/reset',
  'string',
  'required',
  'failed',
  'Password',
  'n/a',
  '----------',
  'Das Passwort muss mindestens 8 Zeichen haben',
  'La contraseña debe tener al menos 8 caracteres',
  'Le mot de passe doit contenir au moins 8 caractères.',
  'Esqueceu a senha?',
  'expires in 90 days',
  'ERR_PASSWORD_TOO_SHORT',
  'errors.password.tooShort',
]) {
  check(value, [], 'password')
}
// Tests pass, and so do people.
for (const value of [
  '12 of 14',
  '98.5%',
  '2.5s',
  'PASS/FAIL',
  'not run',
  'skip',
  'skipped',
  'boarding pass',
]) {
  check(value, [], 'pass')
}
for (const value of [
  'zeichen sesame',
  '123 456',
  'admin 123',
  'mi casa azul',
  '1234567s',
  'skip',
  '98.5%',
]) {
  check(value, [`secret/password ${value}`], 'password')
}
check('My dog Rex 2019!', [], 'password_hint')
check('My dog Rex 2019!', [], 'api_token')
for (const field of ['mot_de_passe', 'Пароль', 'jelszo', 'κωδικός', 'كلمة المرور', '비밀번호']) {
  check('xK9-mQ2!vB7z', ['secret/password xK9-mQ2!vB7z'], field)
}

// However long it is.
const long = random.repeat(500)
for (const field of ['password', 'access_token', 'client_secret', 'private_key', 'api_key']) {
  test(`${long.length} bytes in ${field}`, () => {
    assert.match(find(long, field).join(), /^secret\/\w+ (?:q7Zr2Lw9Xv4Kt8Nm3Bd6){500}$/)
    assert.equal(find(`${field}=${long}`).length, 1)
  })
}

// A token within a password is a part of it.
check('AKIAQ3EGT5KWJ2NZL4VX-extra9', ['secret/password AKIAQ3EGT5KWJ2NZL4VX-extra9'], 'password')
check(pat, [`secret/github-pat ${pat}`], 'password')
check(`Bearer ${random}`, [`secret/authorization ${random}`], 'token')
