import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertSoundLog, type House, type Leaf, until } from './house.ts'
import { isLong, onDemand } from './long-form.ts'
import { type AnyClient, answers, clientKinds, openClient } from './mcp-clients.ts'
import { card, legacyGallery, modernGallery, pin, shownTools, type Told } from './mcp-gallery.ts'
import { type McpPlace, openMcpYard, serveLegacy, serveModern } from './mcp-yard.ts'
import { integrated, takeAway, told as toldOf, verified } from './take-away.ts'

const tools = [
  ...shownTools.filter((name) => name !== 'locked'),
  ...['echo', 'big', 'thrown', 'steps', 'wait', 'ask', 'sample', 'roots'],
].toSorted()

const beside = { owner: 'team', sensitivity: 'internal', risk: 'low', unknownArguments: 'allow' }
const files = {
  'masking.yaml': `detect:
  - { id: cards, profile: pci, direction: [result, arguments], from: [record, upstream] }
`,
  'policies/mcp.cedar': `@id("callers-speak")
@owner("team")
@reason("Callers speak MCP")
@review("90d")
permit (principal in Group::"callers", action in [Action::"old", Action::"new", Action::"pipe", Action::"line"], resource);

@id("nobody")
@reason("Nobody calls this")
forbid (
  principal,
  action in [Action::"old.locked", Action::"new.locked", Action::"pipe.locked", Action::"line.locked"],
  resource
);
`,
}

function child(name: string): NonNullable<McpPlace['stdio']> {
  return { command: process.execPath, args: [join(import.meta.dirname, 'mcp-child.ts'), name] }
}

type Yard = { readonly house: House; readonly told: Told }

/** One gallery in both eras, behind HTTP and as a child process. */
async function openGallery(t: TestContext): Promise<Yard> {
  const told: Told = { started: [], cancelled: [], heard: [] }
  const house = await openMcpYard(t, {
    places: {
      new: { upstream: await serveModern(t, () => modernGallery(told)) },
      old: { upstream: await serveLegacy(t, () => legacyGallery(told)) },
      pipe: { stdio: child('legacy') },
      line: { stdio: child('modern'), revision: '2026-07-28' },
    },
    files,
    functions: [
      { ...beside, name: 'elicitation', purpose: 'Ask a person', mcp: 'elicitation/create' },
      { ...beside, name: 'sampling', purpose: 'Ask a model', mcp: 'sampling/createMessage' },
      { ...beside, name: 'roots-list', purpose: 'Ask for roots', mcp: 'roots/list' },
    ],
    change: { declared: { mask: [{ id: undefined, path: '$.pin', redact: 'PIN' }] } },
  })
  return { house, told }
}

type Seen = Yard & {
  readonly client: AnyClient
  readonly upstream: string
  readonly records: () => Leaf[]
}
type Row = readonly [name: string, run: (seen: Seen) => Promise<void>]

/** What came to the client holds no word of what is hidden, and this where it was. */
function assertHidden(said: unknown, expected: RegExp = /REDACTED:CREDIT_CARD/): void {
  const text = JSON.stringify(said)
  assert.ok(!text.includes(card), text)
  assert.match(text, expected)
}

const hiddenIn =
  (tool: string, expected?: RegExp): Row[1] =>
  async ({ client }) =>
    assertHidden(await client.call(tool), expected)

/** The functions that were let through. */
function namesOf(leaves: readonly Leaf[]): readonly string[] {
  return leaves.filter(({ type }) => type === 'call.authorized').map(({ fn }) => fn.name)
}

