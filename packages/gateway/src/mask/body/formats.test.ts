import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from '../compile.ts'
import { type DetectionPlan, MaskError, type Masker } from '../plan.ts'

const plan: DetectionPlan = {
  rules: [{ id: 'all', entities: ['*'], confidence: 50, strategy: { kind: 'redact' } }],
  custom: [],
  allowed: new Set(),
  onError: 'block',
  digest: 'test',
}

type Case = {
  readonly type?: string
  readonly body: string
  /** What comes out; `unchanged`, `withheld` for a MaskError, `refused` where there is no masker. */
  readonly out: string
  /** Entities found, in order. */
  readonly found?: string
  readonly onError?: 'pass'
}

/** Masks the body whole and in chunks of each length up to `sizeMax`: what comes out is the same. */
function check(given: Case): void {
  const { type = 'application/json', body, out, found } = given
  const onError = given.onError ?? 'block'
  const masking = compileResultMasking([], [], { ...plan, onError })
  assert.ok('masker' in masking)
  const bytes = Buffer.from(body)
  const sizes = bytes.length > 4_000 ? [bytes.length, 1_000] : [bytes.length, 1, 2, 3, 5, 7, 11, 64]
  for (const size of sizes) {
    const masker: Masker | undefined = masking.masker({
      mediaType: type,
      fragment: false,
      key: Buffer.alloc(32),
      echoes: [],
    })
    if (masker === undefined) {
      assert.equal('refused', out)
      return
    }
    const run = (): string => {
      const parts: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += size) {
        parts.push(masker.push(bytes.subarray(at, at + size)))
      }
      return Buffer.concat([...parts, masker.end()]).toString()
    }
    if (out === 'withheld') {
      assert.throws(run, MaskError)
      continue
    }
    assert.equal(run(), out === 'unchanged' ? body : out, `in chunks of ${size}`)
    const entities: readonly string[] = masker
      .findings()
      .flatMap(({ found, count }) => Array.from({ length: count }, () => found?.entity ?? ''))
    if (found !== undefined) assert.equal(entities.join(' '), found)
  }
}

const card = '4111 1111 1111 1111'
const ssn = '536-90-4399'
const mail = 'nora.quist@example.org'
const token = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'
const hiddenToken = '[REDACTED:SECRET]'
const hiddenCard = '[REDACTED:CREDIT_CARD]'
const hiddenSsn = '[REDACTED:US_SSN]'
const hiddenMail = '[REDACTED:EMAIL_ADDRESS]'
const form = 'application/x-www-form-urlencoded'
const percent = (text: string) => encodeURIComponent(text)
const base64 = (text: string) => Buffer.from(text).toString('base64')
const wide = (text: string) =>
  text.replace(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0))
