import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { stringify } from 'yaml'
import { type House, openHouse } from './house.ts'
import { askModern } from './mcp-agent.ts'
import { type RawServer, sayJson, startRawServer } from './mcp-raw-server.ts'
import { writeRulebook } from './rules.ts'
import { integrated, takeAway, told, verified } from './take-away.ts'

const card = '4556737586899855'
const own = { owner: 'team', sensitivity: 'internal', risk: 'low', purpose: 'Be called' }
const policies = `@id("notes-of-seven")
@owner("team")
@reason("Callers read notes")
@review("90d")
permit (principal in Group::"callers", action == Action::"web.note", resource)
when { context.args.id == "se ven" };

@id("callers-ask")
@owner("team")
@reason("Callers ask")
@review("90d")
permit (principal in Group::"callers", action == Action::"web.asker", resource)
when { context.args has n && context.args.n == 7 };

@id("callers-are-asked")
@owner("team")
@reason("Callers are asked")
@review("90d")
permit (principal in Group::"callers", action == Action::"web.elicitation", resource);
`
const masking = `detect:
  - { id: cards, entities: [CREDIT_CARD], direction: [arguments], from: [upstream] }
`

test('calls whose record holds more than their arguments verify, and their decisions are taken again', async (t) => {
  const { house, web } = await openYard(t)
  const read = (uri: string) =>
    askModern(house, {
      ...{ method: 'resources/read', params: { uri }, headers: { 'mcp-name': uri } },
    })
  assert.match((await read('web+note://all/se%20ven')).text(), /a note/)
  assert.match((await read('web+note://all/eight')).text(), /policy-denied/)
  const capabilities = { elicitation: { form: {} } }
  const ask = { name: 'web__asker', args: { n: 7, text: `see ${card}` }, capabilities }
  const first = (await askModern(house, ask)).json().result
  assert.equal(first?.resultType, 'input_required', JSON.stringify(first))
  const { requestState, inputRequests } = first
  const [key = assert.fail()] = Object.keys(inputRequests)
  const content = { card, m: 9 }
  const inputResponses = { [key]: { action: 'accept', content } }
  const seen = await askModern(house, { ...ask, params: { requestState, inputResponses } })
  assert.match(seen.text(), /heard/)
  const sent = JSON.stringify(web.calls.at(-1)?.message.params)
  assert.ok(/"m":9/.test(sent) && !sent.includes(card), sent)
  await integrated(house, house.records().length - 1)
  const { folder } = await takeAway(t, house, { scope: 'whole', payloads: true })
  const verdict = await verified(house, folder)
  assert.deepEqual(told(verdict), [])
  const { state, examined } =
    verdict.checks.find(({ check }) => check === 'decisions') ?? assert.fail()
  // What the server asks of the caller is the fifth.
  assert.deepEqual([state, examined], ['partly', 4])
})

/** A server with a family of resources, and a tool that asks once. */
async function openYard(t: TestContext): Promise<{ house: House; web: RawServer }> {
  const web = await startRawServer(t, [])
  web.answers.set('note://all/se%20ven', (response, { id }) =>
    sayJson(response, {
      ...{ jsonrpc: '2.0', id },
      result: {
        resultType: 'complete',
        contents: [{ uri: 'note://all/se%20ven', text: 'a note' }],
      },
    }),
  )
  web.answers.set('asker', (response, { id, params }) => {
    const question = {
      mode: 'form',
      message: '?',
      requestedSchema: { type: 'object', properties: {} },
    }
    sayJson(response, {
      ...{ jsonrpc: '2.0', id },
      result: params.inputResponses
        ? { resultType: 'complete', content: [{ type: 'text', text: 'heard' }] }
        : {
            ...{ resultType: 'input_required', requestState: 's' },
            inputRequests: { a: { method: 'elicitation/create', params: question } },
          },
    })
  })
  const house = await openHouse(t)
  await house.stop()
  const properties = { n: { type: 'integer' }, text: { type: 'string' } }
  writeRulebook(house.rulebook, {
    'policies/mcp.cedar': policies,
    'masking.yaml': masking,
    'connections/web.yaml': stringify({
      ...{ id: 'web', protocol: 'mcp', upstream: web.url, revision: '2026-07-28' },
      credential: { bearer: { env: 'UP_SECRET' } },
    }),
    'functions/web.yaml': stringify({
      connection: 'web',
      functions: [
        { ...own, name: 'note', mcp: 'resources/read note://all/{id}' },
        {
          ...own,
          name: 'asker',
          mcp: 'tools/call asker',
          arguments: { type: 'object', properties },
        },
        { ...own, name: 'elicitation', mcp: 'elicitation/create' },
      ],
    }),
  })
  await house.restart()
  return { house, web }
}