const rows: readonly Row[] = [
  [
    'lists what may be called',
    async ({ client }) => assert.deepEqual(await client.names('tools'), tools),
  ],
  [
    'lists tools in the words of their server',
    async ({ client }) => {
      const echo = (await client.tools()).find(({ name }) => name === 'echo')
      assert.equal(echo.description, 'Says it again')
      assert.deepEqual(echo.inputSchema.required, ['text'])
    },
  ],
  [
    'lists prompts, resources and templates',
    async ({ client }) => {
      assert.deepEqual(await client.names('prompts'), ['paint'])
      const uris = ['gallery://blob', 'gallery://index', 'gallery://note/1']
      assert.deepEqual(await client.names('resources'), uris)
      assert.deepEqual(await client.names('templates'), ['gallery://note/{id}'])
    },
  ],
  [
    'answers a ping',
    async ({ client }) => {
      if (client.kind !== 'modern') assert.deepEqual(await client.ping(), {})
    },
  ],
  [
    'calls, on the record',
    async ({ client, upstream, records }) => {
      const said = await client.call('echo', { text: 'hello ☃' })
      assert.deepEqual(said.content, [{ type: 'text', text: 'hello ☃' }])
      const [intent, outcome] = records().filter(({ type }) => /^call\./.test(type))
      assert.deepEqual([intent?.type, intent?.fn.name], ['call.authorized', `${upstream}.echo`])
      assert.deepEqual([outcome?.type, outcome?.intent], ['call.outcome', intent?.index])
      assert.match(said._meta['io.sallyport/record'], new RegExp(`#${outcome?.index}$`))
    },
  ],
  [
    'refuses as a result what nobody may call',
    async ({ client, records }) => {
      const said = await client.call('locked')
      assert.equal(said.isError, true)
      assert.equal(said.structuredContent.refusal, 'policy-denied')
      assert.match(said.content[0].text, /Nobody calls this/)
      assert.deepEqual(
        records().map(({ type }) => type),
        ['call.denied'],
      )
    },
  ],
  [
    'refuses a tool that is not registered',
    async ({ client, records }) => {
      const said = await client.call('no-such-tool').catch((thrown: Error) => thrown)
      assert.match(JSON.stringify(said) + String(said), /function-unknown|No registered function/)
      assert.deepEqual(
        records().map(({ type }) => type),
        ['call.denied'],
      )
    },
  ],
  [
    'refuses arguments that do not fit',
    async ({ client }) => {
      const said = await client.call('echo', { text: 1, more: true })
      assert.equal(said.isError, true)
      assert.equal(said.structuredContent.refusal, 'arguments-invalid')
    },
  ],
  [
    'hides in arguments',
    async ({ client }) => {
      const said = await client.call('echo', { text: `charge ${card}` })
      assertHidden(said)
    },
  ],
  ['hides in text', hiddenIn('prose', /paid with \[REDACTED:CREDIT_CARD\]\./)],
  [
    'hides in JSON that is text, as JSON',
    async ({ client }) => {
      const said = await client.call('json')
      assertHidden(said)
      const read = JSON.parse(said.content[0].text)
      assert.equal(read.n, 1.5)
      assert.deepEqual(Object.keys(JSON.parse(read.inside)), ['card'])
    },
  ],
  [
    'hides in structured content, and in the text beside it',
    async ({ client }) => {
      const said = await client.call('structured')
      assertHidden(said)
      assert.equal(said.structuredContent.n, 1)
      assert.equal(JSON.parse(said.content[0].text).n, 1)
    },
  ],
  ['hides in the metadata of an image', hiddenIn('image')],
  [
    'lets an image and a sound through',
    async ({ client }) => {
      const image = await client.call('image')
      assert.equal(image.content[0].data.slice(0, 8), 'iVBORw0K')
      const sound = await client.call('sound')
      assert.equal(sound.content[0].data, 'UklGRg==')
    },
  ],
  ['hides in a resource link', hiddenIn('link')],
  ['hides in an embedded resource', hiddenIn('embedded')],
  ['hides in metadata', hiddenIn('meta')],
  ['hides in what failed', hiddenIn('failed')],
  ['hides in what was thrown', hiddenIn('thrown')],
  [
    'hides what a function declares, wherever it stands',
    async ({ client }) => {
      const said = await client.call('declared')
      assert.ok(!JSON.stringify(said).includes(pin))
      assert.deepEqual(said.structuredContent, { pin: '[REDACTED:PIN]', open: 'seen' })
      assert.equal(JSON.parse(said.content[0].text).pin, '[REDACTED:PIN]')
    },
  ],
  [
    'passes progress and log messages, hidden too',
    async ({ client }) => {
      await client.setLevel('info')
      const steps: unknown[] = []
      const said = await client.call('steps', {}, { onprogress: (step) => steps.push(step) })
      assert.equal(said.content[0].text, 'done')
      await until(() => steps.length >= 2, 'progress')
      assertHidden(steps)
      await until(() => client.logged.length > 0, 'a log message')
      assertHidden(client.logged)
      assert.ok(!JSON.stringify(client.logged).includes('debug'))
    },
  ],
  [
    'reads a resource',
    async ({ client, records, upstream }) => {
      const said = await client.read('gallery://index')
      assertHidden(said)
      assert.equal(said.contents[0].uri, 'gallery://index')
      const intent = records().find(({ type }) => type === 'call.authorized')
      assert.match(intent?.fn.name, new RegExp(`^${upstream}\\.resource\\.`))
    },
  ],
  [
    'reads one of many',
    async ({ client }) => {
      const said = await client.read('gallery://note/12')
      assertHidden(said)
      assert.equal(JSON.parse(said.contents[0].text).id, '12')
      await assert.rejects(client.read('gallery://other'), /No registered function|not found/i)
    },
  ],
  [
    'reads a blob',
    async ({ client }) => {
      const said = await client.read('gallery://blob')
      assert.equal(said.contents[0].blob.slice(0, 8), 'iVBORw0K')
    },
  ],
  [
    'gets a prompt',
    async ({ client }) => {
      const said = await client.prompt('paint', { colour: 'red' })
      assertHidden(said)
      assert.match(said.messages[0].content.text, /^red, /)
    },
  ],
  [
    'completes',
    async ({ client }) => {
      const prompt = {
        ref: { type: 'ref/prompt', name: 'paint' },
        argument: { name: 'colour', value: 'gr' },
      }
      assert.deepEqual((await client.complete(prompt)).completion.values, ['green', 'grey'])
      const ref = { type: 'ref/resource', uri: 'gallery://note/{id}' }
      const many = await client.complete({ ref, argument: { name: 'id', value: '1' } })
      assert.deepEqual(many.completion.values, ['1', '12'])
    },
  ],
  [
    'asks a person, hidden and on the record',
    async ({ client, records, upstream }) => {
      client.asked.length = 0
      const said = await client.call('ask')
      assert.match(
        said.content[0].text,
        /^answer {"n":7,"note":"paid with \[REDACTED:CREDIT_CARD\]"}$/,
      )
      assert.equal(client.asked.length, 1)
      assertHidden(client.asked)
      const functions = namesOf(records())
      assert.ok(functions.includes(`${upstream}.elicitation`), functions.join())
    },
  ],
  [
    'asks a model, hidden and on the record',
    async ({ client, records, upstream }) => {
      client.asked.length = 0
      const said = await client.call('sample')
      assert.match(said.content[0].text, /^sampled .*a poem/, JSON.stringify(said))
      assertHidden(client.asked)
      const functions = namesOf(records())
      assert.ok(functions.includes(`${upstream}.sampling`), functions.join())
    },
  ],
  [
    'asks for roots',
    async ({ client }) => {
      const said = await client.call('roots')
      assert.ok(
        said.content[0].text.includes(answers.roots.roots[0]?.uri ?? '?'),
        JSON.stringify(said),
      )
    },
  ],
  [
    'what callers answered is hidden from servers',
    async ({ told, upstream }) => {
      if (upstream !== 'new' && upstream !== 'old') return
      assert.equal(told.heard.length, 3)
      for (const one of told.heard.splice(0)) assertHidden(one)
    },
  ],
  [
    'answers at length',
    async ({ client }) => {
      const said = await client.call('big', { chars: 1_000_000 })
      assert.equal(said.content[0].text.length, 1_000_000)
    },
  ],
  [
    'a caller that leaves ends the call behind',
    async ({ client, told, upstream, records }) => {
      const isHere = upstream === 'new' || upstream === 'old'
      const before = told.started.length
      const leaving = new AbortController()
      const waiting = client.call('wait', {}, { signal: leaving.signal })
      const began = () =>
        isHere ? told.started.length > before : namesOf(records()).includes(`${upstream}.wait`)
      await until(began, 'the tool began')
      leaving.abort()
      await assert.rejects(waiting)
      await until(() => told.cancelled.length === told.started.length, 'the tool was told')
      const ended = () => records().find(({ type }) => type === 'call.outcome')
      await until(() => ended() !== undefined, 'the ending was recorded')
      assert.equal(ended()?.ending, 'aborted')
    },
  ],
]