const escaped = (text: string) =>
  text.replace(/./g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
const parts = (...all: readonly string[]) =>
  `${all.map((one) => `--b0\r\n${one}\r\n`).join('')}--b0--\r\n`
const multipart = 'multipart/form-data; boundary=b0'
const field = (name: string, value: string) =>
  `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`
const pem = `-----BEGIN PRIVATE KEY-----\n${`${'QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2'}\n`.repeat(8)}-----END PRIVATE KEY-----`

const cases: Readonly<Record<string, Case>> = {
  'a string': { body: `{"a":"pay ${card} now"}`, out: `{"a":"pay ${hiddenCard} now"}` },
  'spelling around it stays': {
    body: `{ "n" : 1.0, "x":1E2, "s":"\\u00e9\\/",\r\n "a":"${mail}" }\n`,
    out: `{ "n" : 1.0, "x":1E2, "s":"\\u00e9\\/",\r\n "a":"${hiddenMail}" }\n`,
    found: 'EMAIL_ADDRESS',
  },
  'two in one string': { body: `["${mail}, ${ssn}"]`, out: `["${hiddenMail}, ${hiddenSsn}"]` },
  'the whole text': { body: `"${mail}"`, out: `"${hiddenMail}"` },
  'a number': { body: '{"card":4111111111111111,"n":5}', out: `{"card":"${hiddenCard}","n":5}` },
  'a number with a sign': {
    body: '{"card":-4111111111111111,"x":[-4111111111111111]}',
    out: `{"card":"${hiddenCard}","x":["${hiddenCard}"]}`,
  },
  'whole numbers written as others': {
    body: '{"n":[4111111111111111.0,4111111111111111e0,-4111111111111111.000,4.111111111111111E+15,41111111111111110e-1],"ssn":536221234.0}',
    out: `{"n":["${hiddenCard}","${hiddenCard}","${hiddenCard}","${hiddenCard}","${hiddenCard}"],"ssn":"${hiddenSsn}"}`,
  },
  'a card as a number with a fraction': {
    body: '{"card_number":4111111111111111.0,"x":"{\\"card\\":4111111111111111.0}"}',
    out: `{"card_number":"${hiddenCard}","x":"{\\"card\\":\\"${hiddenCard}\\"}"}`,
  },
  'sums and coordinates': {
    body: '[59.91387,10.0,4111111111111111.5,1e5,536221234.25,1.5e300,-0.0,4111111111111111e-40]',
    out: 'unchanged',
  },
  'a number alone': { body: '4111111111111111', out: `"${hiddenCard}"` },
  'a key': { body: `{"by":{"${ssn}":1}}`, out: `{"by":{"${hiddenSsn}":1}}` },
  'a match does not cross strings': {
    body: '["4111 1111","1111 1111"]',
    out: 'unchanged',
    found: '',
  },
  'masked twice changes once': {
    body: `{"card":"${hiddenCard}","password":"[REDACTED:SECRET]"}`,
    out: 'unchanged',
  },
  'a mark in a name says nothing of its value': {
    body: '{"[REDACTED:SECRET]":[false,{},1E2,"a"],"[REDACTED:PHONE_NUMBER]/":{"name":"[REDACTED:US_SSN]","value":"536221234"}}',
    out: 'unchanged',
  },
  'the rest of the name does': {
    body: '{"[REDACTED:PERSON] ssn":"536221234"}',
    out: `{"[REDACTED:PERSON] ssn":"${hiddenSsn}"}`,
  },
  'a mark in the name of a form says nothing of its value': {
    type: form,
    body: `${percent('[REDACTED:SECRET]')}=1E2&b=2`,
    out: 'unchanged',
  },
  escapes: { body: `["${escaped(card)}"]`, out: `["${hiddenCard}"]` },
  'escapes beside it stay': {
    body: `["\\u00e9 \\"${mail}\\" \\ud83d\\ude00"]`,
    out: `["\\u00e9 \\"${hiddenMail}\\" \\ud83d\\ude00"]`,
  },
  'full-width': { body: `["${wide('4111-1111-1111-1111')}"]`, out: `["${hiddenCard}"]` },
  'zero-width': { body: `["${card.replaceAll('1', '1\u200b')}!"]`, out: `["${hiddenCard}!"]` },
  'digits of another script': {
    body: `["${'536904399'.replace(/\d/g, (d) => String.fromCharCode(0x660 + Number(d)))} ssn"]`,
    out: `["${hiddenSsn} ssn"]`,
  },
  'letters that look alike': {
    body: '["n\u043era.quist@ex\u0430mple.org"]',
    out: `["${hiddenMail}"]`,
  },
  'a word in Cyrillic stays': { body: '["\u043e\u0441\u0435\u043d\u044c"]', out: 'unchanged' },
  'JSON in a string': {
    body: JSON.stringify({ a: JSON.stringify({ b: [{ ssn }], n: 4111111111111111 }) }),
    out: JSON.stringify({
      a: JSON.stringify({ b: [{ ssn: hiddenSsn }], n: hiddenCard }),
    }),
  },
  'JSON in JSON in a string': {
    body: JSON.stringify([JSON.stringify([JSON.stringify({ x: `"${mail}"` })])]),
    out: JSON.stringify([JSON.stringify([JSON.stringify({ x: `"${hiddenMail}"` })])]),
  },
  'JSON in a string that is cut off': {
    body: JSON.stringify({ a: `{"x":"${mail}","y":"${ssn}` }),
    out: JSON.stringify({ a: `{"x":"${hiddenMail}","y":"${hiddenSsn}` }),
  },
  'text that only begins like JSON': {
    type: 'text/plain',
    body: `{"token":${token}}\n{"email":${mail}}\n[${card}]\n["x", ${card}]\n{"a":[1,2],"${mail}"}\n`,
    out: `{"token":${hiddenToken}}\n{"email":${hiddenMail}}\n[${hiddenCard}]\n["x", ${hiddenCard}]\n{"a":[1,2],"${hiddenMail}"}\n`,
    found: 'SECRET EMAIL_ADDRESS EMAIL_ADDRESS CREDIT_CARD CREDIT_CARD',
  },
  'a string that only begins like JSON': {
    body: `{"note":"[${card}] caf\u00e9","x":${JSON.stringify(`{"token":${token}}`)}}`,
    out: `{"note":"[${hiddenCard}] caf\u00e9","x":${JSON.stringify(`{"token":${hiddenToken}}`)}}`,
  },
  'cells that only begin like JSON': {
    type: 'text/csv',
    body: `a,b\n[${card}],{"email":${mail}}\n`,
    out: `a,b\n[${hiddenCard}],{"email":${hiddenMail}}\n`,
  },
  'a form that only begins like JSON': {
    type: form,
    body: `a=${percent(`["x", ${card}]`)}`,
    out: `a=${percent('["x", ')}${percent(hiddenCard)}${percent(']')}`,
  },
  base64: { body: `{"b":"${base64(`to=${mail};`)}"}`, out: `{"b":"${hiddenMail}"}` },
  'base64 in a sentence': {
    body: `["see ${base64(`to ${mail}`)} there"]`,
    out: `["see ${hiddenMail} there"]`,
  },
  'base64 beside a value that shows': {
    body: `["a@example.org ${base64(`card ${card} ok`)}"]`,
    out: `["${hiddenMail} ${hiddenCard}"]`,
    found: 'EMAIL_ADDRESS CREDIT_CARD',
  },
  'base64 at the end of a path': {
    body: `["https://example.org/confirm/${base64(mail)}","see v1_${base64(`card ${card}`)}"]`,
    out: `["https://example.org/confirm/${hiddenMail}","see v1_${hiddenCard}"]`,
  },
  'base64 in the middle of a path': {
    body: `["https://example.org/confirm/${base64(mail).replace(/=+$/, '')}/next"]`,
    out: `["https://example.org/confirm/${hiddenMail}/next"]`,
  },
  'base64 that holds what separates paths': {
    body: `["see v1-${base64(`???>>> ${mail}`)}"]`,
    out: `["see v1-${hiddenMail}"]`,
  },
  'base64 of JSON': {
    body: JSON.stringify([base64(JSON.stringify({ ssn }))]),
    out: JSON.stringify([hiddenSsn]),
  },
  'base64 of nothing we read': {
    body: JSON.stringify([
      Buffer.from([...Array(96).keys()].map((n) => n * 37)).toString('base64'),
    ]),
    out: 'unchanged',
  },
  'percent-encoded in JSON': {
    body: `["https://example.org/?to=${percent(mail)}&x=1"]`,
    out: `["https://example.org/?to=${percent(hiddenMail)}&x=1"]`,
  },
  'the name of the field': {
    body: '{"password":"tr0mbone-Kuf7","user":{"full_name":"Nora Quist"},"city":"Oslo"}',
    out: '{"password":"[REDACTED:SECRET]","user":{"full_name":"[REDACTED:PERSON]"},"city":"Oslo"}',
  },
  'name and value side by side': {
    body: '[{"name":"DB_PASSWORD","value":"tr0mbone-Kuf7"},{"name":"REGION","value":"north"}]',
    out: '[{"name":"DB_PASSWORD","value":"[REDACTED:SECRET]"},{"name":"REGION","value":"north"}]',
  },
  'a long string': {
    body: `["${`some words and ${'x'.repeat(40)} `.repeat(9_000)}${mail} ${'words '.repeat(20_000)}"]`,
    out: `["${`some words and ${'x'.repeat(40)} `.repeat(9_000)}${hiddenMail} ${'words '.repeat(20_000)}"]`,
  },
  'no JSON': { body: `{"a":"${mail}"`, out: 'withheld' },
  'lines of JSON': {
    type: 'application/x-ndjson',
    body: `{"a":"${mail}"}\n\n{"a":"x"}\n${'4111111111111111'}`,
    out: `{"a":"${hiddenMail}"}\n\n{"a":"x"}\n"${hiddenCard}"`,
  },
  text: {
    type: 'text/plain',
    body: `Dear all,\r\n${mail} has ${card}\n\nssn ${ssn}`,
    out: `Dear all,\r\n${hiddenMail} has ${hiddenCard}\n\nssn ${hiddenSsn}`,
  },
  'a line is a border': { type: 'text/plain', body: '4111 1111\n1111 1111\n', out: 'unchanged' },
  'text that is clean': {
    type: 'text/plain; charset=utf-8',
    body: 'na\u00efve\nfoo\n',
    out: 'unchanged',
  },
  'a line of JSON': {
    type: 'text/plain',
    body: '{"password":"tr0mbone-Kuf7"}\n',
    out: '{"password":"[REDACTED:SECRET]"}\n',
  },
  'a private key over lines': {
    type: 'text/plain',
    body: `key:\n${pem}\nend\n`,
    out: 'key:\n[REDACTED:SECRET]\nend\n',
  },
  'a private key in a string': {
    body: JSON.stringify({ note: `key: ${pem}` }),
    out: JSON.stringify({ note: 'key: [REDACTED:SECRET]' }),
  },
  'a table': {
    type: 'text/csv',
    body: `id,email,card\n1,${mail},${card}\n2,"${mail}","a ""b"", ${ssn}"\n`,
    out: `id,email,card\n1,${hiddenMail},${hiddenCard}\n2,"${hiddenMail}","a ""b"", ${hiddenSsn}"\n`,
  },
  'a table by its columns': {
    type: 'text/csv',
    body: 'full_name;city;password\nNora Quist;Oslo;tr0mbone-Kuf7\n"Quist; Nora";"Bergen";"kuf7\nTr0mb"\n',
    out: 'full_name;city;password\n[REDACTED:PERSON];Oslo;[REDACTED:SECRET]\n"[REDACTED:PERSON]";"Bergen";"[REDACTED:SECRET]"\n',
  },
  'a column for passwords': {
    type: 'text/csv',
    body: 'id,db_pass\n1,xK9-mQ2!vB7z\n2,"My dog Rex, 2019!"\n3,required\n',
    out: `id,db_pass\n1,${hiddenToken}\n2,"${hiddenToken}"\n3,required\n`,
  },
  'a field of a form for a password': {
    type: form,
    body: `user=sam&pass=${percent('xK9-mQ2!vB7z')}&pw=open+sesame`,
    out: `user=sam&pass=${percent(hiddenToken)}&pw=${percent(hiddenToken)}`,
  },
  'a byte order mark before JSON': {
    body: `\ufeff{"a":"${mail}"}`,
    out: `\ufeff{"a":"${hiddenMail}"}`,
    found: 'EMAIL_ADDRESS',
  },
  'a byte order mark alone': { body: '\ufeff', out: 'unchanged' },
  'two byte order marks': { body: '\ufeff\ufeff{}', out: 'withheld' },
  'an attribute that names the value of another': {
    type: 'application/xml',
    body: '<a><property name="password" value="tr0mbone-Kuf7"/><add key=\'DbPassword\' value=\'open sesame\'/><entry key="smtp.pass">kuf7 Tr0mb</entry><property name="title" value="open sesame"/><entry>open sesame</entry></a>',
    out: `<a><property name="password" value="${hiddenToken}"/><add key='DbPassword' value='${hiddenToken}'/><entry key="smtp.pass">${hiddenToken}</entry><property name="title" value="open sesame"/><entry>open sesame</entry></a>`,
  },
  'a field of a page': {
    type: 'text/html',
    body: '<form><input name="password" type="text" value="open sesame"><input name=pass value=tr0mbone><input name="to" value="open sesame"></form>',
    out: `<form><input name="password" type="text" value="${hiddenToken}"><input name=pass value=${hiddenToken}><input name="to" value="open sesame"></form>`,
  },
  'a table with tabs': {
    type: 'text/tab-separated-values',
    body: `a\tssn\n4111 1111\t536904399\n`,
    out: `a\tssn\n4111 1111\t${hiddenSsn}\n`,
  },
  'cells are borders': { type: 'text/csv', body: '4111,1111,1111,1111\n', out: 'unchanged' },
  'a form': {
    type: form,
    body: `to=${percent(mail)}&card=4111+1111+1111+1111&x=1&x`,
    out: `to=${percent(hiddenMail)}&card=${percent(hiddenCard)}&x=1&x`,
  },
  'the field of a form': {
    type: form,
    body: 'user%5Bpassword%5D=tr0mbone-Kuf7&city=Oslo',
    out: `user%5Bpassword%5D=${percent('[REDACTED:SECRET]')}&city=Oslo`,
  },
  'JSON in a form': {
    type: form,
    body: `payload=${percent(JSON.stringify({ ssn, n: 1 }))}`,
    out: `payload=${percent('{"ssn":"')}${percent(hiddenSsn)}${percent('","n":1}')}`,
  },
  'fields of a multipart form': {
    type: multipart,
    body: parts(field('note', `call ${mail}`), field('password', 'tr0mbone-Kuf7'), field('x', '1')),
    out: parts(
      field('note', `call ${hiddenMail}`),
      field('password', '[REDACTED:SECRET]'),
      field('x', '1'),
    ),
  },
  'a part of JSON': {
    type: multipart,
    body: parts(`Content-Type: application/json\r\n\r\n{"n":4111111111111111}`),
    out: parts(`Content-Type: application/json\r\n\r\n{"n":"${hiddenCard}"}`),
  },
  'the name of a file': {
    type: multipart,
    body: parts(`Content-Disposition: form-data; name="f"; filename="${mail}.txt"\r\n\r\n`),
    out: parts(`Content-Disposition: form-data; name="f"; filename="${hiddenMail}.txt"\r\n\r\n`),
  },
  'a part that is no text': {
    type: multipart,
    body: parts(`Content-Type: image/png\r\n\r\n\u0000\u0001`),
    out: 'withheld',
  },
  'a part that is encoded': {
    type: multipart,
    body: parts(`Content-Transfer-Encoding: base64\r\n\r\n${base64(mail)}`),
    out: 'withheld',
  },
  'a delimiter inside a line': {
    type: multipart,
    body: parts(field('note', `x --b0 ${mail}`)),
    out: parts(field('note', `x --b0 ${hiddenMail}`)),
  },
  markup: {
    type: 'text/html',
    body: `<p class="x">to <b>${mail}</b></p><!-- ${ssn} --><a href='mailto:${mail}'>a &lt; b</a>`,
    out: `<p class="x">to <b>${hiddenMail}</b></p><!-- ${hiddenSsn} --><a href='mailto:${hiddenMail}'>a &lt; b</a>`,
  },
  'elements by their names': {
    type: 'application/soap+xml',
    body: '<r><password>tr0mbone-Kuf7</password><city>Oslo</city><u password="tr0mbone-Kuf7" n=1/></r>',
    out: '<r><password>[REDACTED:SECRET]</password><city>Oslo</city><u password="[REDACTED:SECRET]" n=1/></r>',
  },
  'references of markup': {
    type: 'text/xml',
    body: `<a>nora&#46;quist&#x40;example&period;org &amp; co</a>`,
    out: `<a>${hiddenMail} &amp; co</a>`,
  },
  'markup that is broken': {
    type: 'text/html',
    body: `a < ${ssn} and <b ${mail} <i "${card}`,
    out: `a < ${hiddenSsn} and <b ${hiddenMail} <i "${hiddenCard}`,
  },
  'another media type': { type: 'application/octet-stream', body: mail, out: 'refused' },
  'another media type, passed': {
    type: 'application/octet-stream',
    body: mail,
    out: 'unchanged',
    onError: 'pass',
  },
  'another charset': { type: 'text/plain; charset=utf-16', body: mail, out: 'refused' },
  'no media type': { type: '', body: mail, out: 'withheld' },
}
for (const [name, one] of Object.entries(cases)) test(`detect: ${name}`, () => check(one))
