import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { assertSoundLog, type House, until } from './house.ts'
import { type AnyClient, type ClientKind, clientKinds, openClient } from './mcp-clients.ts'
import { type McpPlace, openMcpYard } from './mcp-yard.ts'

const beside = { owner: 'team', sensitivity: 'internal', risk: 'low', unknownArguments: 'allow' }
const policies = `@id("callers-speak")
@owner("team")
@reason("Callers speak MCP")
@review("90d")
permit (principal in Group::"callers", action in [Action::"everything", Action::"files"], resource);
`

function child(url: string): NonNullable<McpPlace['stdio']> {
  return { command: process.execPath, args: [fileURLToPath(url)] }
}
const everythingUrl = import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js')
const filesUrl = import.meta.resolve('@modelcontextprotocol/server-filesystem/dist/index.js')

async function openReferences(t: TestContext): Promise<{ house: House; folder: string }> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sallyport-files-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const files = child(filesUrl)
  const house = await openMcpYard(t, {
    places: {
      everything: { stdio: child(everythingUrl) },
      files: { stdio: { ...files, args: [...files.args, folder] } },
    },
    files: { 'policies/mcp.cedar': policies },
    functions: [
      { ...beside, name: 'elicitation', purpose: 'Ask a person', mcp: 'elicitation/create' },
      { ...beside, name: 'sampling', purpose: 'Ask a model', mcp: 'sampling/createMessage' },
      { ...beside, name: 'roots-list', purpose: 'Ask for roots', mcp: 'roots/list' },
    ],
  })
  return { house, folder }
}

// biome-ignore lint/suspicious/noExplicitAny: what came back is looked at member by member.
type Said = any
type Row = readonly [feature: string, run: (client: AnyClient) => Promise<void>]

const textOf = ({ content }: Said): string => content.map(({ text }: Said) => text ?? '').join('\n')
/** A tool that says this, or something like it. */
const says =
  (tool: string, args: object, expected: RegExp): Row[1] =>
  async (client) => {
    const said = await client.call(tool, args)
    assert.match(textOf(said), expected)
    assert.ok(!said.isError, textOf(said))
  }

