import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import cardValidator from 'card-validator'
import fc from 'fast-check'
import validator from 'validator'
import type { Cell, Span, Wanted } from './cell.ts'
import { hints } from './hint-bits.ts'
import { hintOf } from './hints.ts'
import { scanCell } from './scan.ts'

/** What is found, as `TYPE=value`. `field`: the name of the field the text stands in. */
function check(
  text: string,
  expected: readonly string[],
  options: { readonly field?: string; readonly kind?: Cell['kind']; readonly wanted?: Wanted } = {},
): void {
  const found = spansOf(text, options).map(
    ({ type, start, end }) => `${type}=${Buffer.from(text).toString('utf8', start, end)}`,
  )
  assert.deepEqual(
    found,
    expected,
    options.field === undefined ? text : `${options.field}: ${text}`,
  )
}

function spansOf(
  text: string,
  {
    field = '',
    kind = 'string',
    wanted,
  }: { field?: string; kind?: Cell['kind']; wanted?: Wanted } = {},
): readonly Span[] {
  // Other bytes stand around the cell; no detector may look at them.
  const bytes = Buffer.from(`4111 ${text} 1111 call 555-0100`)
  const name = Buffer.from(field)
  const from = 5
  const to = from + Buffer.byteLength(text)
  const spans: Span[] = []
  scanCell({ bytes, from, to, hint: hintOf(name, 0, name.length), kind }, spans, wanted)
  return spans.map((span) => ({ ...span, start: span.start - from, end: span.end - from }))
}

test('what one cell held does not hide anything in the next', () => {
  check(`${'x'.repeat(60)} +1 212 555 0123`, ['PHONE_NUMBER=+1 212 555 0123'])
  check('debitcard+46141962061188', ['CREDIT_CARD=46141962061188'])
  check('4111-1111 1111-1111', [])
  check('4111-1111 1111-1111 12345678', ['CREDIT_CARD=4111-1111 1111-1111'])
})

test('values in text', () => {
  check('my card 5555-5555-5555-4444, thanks', ['CREDIT_CARD=5555-5555-5555-4444'])
  check('ref 8620 379505863324001 723', ['CREDIT_CARD=379505863324001'])
  check('value 4 2 7 5 6 5 6 2 1 end', ['US_SSN=4 2 7 5 6 5 6 2 1'])
  check('value 5.7.2.5.7.5.8.4.6 end', ['US_SSN=5.7.2.5.7.5.8.4.6'])
  check('write to <ann.lee@example.org>.', ['EMAIL_ADDRESS=ann.lee@example.org'])
  check('a@b.org,c@d.org', ['EMAIL_ADDRESS=a@b.org', 'EMAIL_ADDRESS=c@d.org'])
  check('user@host', [])
  check('icon@2x.png', [])
  check('pay to GB82 WEST 1234 5698 7654 32 now', ['IBAN_CODE=GB82 WEST 1234 5698 7654 32'])
  check('from 203.0.113.7:8080', ['IP_ADDRESS=203.0.113.7'])
  check('version 1.2.3.4.5', [])
  check('std::vector and 12:34:56', [])
  check('fe80::1%eth0', ['IP_ADDRESS=fe80::1'])
  check('mac 00:1b:44:11:3a:b7 up', ['MAC_ADDRESS=00:1b:44:11:3a:b7'])
  check('created 2026-07-24, range 2024-01-01/2024-12-31', [])
  check('ISBN 978-3-16-148410-0', [])
  check('57c2b62a-dda1-4f4f-af3a-414fbf055fa9', [])
})

