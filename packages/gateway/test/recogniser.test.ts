import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type AnalyzerPeer, startAnalyzer } from './analyzer-peer.ts'
import { assertSoundLog, type House, openHouse } from './house.ts'
import { answer } from './upstream.ts'

const name = 'Zyxwina Quorl'
const place = 'Brabbleford'
const card = '4539578763621486'
const masking = `detect:
  - id: names
    entities: [PERSON, LOCATION]
    paths: ['$..note', '$.delta.text']
    confidence: 60
    recognise: { language: en }
  - id: cards
    profile: pci
    do: { partial: { first: 6, last: 4 } }
`

type Row = {
  readonly body: string
  readonly mediaType?: string
  readonly coding?: 'gzip'
  readonly instead?: (response: ServerResponse) => void
  /** What the caller reads, or the refusal. */
  readonly seen: string
  /** The texts that the analyzer was shown; absent: not looked at. */
  readonly shown?: readonly string[]
}

const rows: Readonly<Record<string, Row>> = {
  'names at the paths are hidden, and nothing else is shown': {
    body: `{"note":"👋 ${name} of ${place}", "n":1.50, "other":"${name}"}`,
    seen: `{"note":"👋 [REDACTED:PERSON] of [REDACTED:LOCATION]", "n":1.50, "other":"${name}"}`,
    // Pictures and other signs of Unicode are shown as the scanner reads them.
    shown: [`; ${name} of ${place}`],
  },
  'what a checksum vouches for keeps its type': {
    body: JSON.stringify({ note: `${name} paid with ${card}.` }),
    seen: JSON.stringify({ note: '[REDACTED:PERSON] paid with 453957******1486.' }),
  },
  'a result without a text at the paths costs no question': {
    body: JSON.stringify({ other: name, note: 12 }),
    seen: JSON.stringify({ other: name, note: 12 }),
    shown: [],
  },
  'it fails': {
    body: JSON.stringify({ note: `of ${name}` }),
    instead: (response) => response.writeHead(500).end(`{"error":"${name}"}`),
    seen: 'result-withheld',
  },
  'and is asked again': {
    body: JSON.stringify({ note: `of ${name}` }),
    seen: JSON.stringify({ note: 'of [REDACTED:PERSON]' }),
  },
  'it answers for half of the texts': {
    body: JSON.stringify([{ note: `of ${name}` }, { note: `in ${place}` }]),
    instead: (response) => response.end('[[]]'),
    seen: 'result-withheld',
  },
  'texts of several objects, in one question': {
    body: JSON.stringify([{ note: `of ${name}` }, { note: `in ${place}` }]),
    seen: JSON.stringify([{ note: 'of [REDACTED:PERSON]' }, { note: 'in [REDACTED:LOCATION]' }]),
    shown: [`of ${name}`, `in ${place}`],
  },
  'it hangs up': {
    body: JSON.stringify({ note: `of ${name}` }),
    instead: (response) => response.destroy(),
    seen: 'result-withheld',
  },
  'a compressed result': {
    body: JSON.stringify({ note: `of ${name}` }),
    coding: 'gzip',
    seen: JSON.stringify({ note: 'of [REDACTED:PERSON]' }),
  },
  lines: {
    body: `${JSON.stringify({ note: `of ${name}` })}\n${JSON.stringify({ other: name })}\n`,
    mediaType: 'application/x-ndjson',
    seen: `${JSON.stringify({ note: 'of [REDACTED:PERSON]' })}\n${JSON.stringify({ other: name })}\n`,
    shown: [`of ${name}`],
  },
  'texts of events that go on': {
    body: `data: {"delta":{"text":"of ${name}, "}}\n\ndata: {"delta":{"text":"in ${place}."}}\n\n`,
    mediaType: 'text/event-stream',
    seen: 'data: {"delta":{"text":"of [REDACTED:PERSON], "}}\n\ndata: {"delta":{"text":"in [REDACTED:LOCATION]."}}\n\n',
  },
  'plain text, in which there are no paths, is shown whole': {
    body: `of ${name}\n`,
    mediaType: 'text/plain',
    seen: 'of [REDACTED:PERSON]\n',
    shown: [`of ${name}`],
  },
}

test('a house that asks a recogniser, by a peer that speaks its protocol', async (t) => {
  const analyzer = await startAnalyzer({ [name]: 'PERSON', [place]: 'LOCATION', [card]: 'PERSON' })
  t.after(() => analyzer.close())
  const recogniser = { url: analyzer.url, timeout: '60s', insecureHttp: true }
  const house = await openHouse(t, { recogniser })
  await house.stop()
  writeFileSync(join(house.rulebook, 'masking.yaml'), masking)
  await house.restart()
  for (const [what, row] of Object.entries(rows))
    await t.test(what, () => check(house, analyzer, row))
  await t.test('the log is sound, and names nobody', () =>
    assertSoundLog(house, [name, place, card]),
  )
})

async function check(house: House, analyzer: AnalyzerPeer, row: Row): Promise<void> {
  const { body, mediaType = 'application/json', coding, instead, seen: expected, shown } = row
  analyzer.asked.length = 0
  analyzer.instead = instead
  house.upstream.script = answer({
    headers: { 'content-type': mediaType, ...(coding && { 'content-encoding': coding }) },
    body: coding === undefined ? body : gzipSync(body),
  })
  const seen = await house.call('/up/read')
  assert.equal(seen.code === 'ok' ? seen.text() : seen.code, expected, seen.text())
  if (shown !== undefined)
    assert.deepEqual(
      analyzer.asked.flatMap(({ text }) => text),
      shown,
    )
}