const everything: readonly Row[] = [
  [
    'tools/list',
    async (client) => {
      const names = await client.names('tools')
      for (const name of ['echo', 'get-roots-list', 'trigger-sampling-request']) {
        assert.ok(names.includes(name), names.join())
      }
    },
  ],
  ['echo', says('echo', { message: 'hello' }, /^Echo: hello$/)],
  ['get-sum', says('get-sum', { a: 2, b: 3 }, /5/)],
  [
    'get-env: nothing of the gateway’s',
    async (client) => {
      const env = JSON.parse(textOf(await client.call('get-env')))
      assert.deepEqual(
        Object.keys(env).filter((name) => !/^(?:PATH|HOME|LANG)$/.test(name)),
        [],
      )
    },
  ],
  [
    'get-annotated-message',
    async (client) => {
      const said = await client.call('get-annotated-message', {
        messageType: 'error',
        includeImage: true,
      })
      assert.deepEqual(said.content[0].annotations, {
        priority: 1,
        audience: ['user', 'assistant'],
      })
      assert.equal(said.content[1].type, 'image')
    },
  ],
  [
    'get-tiny-image',
    async (client) => {
      const { content } = await client.call('get-tiny-image')
      const image = content.find(({ type }: Said) => type === 'image')
      assert.equal(Buffer.from(image.data, 'base64').subarray(1, 4).toString(), 'PNG')
    },
  ],
  [
    'get-structured-content',
    async (client) => {
      const said = await client.call('get-structured-content', { location: 'Chicago' })
      assert.equal(typeof said.structuredContent.temperature, 'number')
      assert.deepEqual(JSON.parse(textOf(said)), said.structuredContent)
    },
  ],
  [
    'get-resource-links',
    async (client) => {
      const { content } = await client.call('get-resource-links', { count: 2 })
      assert.equal(content[1].type, 'resource_link')
      assert.match((await client.read(content[2].uri)).contents[0].text, /Resource 2/)
    },
  ],
  [
    'get-resource-reference',
    async (client) => {
      const said = await client.call('get-resource-reference', {
        resourceType: 'Text',
        resourceId: 3,
      })
      assert.match(said.content[1].resource.text, /Resource 3/)
    },
  ],
  [
    'gzip-file-as-resource',
    async (client) => {
      const data = `data:text/plain;base64,${Buffer.from('hello').toString('base64')}`
      const said = await client.call('gzip-file-as-resource', {
        name: 'a.gz',
        data,
        outputType: 'resource',
      })
      assert.ok(said.content[0].resource.blob.length > 10, JSON.stringify(said))
    },
  ],
  [
    'trigger-long-running-operation, with progress',
    async (client) => {
      const steps: { readonly progress: number; readonly total?: number | undefined }[] = []
      const args = { duration: 0.3, steps: 3 }
      const said = await client.call('trigger-long-running-operation', args, {
        onprogress: (step) => steps.push(step),
      })
      assert.match(textOf(said), /completed/)
      // The SDK tells no more of it once it was asked for roots meanwhile, nor what it reads together with the result.
      const told = steps.flatMap(({ progress, total }) => (total === 3 ? [progress] : []))
      assert.ok(told.length > 0)
      assert.deepEqual(told, [1, 2, 3].slice(0, told.length))
    },
  ],
  ['get-roots-list', says('get-roots-list', {}, /file:\/\/\/home\/ana/)],
  [
    'trigger-elicitation-request',
    async (client) => {
      client.asked.length = 0
      await client.call('trigger-elicitation-request')
      assert.equal(client.asked[0]?.method, 'elicitation')
    },
  ],
  [
    'trigger-sampling-request',
    says('trigger-sampling-request', { prompt: 'rhyme', maxTokens: 5 }, /a poem/),
  ],
  [
    'simulate-research-query needs a task, and says so',
    async (client) => {
      const said = await client.call('simulate-research-query', { topic: 'x' }).catch(String)
      assert.match(JSON.stringify(said), /task/i)
    },
  ],
  ['toggle-simulated-logging', says('toggle-simulated-logging', {}, /logging/i)],
  [
    'resources/subscribe, toggle-subscriber-updates, resources/unsubscribe',
    async (client) => {
      const uri = 'demo://resource/dynamic/text/1'
      await client.subscribe(uri)
      const toggle = async () => textOf(await client.call('toggle-subscriber-updates'))
      // It says so at once when it starts, and goes on every few seconds.
      if (/^Stopped/.test(await toggle())) assert.match(await toggle(), /^Started/)
      await until(() => client.heard.includes(uri), 'it was heard')
      await client.unsubscribe(uri)
    },
  ],
  ['prompts/list', async (client) => assert.equal((await client.names('prompts')).length, 4)],
  [
    'simple-prompt',
    async (client) => {
      assert.equal((await client.prompt('simple-prompt', {})).messages.length, 1)
    },
  ],
  [
    'args-prompt',
    async (client) => {
      const said = await client.prompt('args-prompt', { city: 'Paris', state: 'Texas' })
      assert.match(said.messages[0].content.text, /Paris, Texas/)
    },
  ],
  [
    'resource-prompt',
    async (client) => {
      const said = await client.prompt('resource-prompt', { resourceType: 'Text', resourceId: '1' })
      assert.equal(said.messages[1].content.type, 'resource')
    },
  ],
  [
    'completable-prompt and completion',
    async (client) => {
      const ref = { type: 'ref/prompt', name: 'completable-prompt' }
      const said = await client.complete({ ref, argument: { name: 'department', value: 'E' } })
      assert.deepEqual(said.completion.values, ['Engineering'])
    },
  ],
  [
    'resources/list',
    async (client) => {
      assert.ok((await client.names('resources')).some((uri) => uri.endsWith('/features.md')))
    },
  ],
  [
    'resources/templates/list',
    async (client) => {
      assert.equal((await client.names('templates')).length, 2)
    },
  ],
  [
    'resources/read, static',
    async (client) => {
      const said = await client.read('demo://resource/static/document/features.md')
      assert.match(said.contents[0].text, /^#/)
    },
  ],
  [
    'resources/read, text and blob of a template',
    async (client) => {
      assert.match(
        (await client.read('demo://resource/dynamic/text/7')).contents[0].text,
        /Resource 7/,
      )
      assert.ok((await client.read('demo://resource/dynamic/blob/7')).contents[0].blob.length > 0)
    },
  ],
  [
    'completion for a template',
    async (client) => {
      const ref = { type: 'ref/resource', uri: 'demo://resource/dynamic/text/{resourceId}' }
      const said = await client.complete({ ref, argument: { name: 'resourceId', value: '4' } })
      assert.deepEqual(said.completion.values, ['4'])
    },
  ],
]

const filesystem = (folder: string): readonly Row[] => {
  const at = (name: string) => join(folder, name)
  return [
    ['tools/list', async (client) => assert.equal((await client.names('tools')).length, 14)],
    ['list_allowed_directories', says('list_allowed_directories', {}, new RegExp(folder))],
    ['create_directory', says('create_directory', { path: at('sub') }, /created/i)],
    ['write_file', says('write_file', { path: at('a.txt'), content: 'one\ntwo\n' }, /wrote/i)],
    ['read_text_file', says('read_text_file', { path: at('a.txt') }, /^one\ntwo\n$/)],
    ['read_text_file, its head', says('read_text_file', { path: at('a.txt'), head: 1 }, /^one$/)],
    ['read_file', says('read_file', { path: at('a.txt') }, /two/)],
    [
      'edit_file',
      says(
        'edit_file',
        { path: at('a.txt'), edits: [{ oldText: 'two', newText: 'three' }] },
        /\+three/,
      ),
    ],
    [
      'read_multiple_files',
      says('read_multiple_files', { paths: [at('a.txt'), at('none.txt')] }, /three[\s\S]*Error/),
    ],
    [
      'read_media_file',
      async (client) => {
        await client.call('write_file', { path: at('b.png'), content: 'x' })
        const said = await client.call('read_media_file', { path: at('b.png') })
        assert.equal(said.content[0].type, 'image')
      },
    ],
    ['list_directory', says('list_directory', { path: folder }, /\[DIR\] sub/)],
    ['list_directory_with_sizes', says('list_directory_with_sizes', { path: folder }, /Total/)],
    ['directory_tree', says('directory_tree', { path: folder }, /"directory"/)],
    ['search_files', says('search_files', { path: folder, pattern: '**/a.*' }, /a\.txt/)],
    ['get_file_info', says('get_file_info', { path: at('a.txt') }, /size/)],
    [
      'move_file',
      async (client) => {
        const destination = at(`moved-${client.kind}.txt`)
        await says('move_file', { source: at('a.txt'), destination }, /moved/i)(client)
      },
    ],
    [
      'what lies outside',
      async (client) => {
        const said = await client.call('read_text_file', { path: '/etc/hostname' })
        assert.equal(said.isError, true)
        assert.match(textOf(said), /denied/i)
      },
    ],
  ]
}

test('the reference servers work through the gateway', { timeout: 600_000 }, async (t) => {
  const { house, folder } = await openReferences(t)
  const suites: readonly (readonly [string, readonly Row[]])[] = [
    ['everything', everything],
    ['files', filesystem(folder)],
  ]
  for (const [upstream, rows] of suites) {
    const works = new Map<string, ClientKind[]>()
    for (const kind of clientKinds) {
      await t.test(`${upstream}, ${kind} client`, async (t) => {
        const client = await openClient(kind, `${house.url()}/mcp/${upstream}`, house.token)
        for (const [feature, run] of rows) {
          await t.test(feature, async () => {
            await run(client)
            works.set(feature, [...(works.get(feature) ?? []), kind])
          })
        }
        await client.close()
      })
    }
    for (const [feature] of rows) {
      t.diagnostic(`| ${upstream} | ${feature} | ${works.get(feature)?.join(', ') ?? 'no'} |`)
    }
  }
  assertSoundLog(house)
})
