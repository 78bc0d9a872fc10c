import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import { openPresidio, RecogniserError } from './presidio.ts'

type Asked = {
  readonly text: readonly string[]
  readonly language: string
  readonly entities: readonly string[]
  readonly score_threshold: number
}
type Answer = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void

/** A server that answers as it is told, and a client of it. */
async function given(answer: Answer, options: Partial<Parameters<typeof openPresidio>[0]> = {}) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    const question: Asked = JSON.parse(Buffer.concat(pieces).toString())
    asked.push(question)
    answer(question, response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const recognise = openPresidio({
    url: `http://127.0.0.1:${address.port}/`,
    timeoutMs: 60_000,
    batchTexts: 100,
    batchChars: 100_000,
    answerBytesMax: 1_000_000,
    resultsMax: 1_000,
    breakerFailures: 3,
    breakerRestMs: 1_000,
    now: () => 0,
    ...options,
  })
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  const ask = (...texts: string[]) =>
    recognise({ texts, language: 'en', entities: ['PERSON', 'LOCATION'], confidence: 40 })
  return { asked, ask, close }
}

/** As Presidio does: finds every `Ada`, counting code points. */
const findAda: Answer = ({ text }, response) => {
  const found = text.map((one) => {
    const points = [...one]
    return points.flatMap((_, start) =>
      points.slice(start, start + 3).join('') === 'Ada'
        ? [
            {
              entity_type: 'PERSON',
              start,
              end: start + 3,
              score: 0.85,
              analysis_explanation: null,
            },
          ]
        : [],
    )
  })
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(found))
}

const person = (start: number) => ({ entity: 'PERSON', start, end: start + 3, confidence: 85 })

test('texts go as one list, and offsets come back as UTF-16', async () => {
  const { asked, ask, close } = await given(findAda)
  try {
    assert.deepEqual(await ask('I am Ada', 'nobody', '👩‍💻 Ada, Ada'), [
      [person(5)],
      [],
      [person(6), person(11)],
    ])
    assert.deepEqual(asked, [
      {
        text: ['I am Ada', 'nobody', '👩‍💻 Ada, Ada'],
        language: 'en',
        entities: ['PERSON', 'LOCATION'],
        score_threshold: 0.4,
      },
    ])
  } finally {
    close()
  }
})

test('many texts go in batches, by number and by length', async () => {
  const { asked, ask, close } = await given(findAda, { batchTexts: 3, batchChars: 10 })
  try {
    const found = await ask('Ada', 'b', 'c', 'Ada', 'e'.repeat(50), 'f', '12345', '67890', 'Ada')
    assert.deepEqual(
      found.map(({ length }) => length),
      [1, 0, 0, 1, 0, 0, 0, 0, 1],
    )
    assert.deepEqual(
      asked.map(({ text }) => text.length),
      [3, 1, 1, 2, 2],
    )
    assert.deepEqual(await ask(), [])
  } finally {
    close()
  }
})

test('what was not asked for, or is less sure than asked, does not count', async () => {
  const { ask, close } = await given((_, response) => {
    const result = { start: 0, end: 3 }
    response.end(
      JSON.stringify([
        [
          { ...result, entity_type: 'PERSON', score: 0.39 },
          { ...result, entity_type: 'URL', score: 1 },
          { ...result, entity_type: 'LOCATION', score: 0.4 },
        ],
      ]),
    )
  })
  try {
    assert.deepEqual(await ask('Ada'), [[{ entity: 'LOCATION', start: 0, end: 3, confidence: 40 }]])
  } finally {
    close()
  }
})

const none: readonly (readonly [title: string, answer: Answer, said: RegExp])[] = [
  ['an error', (_, response) => response.writeHead(500).end('{"error":"Ada"}'), /answered 500$/],
  ['no JSON', (_, response) => response.end('Ada'), /no analysis/],
  ['another form', (_, response) => response.end('{"Ada":1}'), /no analysis/],
  ['fewer answers than texts', (_, response) => response.end('[]'), /no analysis/],
  [
    'a place beyond the text',
    (_, response) => response.end('[[{"entity_type":"PERSON","start":0,"end":9,"score":1}]]'),
    /no analysis/,
  ],
  ['too much', (_, response) => response.end(`[${' '.repeat(2_000_000)}]`), /more than is read/],
  [
    'more values than are taken',
    (_, response) => {
      const one = { entity_type: 'PERSON', start: 0, end: 3, score: 1 }
      response.end(JSON.stringify([Array.from({ length: 1_001 }, () => one)]))
    },
    /saw more than is taken/,
  ],
  ['a redirect', (_, response) => response.writeHead(302, { location: '/' }).end(), /not reached/],
  ['a closed connection', (_, response) => response.destroy(), /not reached/],
]
for (const [title, answer, said] of none) {
  test(`${title} is no answer, and its reason quotes no text`, async () => {
    const { ask, close } = await given(answer)
    try {
      await assert.rejects(ask('Ada'), (thrown) => {
        assert.ok(thrown instanceof RecogniserError)
        assert.match(thrown.message, said)
        assert.doesNotMatch(thrown.message, /Ada/)
        return true
      })
    } finally {
      close()
    }
  })
}

test('a server that never answers is not waited for', async () => {
  const { ask, close } = await given(() => {}, { timeoutMs: 50 })
  try {
    await assert.rejects(ask('Ada'), /took too long/)
  } finally {
    close()
  }
})

test('after failures in a row it is left alone, then tried by one call', async () => {
  let works = false
  let time = 0
  const answer: Answer = (question, response, request) => {
    if (works) findAda(question, response, request)
    else response.writeHead(503).end()
  }
  const { asked, ask, close } = await given(answer, { now: () => time })
  try {
    for (let n = 0; n < 3; n++) await assert.rejects(ask('Ada'), /answered 503/)
    await assert.rejects(ask('Ada'), /left alone/)
    assert.equal(asked.length, 3)
    time = 1_000
    await assert.rejects(ask('Ada'), /answered 503/)
    await assert.rejects(ask('Ada'), /left alone/)
    assert.equal(asked.length, 4)
    works = true
    time = 2_000
    assert.deepEqual(await ask('Ada'), [[person(0)]])
    works = false
    await assert.rejects(ask('Ada'), /answered 503/)
    assert.equal(asked.length, 6)
  } finally {
    close()
  }
})
