import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { gateOf, recordedOf } from '../../test/call-stages.ts'
import { detectRuleOf, mcpFunctionOf, principalOf, rulebookOf } from '../../test/rulebook-parts.ts'
import { rulebook, writeRulebook } from '../../test/rules.ts'
import type { InForce } from '../call/in-force.ts'
import { maskResult } from '../call/mask-result.ts'
import { Refusal } from '../call/refusal.ts'
import { limits } from '../config/limits.ts'
import { type Finding, MaskError, type MaskerAside, type Recognise } from '../mask/plan.ts'
import { makeInForce } from './in-force.ts'
import { loadRulebook } from './load.ts'
import { type MaskThread, openMaskThread } from './mask-thread.ts'

const asking = `  - id: names
    entities: [PERSON]
    paths: ['$..note']
    confidence: 60
    recognise: { language: en }
`
const masking = (more = '') => `detect:
  - id: mail
    entities: [EMAIL_ADDRESS]
    do: pseudonym
    reveal:
      - { groups: [leads], do: keep }
${more}  - id: rest
    entities: ['*']
custom:
  - { id: employee, entity: EMPLOYEE_ID, pattern: '\\bE-(\\d{6})\\b' }
`
const nobody = 'http://127.0.0.1:1'
const credential = 'a-credential-nobody-may-see'

/** The same rules without the other thread, and with it. */
async function load(
  t: TestContext,
  text: string,
  module?: URL,
): Promise<{ here: InForce; beside: InForce }> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-beside-'))
  const thread = openMaskThread(module && { module })
  t.after(async () => {
    await thread.close()
    rmSync(folder, { recursive: true, force: true })
  })
  writeRulebook(folder, { ...rulebook({ up: nobody, dead: nobody }), 'masking.yaml': text })
  const inForce = async (more: Parameters<typeof loadRulebook>[1]) => {
    const loaded = await loadRulebook(folder, more)
    assert.ok(!('problems' in loaded), JSON.stringify(loaded))
    return loaded.inForce
  }
  return { here: await inForce({}), beside: await inForce({ thread }) }
}

type Result = {
  readonly mediaType: string
  readonly body: Uint8Array
  /** How long each chunk is, again and again. */
  readonly cuts: readonly number[]
  readonly groups?: readonly string[]
  readonly fn?: string
  readonly recognise?: Recognise
}

async function masked(rules: InForce, result: Result) {
  const { mediaType, body, cuts, groups = [], fn: id = 'up.read', recognise } = result
  const source = async function* () {
    for (let at = 0, n = 0; at < body.length; n += 1) {
      const size = cuts[n % cuts.length] ?? body.length
      yield body.subarray(at, at + size)
      at += size
    }
  }
  const fn = rules.rulebook.functions.find((one) => one.id === id) ?? assert.fail()
  const subject = { ...principalOf().subject, groups }
  const done = maskResult(
    gateOf({ micros: () => 0, turn: async () => undefined, ...(recognise && { recognise }) }),
    recordedOf({ rules, fn, principal: { ...principalOf(), subject } }),
    { kind: 'header', name: 'x', value: credential, echoes: [Buffer.from(credential)] },
    {
      ...{ state: 'raw', fragment: false, head: { status: 200, headers: [], mediaType } },
      body: source(),
    },
  )
  const out: Uint8Array[] = []
  for await (const chunk of done.body) out.push(Uint8Array.from(chunk))
  return { text: Buffer.concat(out).toString(), findings: done.findings(), looked: done.looked() }
}

const values = ['jo@example.org', '536-22-8716', '4539578763621486', 'E-123456', credential]
const valueAt = (n: number) => `${values[n % values.length]}`.replace('jo@', () => `jo${n}@`)
const filler = 'the parcel is with them until the order is shipped again '

