import { hashText, lowerOf } from '../detect/word-hash.ts'
import { serviceNames } from './services.ts'

/** What one word of a name says about the value that follows it, as bits. */
export const wordBits = {
  /** A password: any value will do, an ordinary word too. */
  password: 1,
  /** A token or secret: its value looks random. */
  secret: 2,
  /** How a key is used: `api`, `auth`. */
  key: 4,
  /** A service that gives out tokens. */
  service: 8,
  /** `bearer`, `basic`: what follows in the same line is the credential. */
  scheme: 16,
  /** Makes a name no secret, wherever it stands: `public key`, `token count`. */
  never: 32,
  /** Adds nothing: `prod`, `string`, `is`. */
  filler: 64,
  /** A command that takes `-p password`. */
  login: 128,
  /** `key`: most are names of things. */
  plainKey: 256,
  /** What is kept somewhere and may have an id there: `credentialsId`. */
  kept: 512,
  /** Ends a phrase that says what one of its words does not: `mot de passe`. */
  phrase: 1024,
} as const

/** Their last two words. */
const phrases =
  'de passe,كلمة المرور,كلمه المرور,كلمة السر,كلمه السر,رمز عبور,mật khẩu,mat khau,kata sandi,kata laluan'

const words: readonly (readonly [bits: number, words: string])[] = [
  [
    wordBits.password,
    'password passwords passwd passwrd pwd pwds pass passphrase passcode psw pw pswd userpass userpw dbpass dbpassword ' +
      'dbpwd rootpw rootpass rootpassword adminpass adminpassword adminpw mypassword userpassword smtppassword ' +
      'pgpassword requirepass masterauth ansible_pass kennwort passwort contrasena contraseña clave senha motdepasse mdp ' +
      'wachtwoord parola haslo hasło heslo salasana lösenord losenord adgangskode passord sifre şifre пароль 密码 密碼 ' +
      'パスワード 비밀번호 mysqlpassword sqlpassword ldappassword bindpassword keypass storepass keystorepass ' +
      'jelszó jelszo lozinka лозинка geslo парола parolă slaptažodis parool lykilorð contrasenya pasahitza kodeord ' +
      'κωδικός κωδικος συνθηματικό סיסמה סיסמא गुप्तशब्द पासवर्ड รหัสผ่าน گذرواژه 口令 暗証番号 암호',
  ],
  [
    wordBits.secret,
    'secret secrets token tokens apikey apikeys apitoken accesskey secretkey secretkeys authkey authtoken ' +
      'accesstoken refreshtoken privatekey credential credentials cred creds privkey usertoken bottoken ' +
      'apisecret clientsecret appsecret appkey jwt pat cookie sessionid sessiontoken csrftoken xsrf licensekey ' +
      'encryptionkey signingkey masterkey sharedkey storagekey accountkey sharedaccesskey idtoken devtoken secretaccesskey ' +
      'awssecretkey awssecretaccesskey awsaccesskeyid connectionstring connstr mnemonic unseal webhooksecret ' +
      'consumersecret consumerkey oauthtoken oauthtokensecret logintoken otp totp passkey pincode ' +
      'authtok tok servicekey subscriptionkey integrationkey deploykey writekey readkey ingestkey routingkey dsn ' +
      'accesskeyid accesskeysecret secretid secretstring clientkey serverkey apipassword hmackey rsakey ' +
      'webhookurl xapikey authcode apphash appid',
  ],
  [
    wordBits.key,
    'api access auth private authorization authentication authenticate oauth hmac sas credentialid ' +
      'clientid session',
  ],
  [wordBits.plainKey, 'key keys'],
  [wordBits.kept, 'credential credentials creds secrets'],
  [wordBits.scheme, 'bearer basic digest'],
  [
    wordBits.never,
    'public pub publishable primary foreign partition sort idempotency unique composite shard dedup deduplication ' +
      'translation i18n object bucket cache row lookup natural surrogate count counts total totals limit limits ' +
      'length size max min maximum minimum budget usage used remaining cost price expires expiry expiration expire ' +
      'ttl lifetime validity age timeout type types kind name names label labels title url uri urls href link endpoint host ' +
      'hostname path paths file files filename dir directory folder format pattern regex policy policies rule rules ' +
      'version arn issuer audience scope scopes description hint help prompt placeholder reset ' +
      'resets forgot forgotten change changed changes rotate rotation rotated required requires enabled disabled ' +
      'next page pages pagination continuation cursor sync delta marker recv keyserver keyservers keyring manager provider validator generator generate generated header headers field fields ' +
      'table tables param parameter parameters prefix suffix index indexes hash sha sha1 sha256 sha512 md5 checksum chksum ' +
      'digest fingerprint thumbprint etag commit revision integrity digestalg author authors authority monkey keyboard keyword ' +
      'keywords not no without missing invalid wrong error errors failed example examples sample ' +
      'point points tokenizer tokenize status state event events country ' +
      'product order item items sku asset created updated date time timestamp',
  ],
  [
    wordBits.filler,
    'is was are equals equal string str text value val values var let const final static the your my our be set to as ' +
      'default new old current prod production dev development test testing stage staging live sandbox local ' +
      'env environment global main user username users root admin master server service svc bot db database base64 b64 ' +
      'raw plain plaintext clear cleartext encrypted enc id one two us eu api2 v1 v2 v3 webhook signing encryption client app react vue vite gatsby expo nuxt aws ' +
      'config conf settings setting option data content body json yaml ini com org net io gems contribsys bundle export ' +
      'property prop attribute attr input arg account project org organization team workspace tenant ' +
      'me rest http https web mobile ios android backend frontend internal external temp temporary long term ' +
      'short lived code license licence personal person machine robot cli sdk ci cd deploy deployment build runner agent read write readonly ' +
      'rw ro sql rds smtp ldap ssh ftp sftp imap email mail proxy shared storage secure security',
  ],
  [
    wordBits.login,
    'machine mysql mysqldump mysqladmin mariadb sshpass psexec plink pscp docker podman helm redis mongo mongosh mongodump ' +
      'ldapsearch smbclient sqlcmd bcp rabbitmqadmin mosquitto curl wget xfreerdp',
  ],
  [wordBits.service, serviceNames],
  [wordBits.phrase, phrases.replaceAll(/\S+ (\S+?)(?:,|$)/g, '$1 ')],
]

