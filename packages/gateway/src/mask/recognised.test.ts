import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileResultMasking } from './compile.ts'
import type { DetectionPlan, Masker, Paced, Recognise, RecogniserQuestion } from './plan.ts'

type Rule = DetectionPlan['rules'][number]

const names: Rule = {
  id: 'names',
  entities: ['PERSON', 'LOCATION'],
  paths: ['$..note'],
  confidence: 50,
  strategy: { kind: 'redact' },
  recognise: { language: 'en' },
}
const cards: Rule = {
  id: 'cards',
  entities: ['CREDIT_CARD', 'EMAIL_ADDRESS'],
  confidence: 50,
  strategy: { kind: 'partial', first: 0, last: 4 },
}

function open(rules: readonly Rule[], mediaType = 'application/json'): Masker {
  const plan = {
    rules,
    custom: [],
    allowed: new Set<string>(),
    onError: 'block',
    digest: 'd',
  } as const
  const masking = compileResultMasking([], [], plan)
  assert.ok('masker' in masking)
  const key = Buffer.alloc(32)
  const masker = masking.masker({ mediaType, fragment: false, key, echoes: [] })
  assert.ok(masker)
  return masker
}

/** A recogniser that knows who is who, and remembers what it was asked. */
function knowing(words: Readonly<Record<string, string>>) {
  const asked: RecogniserQuestion[] = []
  const recognise: Recognise = async (question) => {
    asked.push(question)
    return question.texts.map((text) =>
      Object.entries(words).flatMap(([word, entity]) => {
        const start = text.indexOf(word)
        return start < 0 ? [] : [{ entity, start, end: start + word.length, confidence: 85 }]
      }),
    )
  }
  return { asked, recognise }
}

/** As where nobody waits. */
const atOnce: Paced = async (step) => step()

async function masked(masker: Masker, body: string, recognise: Recognise): Promise<string> {
  const out: Uint8Array[] = []
  for (const byte of Buffer.from(body)) out.push(masker.push(Uint8Array.of(byte)))
  assert.equal(Buffer.concat(out).length, 0, 'nothing goes out before the recogniser was asked')
  await masker.ask?.(recognise, atOnce)
  return Buffer.from(masker.end()).toString()
}

test('what the recogniser sees at the paths is hidden, and nothing else is shown to it', async () => {
  const { asked, recognise } = knowing({ 'Ada Lovelace': 'PERSON', Paris: 'LOCATION' })
  const body = JSON.stringify({
    title: 'Ada Lovelace',
    note: 'I met Ada Lovelace — in Paris',
    more: [{ note: 'nobody' }, { note: '42' }, { note: 'I met Ada Lovelace — in Paris' }],
  })
  const masker = open([names])
  const out = await masked(masker, body, recognise)
  const note = 'I met [REDACTED:PERSON] — in [REDACTED:LOCATION]'
  assert.deepEqual(JSON.parse(out), {
    title: 'Ada Lovelace',
    note,
    more: [{ note: 'nobody' }, { note: '42' }, { note }],
  })
  assert.equal(asked.length, 1)
  assert.deepEqual(asked[0]?.entities, names.entities)
  assert.equal(asked[0]?.language, 'en')
  assert.equal(asked[0]?.texts.length, 2)
  assert.ok(asked[0]?.texts.every((text) => !text.includes('42')))
  assert.equal(masker.findings().length > 0, true)
})

test('what a checksum vouches for keeps its name, and its strategy', async () => {
  const { recognise } = knowing({ 'Ada 4111 1111 1111 1111 Byron': 'PERSON' })
  const body = JSON.stringify({ note: 'for Ada 4111 1111 1111 1111 Byron' })
  const out = await masked(open([names, cards]), body, recognise)
  const note = 'for [REDACTED:PERSON]**** **** **** 1111[REDACTED:PERSON]'
  assert.deepEqual(JSON.parse(out), { note })
})

test('without a text to ask about, nobody is asked', async () => {
  const { asked, recognise } = knowing({})
  const body = '{"note": 12, "title": "Ada"}'
  assert.equal(await masked(open([names]), body, recognise), body)
  assert.deepEqual(asked, [])
})

test('without an answer nothing goes out', async () => {
  const masker = open([names])
  masker.push(Buffer.from('{"note":"Ada"}'))
  const fail: Recognise = () => Promise.reject(new Error('Ada is away'))
  await assert.rejects(
    async () => masker.ask?.(fail, atOnce),
    (thrown) => {
      assert.ok(thrown instanceof Error)
      assert.equal(thrown.name, 'MaskError')
      assert.doesNotMatch(thrown.message, /Ada/)
      return true
    },
  )
  assert.throws(() => masker.end(), { name: 'MaskError' })
})

test('a result that is longer than is held is withheld', () => {
  const masker = open([names])
  assert.throws(
    () => {
      for (let n = 0; n < 100; n++) masker.push(Buffer.alloc(65_536, 0x20))
    },
    { name: 'MaskError' },
  )
})

test('text that is no JSON is asked about line by line, where no paths are given', async () => {
  const { asked, recognise } = knowing({ Ada: 'PERSON' })
  const { paths: _, ...everywhere } = names
  const out = await masked(open([everywhere], 'text/plain'), 'Ada came\nand went\n', recognise)
  assert.equal(out, '[REDACTED:PERSON] came\nand went\n')
  assert.deepEqual(asked[0]?.texts, ['Ada came', 'and went'])
})

test('a text so long that windows of it are read is shown and hidden to its end', async () => {
  const { asked, recognise } = knowing({ 'Ada Lovelace': 'PERSON', 'Bo Quorl': 'PERSON' })
  const filling = 'and so on and on '.repeat(30_000)
  const note = `Ada Lovelace ${filling} and Bo Quorl`
  const masker = open([names])
  masker.push(Buffer.from(JSON.stringify({ note })))
  await masker.ask?.(recognise, atOnce)
  const out = JSON.parse(Buffer.from(masker.end()).toString())
  assert.equal(out.note, `[REDACTED:PERSON] ${filling} and [REDACTED:PERSON]`)
  assert.ok((asked[0]?.texts.length ?? 0) > 1)
})

test('names in the pieces of a stream are hidden, cut or not', async () => {
  const { recognise } = knowing({ 'Ada Lovelace': 'PERSON' })
  const event = (text: string) => `data: {"delta":{"text":"${text}"}}\n\n`
  const masker = open([{ ...names, paths: ['$.delta.text'] }], 'text/event-stream')
  masker.push(Buffer.from(event('I met Ada Love') + event('lace, and Ada Lovelace') + event(' ok')))
  await masker.ask?.(recognise, atOnce)
  const out = Buffer.from(masker.end()).toString()
  assert.ok(!/Ada|lace/.test(out), out)
  assert.ok(out.includes('I met [REDACTED:PERSON]') && out.endsWith(event(' ok')), out)
})