/** Parts without end, of which a body is made, and how they become one. */
type Form = {
  readonly mediaType: string
  readonly part: (n: number) => string
  readonly whole?: (parts: string) => string
}
const delta = (n: number) => {
  const text = `${filler}${valueAt(n >> 2)} `
  const quarter = Math.ceil(text.length / 4)
  const content = text.slice((n % 4) * quarter, ((n % 4) + 1) * quarter)
  return JSON.stringify({ choices: [{ index: 0, delta: { content } }] })
}
const forms: Readonly<Record<string, Form>> = {
  JSON: {
    mediaType: 'application/json',
    part: (n) => `{"n":${n}.50,"note":${JSON.stringify(`${filler}${valueAt(n)}`)}},`,
    whole: (parts) => `[${parts}0]`,
  },
  'one long string of JSON': {
    mediaType: 'application/json',
    part: (n) => `${filler}${valueAt(n)} `,
    whole: (parts) => `{"note":"${parts}"}`,
  },
  'lines of JSON': {
    mediaType: 'application/x-ndjson',
    part: (n) => `{"n":${n},"note":"${valueAt(n)} ${filler}"}\n`,
  },
  'lines of JSON that are one text': {
    mediaType: 'application/jsonl',
    part: (n) => `${delta(n)}\n`,
  },
  events: { mediaType: 'text/event-stream', part: (n) => `data: {"note":"${valueAt(n)}"}\n\n` },
  'events that are one text': {
    mediaType: 'text/event-stream',
    part: (n) => `event: e\ndata: ${delta(n)}\n\n`,
  },
  cells: { mediaType: 'text/csv', part: (n) => `${n},${valueAt(n)},"${filler}"\r\n` },
  text: { mediaType: 'text/plain', part: (n) => `${filler}${valueAt(n)}${n % 9 ? ' ' : '\n'}` },
  'a form': {
    mediaType: 'application/x-www-form-urlencoded',
    part: (n) => `a${n}=${encodeURIComponent(`${filler}${valueAt(n)}`)}&`,
  },
  markup: { mediaType: 'text/html', part: (n) => `<p title="${valueAt(n)}">${filler}</p>\n` },
  'parts of several kinds': {
    mediaType: 'multipart/mixed; boundary=b0',
    part: (n) =>
      `--b0\r\nContent-Type: ${n % 2 ? 'text/plain' : 'application/json'}\r\n\r\n"${valueAt(n)} ${filler}"\r\n`,
    whole: (parts) => `${parts}--b0--\r\n`,
  },
}

function bodyOf({ part, whole = (parts) => parts }: Form, bytes: number): Uint8Array {
  let parts = ''
  for (let n = 0; parts.length < bytes; n += 1) parts += part(n)
  return Buffer.from(whole(parts))
}

/** The rules are patterns of the rulebook as well. */
const bound = limits.searchedHereBytes
const sizes = fc.oneof(
  fc.integer({ min: bound - 300, max: bound + 300 }),
  fc.integer({ min: 1, max: 3 * limits.maskedHereBytes }),
)
const cutsOf = fc.oneof(
  fc.constant([Number.POSITIVE_INFINITY]),
  fc.array(fc.integer({ min: 500, max: 70_000 }), { minLength: 1, maxLength: 5 }),
  fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 2, maxLength: 5 }),
)

test('what comes out, and what is found, is what it would be here', async (t) => {
  const { here, beside } = await load(t, masking())
  for (const [name, form] of Object.entries(forms)) {
    await t.test(name, async () => {
      const one = async (bytes: number, cuts: readonly number[], groups: readonly string[]) => {
        const result = { mediaType: form.mediaType, body: bodyOf(form, bytes), cuts, groups }
        const [expected, got] = [await masked(here, result), await masked(beside, result)]
        assert.equal(got.text, expected.text)
        assert.deepEqual(got.findings, expected.findings)
        assert.equal(got.looked?.digest, expected.looked?.digest)
        for (const value of values.slice(1)) assert.ok(!got.text.includes(value), value)
        if (bytes > 1_000) assert.equal(got.text.includes('psn_'), !groups.includes('leads'))
        // Only the other thread has a clock that goes on.
        assert.equal((got.looked?.micros ?? 0) > 0, result.body.length > bound)
      }
      const groups = fc.constantFrom<readonly string[]>([], ['leads'])
      await fc.assert(fc.asyncProperty(sizes, cutsOf, groups, one), {
        numRuns: process.env.SALLYPORT_LONG ? 200 : 5,
        examples: [[bound, [bound], []]],
      })
    })
  }
})

