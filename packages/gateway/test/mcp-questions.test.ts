import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import { ask } from './caller.ts'
import { assertSoundLog, type House, openHouse } from './house.ts'
import { sayJson, startRawServer } from './mcp-raw-server.ts'
import { writeRulebook } from './rules.ts'

/** Looked for in what comes back to callers. */
const card = '4556737586899855'
/** Looked for in what upstreams must not see. */
const iban = 'DE89370400440532013000'

const own = { owner: 'team', sensitivity: 'internal', risk: 'low', purpose: 'Be called' }
const policies = `@id("callers-speak")
@owner("team")
@reason("Callers speak MCP")
@review("90d")
permit (principal in Group::"callers", action in [Action::"web", Action::"pipe"], resource);
`
const masking = `detect:
  - { id: cards, entities: [CREDIT_CARD], direction: [result] }
  - { id: ibans, entities: [IBAN_CODE], direction: [arguments], from: [upstream] }
`

/** Two servers that ask with their credential in their words, and answer with what they heard. */
async function openYard(t: TestContext): Promise<House> {
  const web = await startRawServer(t, [])
  web.answers.set('asker', (response, { id, params }) => {
    const { inputResponses } = params
    const bearer = String(web.calls.at(-1)?.headers.authorization)
    // Once as it is, and once as JSON in this text would spell it.
    const spelled = [...bearer].map((one) => `\\u00${one.charCodeAt(0).toString(16)}`).join('')
    const message = `${card} ${iban} ${bearer} ${spelled}`
    const question = { mode: 'form', message, requestedSchema: { type: 'object', properties: {} } }
    const text = JSON.stringify(inputResponses)
    sayJson(response, {
      ...{ jsonrpc: '2.0', id },
      result: inputResponses
        ? { resultType: 'complete', content: [{ type: 'text', text }] }
        : {
            ...{ resultType: 'input_required', requestState: 's' },
            inputRequests: { a: { method: 'elicitation/create', params: question } },
          },
    })
  })
  const house = await openHouse(t)
  await house.stop()
  const functions = (connection: string) =>
    stringify({
      connection,
      functions: [
        { ...own, name: 'asker', mcp: 'tools/call asker', unknownArguments: 'allow' },
        { ...own, name: 'elicitation', mcp: 'elicitation/create', payloads: 'kept' },
      ],
    })
  writeRulebook(house.rulebook, {
    'policies/mcp.cedar': policies,
    'masking.yaml': masking,
    'connections/web.yaml': stringify({
      ...{ id: 'web', protocol: 'mcp', upstream: web.url, revision: '2026-07-28' },
      credential: { bearer: { env: 'UP_SECRET' } },
    }),
    'connections/pipe.yaml': stringify({
      ...{ id: 'pipe', protocol: 'mcp', credential: 'none' },
      stdio: {
        command: process.execPath,
        args: [join(import.meta.dirname, 'mcp-asking-child.ts')],
        env: { CHILD_SECRET: { env: 'UP_SECRET' } },
      },
    }),
    'functions/web.yaml': functions('web'),
    'functions/pipe.yaml': functions('pipe'),
  })
  await house.restart()
  return house
}

/** A call by a client of 2025-11-25, who is asked once: what it was asked, and what the server heard. */
async function asked(house: House, path: string) {
  const headers: Record<string, string> = {
    ...{ accept: 'application/json, text/event-stream', 'mcp-protocol-version': '2025-11-25' },
  }
  const { token } = house
  const post = (json: object, onData: (piece: Buffer) => void = () => {}) =>
    ask(house.url(), path, { token, headers, onData, json: { jsonrpc: '2.0', ...json } })
  const clientInfo = { name: 'a', version: '1' }
  const capabilities = { elicitation: {} }
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo }
  const begun = await post({ id: 1, method: 'initialize', params })
  headers['mcp-session-id'] = String(begun.headers['mcp-session-id'])
  const answers: Promise<unknown>[] = []
  let came = ''
  const seen = await post(
    { id: 2, method: 'tools/call', params: { name: 'asker', arguments: {} } },
    (piece) => {
      came += piece
      const id = /"id":"(sallyport-[^"]+)"[^\n]*\n/.exec(came)?.[1]
      if (id === undefined || answers.length > 0) return
      const content = { card, iban }
      answers.push(post({ id, result: { action: 'accept', content } }))
    },
  )
  await Promise.all(answers)
  const messages = [...seen.text().matchAll(/^data: (.+)$/gm)].map(([, data]) =>
    JSON.parse(data ?? ''),
  )
  const question = messages.find(({ method }) => method === 'elicitation/create')
  const heard = messages.find(({ id }) => id === 2)
  assert.ok(question && heard?.result, seen.text())
  return { question: question.params.message as string, heard: heard.result.content[0].text }
}

test('what a server asks is masked for whom it goes to', { timeout: 300_000 }, async (t) => {
  const house = await openYard(t)
  for (const connection of ['web', 'pipe']) {
    await t.test(connection, async () => {
      const from = house.records().length
      const { question, heard } = await asked(house, `/mcp/${connection}`)
      // To the caller: as results are.
      assert.ok(!question.includes(card), question)
      assert.match(question, /REDACTED:CREDIT_CARD/)
      assert.match(question, /DE89/)
      assert.ok(!question.includes(house.secret), question)
      assert.match(question, /REDACTED:CREDENTIAL/)
      // To the server, which said it again: as arguments are.
      assert.match(heard, /"action":"accept"/)
      assert.ok(!heard.includes(iban), heard)
      assert.match(heard, /REDACTED:IBAN_CODE/)
      const leaves = house.records(from)
      const intent = leaves.find(({ fn }) => fn?.name === `${connection}.elicitation`)
      const outcome = leaves.find(
        ({ type, call }) => type === 'call.outcome' && call === intent?.call,
      )
      assert.deepEqual(
        intent?.masked.map(({ rule, n }: { rule: string; n: number }) => `${rule} ${n}`).toSorted(),
        ['cards 1', 'credential 2'],
      )
      assert.deepEqual(
        outcome?.masked.map(({ rule }: { rule: string }) => rule),
        ['ibans'],
      )
      const kept = house.payload(intent?.index, 'args')
      assert.ok(kept?.includes('REDACTED:CREDENTIAL') && !kept.includes(house.secret), kept)
      // What the caller answered reached nobody else changed.
      assert.match(house.payload(outcome?.index, 'returned') ?? '', new RegExp(card))
    })
  }
  assertSoundLog(house)
})
