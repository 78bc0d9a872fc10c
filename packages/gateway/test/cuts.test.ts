import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from '../src/mask/compile.ts'
import type { ResultMasking } from '../src/mask/plan.ts'
import { cutBody } from './cut-body.ts'
import { isLong } from './long-form.ts'

/** Every value of `text` in a body of each kind. */
const values = [
  '4539 5787 6362 1486',
  'canary-person@corp.example',
  'DE89 3704 0044 0532 0130 00',
  '536-22-8716',
  'tr0mbone-Kuf7-2291',
]
const [card = '', mail = '', iban = '', ssn = '', secret = ''] = values
/** What stands between them: characters of two and four bytes, so that cuts go through those as well. */
const text = `caf\u00e9 ${card} \u{1f600} to ${mail}, IBAN ${iban}; ssn ${ssn} password=${secret} end`
const record = { note: text, card, to: [mail, { iban }], ssn, password: secret, n: 12 }
const json = JSON.stringify(record)
const boundary = 'x9-boundary'
const part = (name: string, value: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`

const bodies: Readonly<Record<string, string>> = {
  'application/json': JSON.stringify([record, { said: json }], null, 1),
  'application/x-ndjson': `${json}\n${json}\n`,
  'text/event-stream': `data: ${json}\n\nevent: x\ndata: ${json}\n\n`,
  'text/plain': `${text}\n${text}\n`,
  'text/csv': `note,card,ssn,password\n"${text}",${card},${ssn},${secret}\n`,
  'text/tab-separated-values': `note\tcard\tpassword\n${text}\t${card}\t${secret}\n`,
  'application/x-www-form-urlencoded': `note=${encodeURIComponent(text)}&card=${encodeURIComponent(card)}&b=${mail}&password=${secret}`,
  'text/html': `<p title="${mail}">${text}</p><b>${card}</b>`,
  'application/xml': `<a><card>${card}</card><note>${text}</note></a>`,
  [`multipart/form-data; boundary=${boundary}`]: `${part('note', text)}${part('card', card)}--${boundary}--\r\n`,
}

for (const [mediaType, body] of Object.entries(bodies)) {
  test(`cut anywhere, ${mediaType} shows nothing`, () => {
    const bytes = Buffer.from(body)
    const count = cutBody({
      masking: maskEverything(),
      mediaType,
      length: bytes.length,
      piece: (from, to) => bytes.subarray(from, to),
      values,
      told: mediaType.endsWith('urlencoded') ? decodeURIComponent : undefined,
      every: isLong ? 1 : 3,
    })
    assert.ok(count.deliveries > bytes.length / 4)
    assert.deepEqual({ ...count, deliveries: 0 }, none)
  })
}

test('whoever counts leaks sees one', () => {
  const masking = maskEverything()
  const piece = (from: number, to: number) => Buffer.from('[\n"words"\n]').subarray(from, to)
  const cut = { masking, mediaType: 'application/json', length: 11, piece, every: 1 }
  const { deliveries, ...rest } = cutBody({ ...cut, values: ['words'] })
  assert.deepEqual(rest, { leaks: deliveries, different: 0, withheld: 0 })
  const broken = { ...cut, piece: (from: number, to: number) => piece(from, to === 11 ? 11 : 0) }
  assert.ok(cutBody({ ...broken, values: [] }).withheld > 0)
})

const none = { deliveries: 0, leaks: 0, different: 0, withheld: 0 }

function maskEverything(): ResultMasking {
  const rule = { id: 'all', confidence: 50, strategy: { kind: 'redact' } } as const
  const masking = compileResultMasking([], [], {
    rules: [{ ...rule, entities: ['*'] }],
    custom: [],
    allowed: new Set(),
    onError: 'block',
    digest: 'test',
  })
  assert.ok('masker' in masking)
  return masking
}