test('official clients and servers of both eras', { timeout: 600_000 }, async (t) => {
  const yard = await openGallery(t)
  const { house } = yard
  if (!isLong) t.diagnostic(`the newest client in its older mode: ${onDemand}`)
  for (const upstream of ['new', 'old', 'pipe', 'line']) {
    // Over pipes an older client is an older client.
    const isPiped = upstream === 'pipe' || upstream === 'line'
    for (const kind of clientKinds.filter((one) => one !== 'legacy' || (isLong && !isPiped))) {
      await t.test(`${kind} client, ${upstream}`, async (t) => {
        const client = await openClient(kind, `${house.url()}/mcp/${upstream}`, house.token)
        for (const [name, run] of rows) {
          await t.test(name, () => {
            const from = house.records().length
            const calls = () =>
              house.records(from).filter(({ type }) => String(type).startsWith('call.'))
            return run({ ...yard, client, upstream, records: calls })
          })
        }
        await client.close()
      })
    }
  }
  assertSoundLog(house, [card])
  await t.test('an auditor finds nothing in what was said, results compared', async (t) => {
    const records = house.records()
    const declared = records.findLast(({ fn }) => fn?.name === 'line.declared')
    await integrated(house, records.length - 1)
    const asked = { scope: 'session', session: declared?.session, payloads: true } as const
    const { folder } = await takeAway(t, house, asked)
    const verdict = await verified(house, folder, 'session')
    assert.deepEqual(toldOf(verdict), [])
    const masks = verdict.checks.find(({ check }) => check === 'masks')
    assert.deepEqual([masks?.state, masks?.because], ['passed', undefined])
  })
})