test('values among groups that look like their own', () => {
  const card = 'CREDIT_CARD=5555 5555 5555 4444'
  check('4111 1111 1111 1112 5555 5555 5555 4444 4111', [card])
  check('5555 5555 5555 4444', [card])
  check('12 345 678 901 234 5555 5555 5555 4444 10', [card])
  check('1234-5678-5555-5555-5555-4444-1', ['CREDIT_CARD=5555-5555-5555-4444'])
  check('1 3782 822463 10005 1', ['CREDIT_CARD=3782 822463 10005'])
  check('1111 2222-3782-822463-10005', ['CREDIT_CARD=3782-822463-10005'])
  check('1 2 3 4 5 6 7 8 call 212 555 0123', ['PHONE_NUMBER=212 555 0123'])
  const german = 'IBAN_CODE=DE89 3704 0044 0532 0130 00'
  check('AB12 DE89 3704 0044 0532 0130 00 AB12', [german])
  check('DE89 3704 0044 0532 0130 DE89 3704 0044 0532 0130 00', [german])
  check('DE89 3704 GB82 WEST 1234 5698 7654 32', ['IBAN_CODE=GB82 WEST 1234 5698 7654 32'])
  check('BE68 5390 0754 7034 1234', ['IBAN_CODE=BE68 5390 0754 7034'])
})

test('card numbers as people and stripes write them', () => {
  for (const number of [
    '4111-1111-1111 1111',
    '4111 1111-1111-1111',
    '4111  1111  1111  1111',
    '4111 - 1111 - 1111 - 1111',
    '4111.1111 1111.1111',
    '3782 822463-10005',
    '6298-3115-4188-1735-402',
  ]) {
    check(`card ${number} now`, [`CREDIT_CARD=${number}`])
    check(number, [`CREDIT_CARD=${number}`], { field: 'card' })
  }
  check('PAN5555555555554444', ['CREDIT_CARD=5555555555554444'])
  check('Visa5555555555554444exp', ['CREDIT_CARD=5555555555554444'])
  check('visa 5555555555554444exp', ['CREDIT_CARD=5555555555554444'])
  const first = '%B5555555555554444^QUIST/NORA        ^29121011000012345678?'
  check(`swiped ${first}.`, [`CREDIT_CARD=${first}`])
  check(first, [`CREDIT_CARD=${first}`], { field: 'track1' })
  const second = ';5555555555554444=29121011000012345678?'
  check(`swiped ${second}.`, [`CREDIT_CARD=${second}`])
  check(second.replace('=', 'D'), [`CREDIT_CARD=${second.replace('=', 'D')}`])
  check('%B4444333322221110^X/Y^2912101?', ['CREDIT_CARD=%B4444333322221110^X/Y^2912101?'])
  // No month, no proof, no name of a card, two numbers of eight digits.
  check('a=5555555555554444=2999101', ['CREDIT_CARD=5555555555554444'])
  check('4444333322221110=2912101', [])
  check('x5555555555554444', [])
  check('4111-1111 1111-1111', [])
  check('4111   1111   1111   1111', [])
  check('4111-1111-1111 1112', [])
})

test('addresses of machines where sentences and labels put them', () => {
  check('It is 2001:db8:85a3::8a2e:370:7334.', ['IP_ADDRESS=2001:db8:85a3::8a2e:370:7334'])
  check('host 1:2:3:4:5:6:7:8.', ['IP_ADDRESS=1:2:3:4:5:6:7:8'])
  check('mac:5F:96:E6:54:8C:4D', ['MAC_ADDRESS=5F:96:E6:54:8C:4D'])
  check('ip:60f5:4d8f:1:2:3:4:5:6', ['IP_ADDRESS=60f5:4d8f:1:2:3:4:5:6'])
  check('peer:2001:db8::1', ['IP_ADDRESS=2001:db8::1'])
  check('12:34::56', ['IP_ADDRESS=12:34::56'])
  check('ip 12:34::56 up', ['IP_ADDRESS=12:34::56'])
  check('at 12:34::56 now', [])
  check('1:5F:96:E6:54:8C:4D', [])
  check('use ::1.5', [])
  for (const word of ['Section', 'version', 'see Fig.']) check(`${word} 1.2.3.4`, [])
  check('section by 10.20.30.40', ['IP_ADDRESS=10.20.30.40'])
})

test('a slash and a word are no part of an identifier', () => {
  check('ssn 536-90-4399/dob 1980-01-01', ['US_SSN=536-90-4399'])
  check('449.888.097-81/x', ['BR_CPF=449.888.097-81'])
  check('756.9595.6939.34/x', ['NATIONAL_ID=756.9595.6939.34'])
  check('1M8GDM9AXKP042788/x', ['VIN=1M8GDM9AXKP042788'])
  check('ITIN 940-87-1570/x', ['US_ITIN=940-87-1570'])
  check('536-90-4399/12', [])
  check('536.90.4399', ['US_SSN=536.90.4399'], { field: 'ssn' })
  check('536904399.0', ['US_SSN=536904399'], { field: 'ssn' })
  check('536904399.05', [], { field: 'ssn' })
  check('536.90.4399', [])
})