test('declared rules and lists of fields go there as well', async (t) => {
  const { here, beside } = await load(t, masking())
  const rows = Array.from({ length: 2_000 }, (_, n) => ({ ssn: `canary-${n}`, note: valueAt(n) }))
  const body = Buffer.from(JSON.stringify({ rows }))
  const result = { mediaType: 'application/json', body, cuts: [10_000], fn: 'up.person' }
  const [expected, got] = [await masked(here, result), await masked(beside, result)]
  assert.deepEqual([got.text, got.findings], [expected.text, expected.findings])
  assert.ok(got.text.includes('[REDACTED:SSN]') && !got.text.includes('canary'))
  assert.ok((got.looked?.micros ?? 0) > 0)
})

test('frames of MCP go there as well', async (t) => {
  const thread = openMaskThread()
  t.after(() => thread.close())
  const ssn = { id: 'ssn', path: '$..ssn', strategy: { kind: 'redact', label: 'SSN' } } as const
  const fn = mcpFunctionOf({ resultMasks: [ssn], detect: [detectRuleOf({ entities: ['*'] })] })
  const rules = (beside?: MaskThread) =>
    makeInForce({
      rulebook: rulebookOf({
        functions: [fn],
        detection: { custom: [], allow: [], onError: 'block' },
      }),
      decide: () => assert.fail('policy was asked'),
      ...{ grants: [], checks: new Map(), thread: beside },
    })
  const rows = Array.from({ length: 1_500 }, (_, n) => ({ ssn: `canary-${n}`, note: valueAt(n) }))
  const told = {
    content: [{ type: 'text', text: JSON.stringify(rows) }],
    structuredContent: { rows },
  }
  const body = Buffer.from(JSON.stringify({ result: told }))
  const result = { mediaType: 'application/json', body, cuts: [10_000], fn: fn.id }
  const [expected, got] = [await masked(rules(), result), await masked(rules(thread), result)]
  assert.deepEqual([got.text, got.findings], [expected.text, expected.findings])
  assert.ok(got.text.includes('[REDACTED:SSN]') && !got.text.includes('canary'))
  assert.ok((got.looked?.micros ?? 0) > 0)
})

test('the recogniser is asked from this thread about what the other one read', async (t) => {
  const { here, beside } = await load(t, masking(asking))
  const note = `${filler}of Ada Lovelace and ${valueAt(2)}`
  const body = Buffer.from(JSON.stringify(Array.from({ length: 2_000 }, (_, n) => ({ n, note }))))
  const asked: (readonly string[])[] = []
  const recognise: Recognise = async ({ texts }) => {
    asked.push(texts)
    return texts.map((text) => {
      const start = text.indexOf('Ada Lovelace')
      return start < 0 ? [] : [{ entity: 'PERSON', start, end: start + 12, confidence: 90 }]
    })
  }
  const result = { mediaType: 'application/json', body, cuts: [10_000], recognise }
  const [expected, got] = [await masked(here, result), await masked(beside, result)]
  assert.deepEqual([got.text, got.findings], [expected.text, expected.findings])
  assert.ok(got.text.includes('of [REDACTED:PERSON] and') && !got.text.includes('Ada'))
  assert.deepEqual(asked, [[note], [note]])
  assert.ok((got.looked?.micros ?? 0) > 0)
  const fails = async () => {
    throw new Error('canary')
  }
  await assert.rejects(masked(beside, { ...result, recognise: fails }), (thrown) => {
    return thrown instanceof Refusal && thrown.code === 'result-withheld'
  })
  assert.deepEqual((await masked(beside, result)).text, expected.text)
})

/** A masker of its own beside this thread, of a text. */
function openAside(beside: InForce): MaskerAside | undefined {
  const fn = beside.rulebook.functions.find(({ id }) => id === 'up.read') ?? assert.fail()
  const { masker } = beside.resultMasking(fn, { fields: [], parties: [] })
  const options = { mediaType: 'application/json', fragment: false, echoes: [] }
  return masker({ ...options, key: Buffer.alloc(32) })?.aside?.open()
}
const pieces = (text: string) => [Buffer.from(text)]
const countOf = (findings: readonly Finding[]) =>
  findings.reduce((sum, { count }) => sum + count, 0)