/** By the low bits of two first bytes: the lengths of words that begin so, longer ones as one. */
const lengthsAt = new Int32Array(1024)

const slots = 8192
const hashes = new Int32Array(slots)
const bitsAt = new Uint16Array(slots)
for (const [bits, list] of words) {
  for (const word of spellingsOf(list)) {
    const hash = hashText(word)
    if (hash === 0) throw new Error(`the word ${word} has the hash that stands for none`)
    const text = Buffer.from(word)
    const begin = (((text[0] ?? 0) & 31) << 5) | ((text[1] ?? 0) & 31)
    lengthsAt[begin] = (lengthsAt[begin] ?? 0) | (1 << Math.min(31, text.length))
    let slot = hash & (slots - 1)
    while (bitsAt[slot] !== 0 && hashes[slot] !== hash) slot = (slot + 1) & (slots - 1)
    hashes[slot] = hash
    bitsAt[slot] = (bitsAt[slot] ?? 0) | bits
  }
}

/** Words are compared without regard to the case of ASCII letters alone, so others stand there in each. */
function spellingsOf(list: string): readonly string[] {
  const all = list.split(/\s+/).filter((word) => word !== '')
  const beyond = all.filter((word) => /^[^\x20-\x7e]+$/.test(word))
  const capital = beyond.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
  return [...new Set([...all, ...capital, ...beyond.map((word) => word.toUpperCase())])]
}

/** False: `[start, end)` is no word of the list, which three of its bytes tell of most. */
export function mayBeWord(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  const second = length > 1 ? (bytes[start + 1] ?? 0) & 31 : 0
  const lengths = lengthsAt[(((bytes[start] ?? 0) & 31) << 5) | second] ?? 0
  return ((lengths >>> (length < 31 ? length : 31)) & 1) !== 0
}

const phraseTexts = phrases.split(',').map((phrase) => new TextEncoder().encode(phrase))

/** Whether the word at `[start, end)` and the one that ends at `before` are the last two of a phrase. */
export function endPhrase(bytes: Uint8Array, before: number, start: number, end: number): boolean {
  return phraseTexts.some((text) => {
    const space = text.indexOf(0x20)
    return (
      end - start === text.length - space - 1 &&
      before >= space &&
      isText(bytes, before - space, text.subarray(0, space)) &&
      isText(bytes, start, text.subarray(space + 1))
    )
  })
}

function isText(bytes: Uint8Array, from: number, text: Uint8Array): boolean {
  return text.every((byte, at) => lowerOf[bytes[from + at] ?? 0] === byte)
}

/** The bits of a word by its hash (`detect/word-hash.ts`); 0: it says nothing. */
export function bitsOfWord(hash: number): number {
  let slot = hash & (slots - 1)
  for (;;) {
    const bits = bitsAt[slot] ?? 0
    if (bits === 0 || hashes[slot] === hash) return bits
    slot = (slot + 1) & (slots - 1)
  }
}

/** A shorter word is never two run together. */
export const leastEnding = 7

/**
 * What a name run together ends with, such as `mydbpassword`: `bitsOfWord` knows only whole words.
 * `end` is exclusive.
 */
export function bitsOfEnding(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < leastEnding) return 0
  switch ((bytes[end - 1] ?? 0) | 0x20) {
    case 0x64:
      return endsWith(bytes, start, end, passwordText) || endsWith(bytes, start, end, passwdText)
        ? wordBits.password
        : 0
    case 0x65:
      return endsWith(bytes, start, end, passphraseText) ? wordBits.password : 0
    case 0x74:
      return endsWith(bytes, start, end, secretText) ? wordBits.secret : 0
    case 0x6e:
      return endsWith(bytes, start, end, tokenText) ? wordBits.secret : 0
    case 0x79:
      return endsWith(bytes, start, end, apiKeyText) || endsWith(bytes, start, end, secretKeyText)
        ? wordBits.secret
        : 0
    default:
      return 0
  }
}

function endsWith(bytes: Uint8Array, start: number, end: number, ending: Uint8Array): boolean {
  const from = end - ending.length
  if (from <= start) return false
  for (let at = 0; at < ending.length; at++) {
    if (((bytes[from + at] ?? 0) | 0x20) !== ending[at]) return false
  }
  return true
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

const passwordText = encode('password')
const passwdText = encode('passwd')
const passphraseText = encode('passphrase')
const secretText = encode('secret')
const tokenText = encode('token')
const apiKeyText = encode('apikey')
const secretKeyText = encode('secretkey')