test('mailboxes and what stands around them', () => {
  for (const all of ['a/b@x.io', 'a=b@x.io', '$x@x.io', '!def!xyz%abc@x.io', "o'brien@x.io"]) {
    check(all, [`EMAIL_ADDRESS=${all}`])
    check(`to <${all}>, now`, [`EMAIL_ADDRESS=${all}`])
  }
  check('user@[192.168.1.1]', ['EMAIL_ADDRESS=user@[192.168.1.1]'])
  check('user@[IPv6:2001:db8::1]', ['EMAIL_ADDRESS=user@[IPv6:2001:db8::1]'])
  const onlyIps = new Map([['IP_ADDRESS', { confidence: 50 }]])
  check('user@[192.168.1.1]', ['IP_ADDRESS=192.168.1.1'], { wanted: onlyIps })
  check('nora@sub_domain.example.org', ['EMAIL_ADDRESS=nora@sub_domain.example.org'])
  check('_nora@example.org_', ['EMAIL_ADDRESS=_nora@example.org'])
  check('email=nora@x.io', ['EMAIL_ADDRESS=nora@x.io'])
  check('/users/nora@x.io', ['EMAIL_ADDRESS=nora@x.io'])
  check('mailto:nora@x.io', ['EMAIL_ADDRESS=nora@x.io'])
  check('nora@x.io:hunter2', ['EMAIL_ADDRESS=nora@x.io'])
  check('git@github.com:path/to', [])
  check('git@github.com', ['EMAIL_ADDRESS=git@github.com'])
})

test('telephone numbers', () => {
  check('+44 20 7946 0958', ['PHONE_NUMBER=+44 20 7946 0958'])
  check('+1 415 555 0132 12345', ['PHONE_NUMBER=+1 415 555 0132'])
  check('(415) 555-0132', ['PHONE_NUMBER=(415) 555-0132'])
  check('call 4155550132 or 4155550133', ['PHONE_NUMBER=4155550132', 'PHONE_NUMBER=4155550133'])
  check('4155550132', [])
  check('4155550132', ['PHONE_NUMBER=4155550132'], { field: 'mobileNo' })
  check('Sequence 1234 5678 90', [])
  check('Part number: 555-123-4567-A', [])
})

test('words beside a value speak for it, the nearest first', () => {
  check('ssn 078051120', ['US_SSN=078051120'])
  check('078051120', [])
  check('My SSN is 209-63-9293, the claim number is 722741726.', ['US_SSN=209-63-9293'])
  check('199109242397 är mitt personnummer', ['SE_PERSONNUMMER=199109242397'])
  check('电话13800138000', ['PHONE_NUMBER=13800138000'])
})

test('names of fields speak for a value', () => {
  check('736958865', ['US_SSN=736958865'], { field: 'ssn', kind: 'number' })
  check('349780186536550', ['CREDIT_CARD=349780186536550'], {
    field: 'card_number',
    kind: 'number',
  })
  check('10.15.7.1', [], { field: 'version' })
  check('1986-02-19', ['DATE_OF_BIRTH=1986-02-19'], { field: 'birthDate' })
  check('Nora Quist', ['PERSON=Nora Quist'], { field: 'customerName' })
  check('Nora Quist <nora@example.org>', ['PERSON=Nora Quist <nora@example.org>'], {
    field: 'full_name',
  })
  for (const none of ['[REDACTED:PERSON]', '<PERSON>', '<your name>', '{{ name }}', '[hidden]']) {
    check(none, [], { field: 'full_name' })
  }
  for (const name of ['[Nora Quist]', '<Nora Quist>', '{Nora Quist}', '[REDACTED:NORAQUIST]']) {
    check(name, [`PERSON=${name}`], { field: 'full_name' })
  }
  check('7319864251', [], { field: 'amount_cents', kind: 'number' })
})

