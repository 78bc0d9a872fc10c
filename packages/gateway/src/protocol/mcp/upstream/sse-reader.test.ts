import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SseReader } from './sse-reader.ts'

/** What was said, in pieces that end where `cuts` say; undefined where it was too much. */
function read(bytes: Uint8Array, cuts: readonly number[], bytesMax = 1_000): string | undefined {
  const events: string[] = []
  const reader = new SseReader({
    bytesMax,
    onEvent: ({ data, type }) => events.push(`${type ?? ''}:${Buffer.from(data)}`),
  })
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  let from = 0
  for (const end of ends) {
    if (!reader.push(bytes.slice(from, end))) return undefined
    from = end
  }
  const { lastEventId, retryMs } = reader
  return `${events.join(' | ')} ${lastEventId ?? '-'} ${retryMs ?? '-'}`
}

async function check(text: string, expected: string): Promise<void> {
  const bytes = Buffer.from(text)
  assert.equal(read(bytes, []), expected)
  // In whatever pieces it comes, it is the same.
  fc.assert(fc.property(fc.array(fc.nat()), (cuts) => read(bytes, cuts) === expected))
}

const cases: readonly (readonly [string, string, string])[] = [
  ['an event', 'data: a\n\n', ':a - -'],
  ['two', 'data: a\n\ndata: b\n\n', ':a | :b - -'],
  ['line ends of all kinds', 'data: a\r\n\r\ndata: b\r\rdata: c\n\n', ':a | :b | :c - -'],
  ['several lines', 'data: a\ndata: b\n\n', ':a\nb - -'],
  ['one blank is not of the value', 'data:  a\ndata:b\n\n', ': a\nb - -'],
  ['a type', 'event: ping\ndata: a\n\ndata: b\n\n', 'ping:a | :b - -'],
  ['an id, and when to come back', 'id: 7\nretry: 30\ndata: a\n\n', ':a 7 30'],
  ['an id without data', 'id: 7\n\n', ' 7 -'],
  ['an id with a zero byte', 'id: a\0\ndata: a\n\n', ':a - -'],
  ['no time', 'retry: soon\ndata: a\n\n', ':a - -'],
  ['comments', ': hello\n\n:\n\ndata: a\n\n', ':a - -'],
  ['fields nobody knows', 'date: x\ndata: a\nfoo\n\n', ':a - -'],
  ['data without a colon', 'data\n\ndata: a\n\n', ':a - -'],
  ['a byte order mark', '\u{feff}data: a\n\n', ':a - -'],
  ['an event that did not end', 'data: a\n\ndata: b\n', ':a - -'],
  ['nothing', '', ' - -'],
]
for (const [name, text, expected] of cases) test(name, () => check(text, expected))

test('a line, and an event, may only be so long', () => {
  assert.equal(read(Buffer.from(`data: ${'a'.repeat(90)}\n\n`), [], 100), `:${'a'.repeat(90)} - -`)
  const lines = [`data: ${'a'.repeat(60)}\n`.repeat(2), 'data:\n'.repeat(30), 'data\n'.repeat(30)]
  for (const text of ['a'.repeat(101), ...lines]) {
    fc.assert(
      fc.property(
        fc.array(fc.nat()),
        (cuts) => read(Buffer.from(`${text}\n\n`), cuts, 100) === undefined,
      ),
    )
  }
})

test('what is kept of a chunk is a copy, so that small pieces cost no more than they are', () => {
  const events: string[] = []
  const reader = new SseReader({
    bytesMax: 100,
    onEvent: ({ data }) => events.push(Buffer.from(data).toString()),
  })
  for (const piece of ['data: a\ndat', 'a: b\n', '\n']) {
    const chunk = Buffer.from(piece)
    assert.ok(reader.push(chunk))
    chunk.fill(0x78)
  }
  assert.deepEqual(events, ['a\nb'])
})