test('as many are there as may be, and whoever is done makes place', async (t) => {
  const { beside } = await load(t, masking())
  const open = Array.from({ length: limits.resultsAside }, () => openAside(beside))
  assert.ok(open.every((one) => one !== undefined))
  assert.equal(openAside(beside), undefined)
  const [first, second, third] = open
  first?.drop()
  first?.drop()
  assert.ok(openAside(beside))
  assert.equal(openAside(beside), undefined)
  assert.equal(Buffer.from((await second?.push(pieces('1'))) ?? []).toString(), '')
  assert.equal(Buffer.from((await second?.end()) ?? []).toString(), '1')
  second?.drop()
  assert.ok(openAside(beside))
  assert.equal(openAside(beside), undefined)
  await assert.rejects(third?.push(pieces('no JSON')) ?? assert.fail(), MaskError)
  assert.ok(openAside(beside))
  assert.equal(openAside(beside), undefined)
})

test('each step says what was found so far, and what is wrong with one ends that one', async (t) => {
  const { beside } = await load(t, masking())
  const [one, other] = [openAside(beside) ?? assert.fail(), openAside(beside) ?? assert.fail()]
  await one.push(pieces('["jo@example.org", '))
  await other.push(pieces('["536-22-8716", '))
  assert.deepEqual([countOf(one.findings()), countOf(other.findings())], [1, 1])
  await one.push(pieces('"jo@example.org", '))
  assert.equal(countOf(one.findings()), 2)
  await assert.rejects(one.push(pieces('canary')), (thrown) => {
    return thrown instanceof MaskError && !thrown.message.includes('canary')
  })
  assert.equal(countOf(one.findings()), 2)
  await assert.rejects(one.push(pieces('1')), /is over/)
  assert.equal(Buffer.from(await other.push(pieces('1]'))).toString(), '1]')
})

test('what another version of us would look by is not what looks', async (t) => {
  const { here } = await load(t, masking())
  const thread = openMaskThread()
  t.after(() => thread.close())
  const { digest, detection, functions } = here.rulebook
  const fn = functions.find(({ id }) => id === 'up.read') ?? assert.fail()
  const options = { mediaType: 'application/json', fragment: false, echoes: [] }
  const one = thread.masker({
    rules: { digest, detection, fn },
    given: { fields: [], parties: [] },
    options: { ...options, key: Buffer.alloc(32) },
    plan: 'sha256:another',
  })
  await assert.rejects(one?.push(pieces('1')) ?? assert.fail(), /another version/)
})

test('a thread that is ended ends what is under way there, and no more', async (t) => {
  const workers: Worker[] = []
  const onWorker = (worker: Worker) => workers.push(worker)
  process.on('worker', onWorker)
  t.after(() => process.off('worker', onWorker))
  const { beside } = await load(t, masking())
  const open = openAside(beside) ?? assert.fail()
  await open.push(pieces('["jo@example.org", '))
  await workers[0]?.terminate()
  await assert.rejects(open.push(pieces('1]')), /has ended/)
  assert.equal(countOf(open.findings()), 1, 'what is known was forgotten')
  const next = openAside(beside) ?? assert.fail()
  const said = Buffer.from(await next.push(pieces('["536-22-8716"]'))).toString()
  assert.equal(said, '["[REDACTED:US_SSN]"]')
  assert.equal(workers.length, 2)
})

test('a step that is under way when the thread ends is not answered', async (t) => {
  const leaves = `import { parentPort } from 'node:worker_threads'
    parentPort.on('message', ({ kind }) => kind === 'push' && process.exit(0))`
  const { beside } = await load(
    t,
    masking(),
    new URL(`data:text/javascript,${encodeURIComponent(leaves)}`),
  )
  for (const _ of [1, 2]) {
    const open = openAside(beside) ?? assert.fail()
    await assert.rejects(open.push(pieces('["jo@example.org"]')), /has ended/)
    await assert.rejects(open.end(), /has ended/)
  }
})
