import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from '../compile.ts'
import { type DetectionPlan, MaskError } from '../plan.ts'

const plan: DetectionPlan = {
  rules: [{ id: 'all', entities: ['*'], confidence: 50, strategy: { kind: 'redact' } }],
  custom: [],
  allowed: new Set(),
  onError: 'block',
  digest: 'test',
}

/** `out`: what comes out; `withheld` for a MaskError. */
type Case = { readonly type: string; readonly body: string; readonly out: string }

/** Masks the body whole and in chunks of several lengths: what comes out is the same. */
function check({ type, body, out }: Case): void {
  const masking = compileResultMasking([], [], plan)
  assert.ok('masker' in masking)
  const bytes = Buffer.from(body)
  const sizes = bytes.length > 4_000 ? [bytes.length, 1_000] : [bytes.length, 1, 2, 3, 5, 7, 11]
  for (const size of sizes) {
    const run = (): string => {
      const options = { mediaType: type, fragment: false, key: Buffer.alloc(32), echoes: [] }
      const masker = masking.masker(options)
      assert.ok(masker)
      const parts: Uint8Array[] = []
      for (let at = 0; at < bytes.length; at += size) {
        parts.push(masker.push(bytes.subarray(at, at + size)))
      }
      return Buffer.concat([...parts, masker.end()]).toString()
    }
    if (out === 'withheld') assert.throws(run, MaskError)
    else assert.equal(run(), out, `in chunks of ${size}`)
  }
}

const card = '4111 1111 1111 1111'
const mail = 'nora.quist@example.org'
const hiddenCard = '[REDACTED:CREDIT_CARD]'
const hiddenSsn = '[REDACTED:US_SSN]'
const hiddenMail = '[REDACTED:EMAIL_ADDRESS]'
const hiddenIp = '[REDACTED:IP_ADDRESS]'
const percented = encodeURIComponent
const json = 'application/json'
const form = 'application/x-www-form-urlencoded'
const multipart = 'multipart/form-data; boundary=b0'
const parts = (one: string) => `--b0\r\n${one}\r\n--b0--\r\n`
const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')
const longToken = `${header}.${'QUJD'.repeat(50_000)}`