test('an entity that is not wanted takes nothing from one that is', () => {
  const wanted = new Map([['CREDIT_CARD', { confidence: 50 }]])
  check(
    'Annabel Marguerite Lee 5555555555554444',
    ['PERSON=Annabel Marguerite Lee 5555555555554444'],
    { field: 'full_name' },
  )
  check('Annabel Marguerite Lee 5555555555554444', ['CREDIT_CARD=5555555555554444'], {
    field: 'full_name',
    wanted,
  })
  check('ann@example.org', [], { wanted })
})

test('hints of names in many spellings', () => {
  const bits = (name: string) => hintOf(Buffer.from(name), 0, Buffer.byteLength(name))
  const rows: readonly (readonly [name: string, bit: number])[] = [
    ['cardNumber', hints.card],
    ['CARD-NO', hints.card],
    ['billing.card_number', hints.card],
    ['PANNumber', hints.card],
    ['phoneNumber', hints.phone],
    ['phonenumber', hints.phone],
    ['teléfono', hints.phone],
    ['firstname', hints.name],
    ['Geburtsdatum', hints.birth],
    ['client_secret', hints.secret],
    ['orderId', hints.other],
    ['remote_ip', hints.ip],
  ]
  for (const [name, bit] of rows) assert.notEqual(bits(name) & bit, 0, name)
  for (const name of ['status', 'note', 'id', 'description', '']) assert.equal(bits(name), 0, name)
})

test('cards of every scheme that card-validator knows are found by their field', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 10, maxLength: 14 })
  const leads = ['4', '51', '2221', '34', '37', '6011', '65', '36', '3530', '62', '5018']
  let valid = 0
  fc.assert(
    fc.property(fc.constantFrom(...leads), digits, (lead, rest) => {
      for (const last of '0123456789') {
        const text = lead + rest + last
        if (!cardValidator.number(text, { luhnValidateUnionPay: true }).isValid) continue
        valid += 1
        check(text, [`CREDIT_CARD=${text}`], { field: 'card_number' })
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(valid > 100, 'many were valid')
})

test('addresses that node takes for IPs are found whole', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      fc.pre(isIP(text) !== 0 && /\d.*[.:]/.test(text) && text !== '::' && !text.startsWith('::'))
      // `12:34::56` may be a time.
      fc.pre(!/^(?=.*::)[\d:]+$/.test(text) || /\d{3}/.test(text))
      const found = spansOf(`at ${text} now`).map(({ type }) => type)
      assert.deepEqual(found, ['IP_ADDRESS'], text)
    }),
  )
})

/** What stands behind `icon@2x.` is no domain, though some day one of these may be. */
const fileEndings =
  /^(?:png|jpe?g|gif|svg|webp|bmp|css|[jt]sx?|json|html?|xml|ya?ml|txt|pdf|csv|tar|gz|exe|dll)$/i

test('mailboxes that validator.js takes for one are found whole', () => {
  fc.assert(
    fc.property(fc.emailAddress({ size: 'small' }), (text) => {
      const tail = text.slice(text.lastIndexOf('.') + 1)
      fc.pre(validator.isEmail(text) && /^[a-z0-9._+-]+@/i.test(text))
      fc.pre(!fileEndings.test(tail))
      const covered = spansOf(text).some(({ end }) => end === text.length)
      assert.ok(covered, text)
    }),
  )
})

test('spans ascend, stay in the cell and do not overlap, whatever the bytes', () => {
  const unit = fc.constantFrom(
    ...'0123456789 -./:@+()_=\'"AaBbZz',
    'é',
    '号',
    ' ssn ',
    ' card ',
    'GB82',
    '4111',
    'eyJ',
    '://',
  )
  fc.assert(
    fc.property(
      fc.string({ unit, maxLength: 300 }),
      fc.string({ maxLength: 20 }),
      (text, field) => {
        let last = 0
        for (const { start, end, confidence } of spansOf(text, { field })) {
          assert.ok(start >= last && end > start && end <= Buffer.byteLength(text))
          assert.ok(confidence >= 50 && confidence <= 100)
          last = end
        }
      },
    ),
    { numRuns: 2_000 },
  )
})