/** Texts that are not written as their type usually is, or not at all. */
const cases: Readonly<Record<string, Case>> = {
  'a number that is none costs those behind it no name': {
    type: json,
    body: '{"text":"{\\"zip\\":02134,\\"dob\\":\\"1990-01-02\\"}"}',
    out: '{"text":"{\\"zip\\":02134,\\"dob\\":\\"[REDACTED:DATE_OF_BIRTH]\\"}"}',
  },
  'a number that is none, under a name': {
    type: json,
    body: '{"text":"{\\"cvv\\":012}"}',
    out: '{"text":"{\\"cvv\\":[REDACTED:SECRET]}"}',
  },
  'a number with an exponent where text only begins like JSON': {
    type: 'text/plain',
    body: '{"card":4.539578763621486e15} ok',
    out: `{"card":"${hiddenCard}"} ok`,
  },
  'short values that are escaped once more': {
    type: json,
    body: '{"a":"ann%40x.org","b":"10.1.2%2E33","c":"a\\\\u0040b.co","%31.2.3.4":1,"d":"50%","e":"\\\\n"}',
    out: `{"a":"${percented(hiddenMail)}","b":"${percented(hiddenIp)}","c":"${hiddenMail}","${percented(hiddenIp)}":1,"d":"50%","e":"\\\\n"}`,
  },
  'short percent-encoded values in a table': {
    type: 'text/csv',
    body: 'x,ann%40x.org,100%\n1,"078%2D05%2D1120",2\n',
    out: `x,${percented(hiddenMail)},100%\n1,"${percented(hiddenSsn)}",2\n`,
  },
  'a short value in a form, percent-encoded twice': {
    type: form,
    body: 'q=ann%2540x.org&r=1',
    out: `q=${percented(percented(hiddenMail))}&r=1`,
  },
  'a table of JSON': {
    type: 'text/csv',
    body: `id,data\n1,"{""password"":""hunter2!Xyz9"",""first_name"":""Nora"",""n"":4111111111111111}"\n`,
    out: `id,data\n1,"{""password"":""[REDACTED:SECRET]"",""first_name"":""[REDACTED:PERSON]"",""n"":""${hiddenCard}""}"\n`,
  },
  'a table behind a byte order mark': {
    type: 'text/csv',
    body: '\ufeff"full_name","city, town"\n"Nora Quist","Oslo"\n',
    out: '\ufeff"full_name","city, town"\n"[REDACTED:PERSON]","Oslo"\n',
  },
  'a table that says how it is separated': {
    type: 'text/csv',
    body: 'sep=;\r\nfull_name;city\r\nNora Quist;Oslo\r\n',
    out: 'sep=;\r\nfull_name;city\r\n[REDACTED:PERSON];Oslo\r\n',
  },
  'a table behind comments': {
    type: 'text/csv',
    body: '# clients; of May\n#\n\nfull_name,city\nNora Quist,Oslo\n',
    out: '# clients; of May\n#\n\nfull_name,city\n[REDACTED:PERSON],Oslo\n',
  },
  'a table whose first name begins with a number sign': {
    type: 'text/csv',
    body: '#id,full_name\n1,Nora Quist\n',
    out: '#id,full_name\n1,[REDACTED:PERSON]\n',
  },
  'NUL in a string': {
    type: json,
    body: '["4111\\u00001111\\u00001111\\u00001111"]',
    out: `["${hiddenCard}"]`,
  },
  'NUL in a form, escaped': {
    type: form,
    body: 'a=4111%001111%0011111111',
    out: `a=${encodeURIComponent(hiddenCard)}`,
  },
  'NUL in text': { type: 'text/plain', body: 'card 4111\0 1111\0 1111 1111', out: 'withheld' },
  'NUL in a table': { type: 'text/csv', body: 'a,b\n4111\0 1111 1111 1111,x\n', out: 'withheld' },
  'NUL in a form': { type: form, body: 'a=4111\x001111+1111+1111', out: 'withheld' },
  'NUL in markup': { type: 'text/xml', body: '<a>4111\0 1111 1111 1111</a>', out: 'withheld' },
  'NUL in a part': {
    type: multipart,
    body: parts('Content-Type: text/plain\r\n\r\n4111\0 1111'),
    out: 'withheld',
  },
  'NUL in UTF-16 that does not say so': {
    type: 'text/plain',
    body: Buffer.from(`card ${card}`, 'utf16le').toString(),
    out: 'withheld',
  },
  'a folded header of a part': {
    type: multipart,
    body: parts('Content-Disposition: form-data;\r\n name="password"\r\n\r\ntr0mbone-Kuf7'),
    out: parts('Content-Disposition: form-data;\r\n name="password"\r\n\r\n[REDACTED:SECRET]'),
  },
  'a token without end, and what follows': {
    type: json,
    body: `{"a":"${longToken} and more","b":"x"}`,
    out: '{"a":"[REDACTED:SECRET] and more","b":"x"}',
  },
  'a token without end in text, and what follows': {
    type: 'text/plain',
    body: `see ${longToken} and more\nx\n`,
    out: 'see [REDACTED:SECRET] and more\nx\n',
  },
  'an address in brackets is no list of numbers': {
    type: 'text/plain',
    body: `[203.0.113.77] GET / ${mail}\n[449.888.097-81] ok\n[1, 203.0.113.77]\n{"k":756.9595.6939.34}\n`,
    out: `[${hiddenIp}] GET / ${hiddenMail}\n[[REDACTED:BR_CPF]] ok\n[1, ${hiddenIp}]\n{"k":[REDACTED:NATIONAL_ID]}\n`,
  },
  'text behind a list of numbers': {
    type: 'text/plain',
    body: `[4111111111111111] x\n{"password":"tr0mbone-Kuf7"} 4111111111111111\n`,
    out: `[${hiddenCard}] x\n{"password":"[REDACTED:SECRET]"} ${hiddenCard}\n`,
  },
  'JSON values on one line': {
    type: 'text/plain',
    body: '{"n":4111111111111111},\n{"n":4111111111111111} {"n":1}\n',
    out: `{"n":"${hiddenCard}"},\n{"n":"${hiddenCard}"} {"n":1}\n`,
  },
  'an address in brackets in a table': {
    type: 'text/csv',
    body: 'a,b\n[203.0.113.77],2\n[4111111111111111] x,"{""a"":203.0.113.77}"\n',
    out: `a,b\n[${hiddenIp}],2\n[${hiddenCard}] x,"{""a"":${hiddenIp}}"\n`,
  },
  'an address in brackets in a form': {
    type: form,
    body: 'a=[203.0.113.77]&b=2&c=%5b756.9595.6939.34%5d',
    out: `a=[${encodeURIComponent(hiddenIp)}]&b=2&c=%5b${encodeURIComponent('[REDACTED:NATIONAL_ID]')}%5d`,
  },
  'an address in brackets in markup': {
    type: 'text/html',
    body: '<p title="[203.0.113.77]">[203.0.113.77]</p>',
    out: `<p title="[${hiddenIp}]">[${hiddenIp}]</p>`,
  },
  'an address in brackets in events': {
    type: 'text/event-stream',
    body: 'data: [203.0.113.77] x\n\n',
    out: `data: [${hiddenIp}] x\n\n`,
  },
  'what is no JSON in a string': {
    type: json,
    body: '{"a":"{\\"b\\":203.0.113.77}","c":"\\u005b203.0.113.77] x"}',
    out: `{"a":"{\\"b\\":${hiddenIp}}","c":"\\u005b${hiddenIp}] x"}`,
  },
  'CDATA has the name of its element': {
    type: 'text/xml',
    body: '<r><ssn><![CDATA[536221234]]></ssn><x><![CDATA[a]]>b ]]&gt; <![CDATA[<b>]]]]></x></r>',
    out: `<r><ssn><![CDATA[${hiddenSsn}]]></ssn><x><![CDATA[a]]>b ]]&gt; <![CDATA[<b>]]]]></x></r>`,
  },
  'CDATA, instructions and comments hold values': {
    type: 'text/xml',
    body: `<?x card=${card}?><a><![CDATA[card=${card} <b> ${mail}]]></a><!-- > ${mail} --><?y?><b>${mail}</b>`,
    out: `<?x card=${hiddenCard}?><a><![CDATA[card=${hiddenCard} <b> ${hiddenMail}]]></a><!-- > ${hiddenMail} --><?y?><b>${hiddenMail}</b>`,
  },
  'scripts and styles are text': {
    type: 'text/html',
    body: `<script type="x">if (a<b) card=${card}; c = "</b>"</script><style>a>b{} /* ${mail} */</STYLE ><p>${mail}</p>`,
    out: `<script type="x">if (a<b) card=${hiddenCard}; c = "</b>"</script><style>a>b{} /* ${hiddenMail} */</STYLE ><p>${hiddenMail}</p>`,
  },
  'what begins like CDATA or a script and is none': {
    type: 'text/html',
    body: `<![CDAT <p title="${mail}">${mail}</p><scripted>a<b title='${mail}'></scripted><script/>`,
    out: `<![CDAT <p title="${hiddenMail}">${hiddenMail}</p><scripted>a<b title='${hiddenMail}'></scripted><script/>`,
  },
}
for (const [name, one] of Object.entries(cases)) test(`odd: ${name}`, () => check(one))
