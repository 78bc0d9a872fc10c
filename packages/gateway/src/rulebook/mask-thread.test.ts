import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { rulebook, writeRulebook } from '../../test/rules.ts'
import { Refusal } from '../call/refusal.ts'
import { limits } from '../config/limits.ts'
import { type ArgumentMasking, type ArgumentsAside, MaskError } from '../mask/plan.ts'
import { loadRulebook } from './load.ts'
import { type MaskThread, openMaskThread } from './mask-thread.ts'

const masking = `detect:
  - id: mail
    entities: [EMAIL_ADDRESS]
    direction: [arguments]
    from: [record]
    do: pseudonym
  - id: rest
    entities: ['*']
    direction: [arguments]
    from: [record]
custom:
  - { id: employee, entity: EMPLOYEE_ID, pattern: '\\bE-(\\d{6})\\b' }
`
const folder = mkdtempSync(join(tmpdir(), 'sallyport-aside-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))
const nobody = 'http://127.0.0.1:1'
writeRulebook(folder, { ...rulebook({ up: nobody, dead: nobody }), 'masking.yaml': masking })

async function maskingOf(thread: MaskThread): Promise<ArgumentMasking> {
  const loaded = await loadRulebook(folder, { thread })
  assert.ok(!('problems' in loaded), JSON.stringify(loaded))
  const fn = loaded.rulebook.functions.find(({ id }) => id === 'up.hush') ?? assert.fail()
  return loaded.inForce.argumentMasking(fn)
}

const values = {
  open: 'to canary-person@corp.example from E-123456',
  note: 'this is declared',
  deep: [JSON.parse('{"ssn":"536-22-8716","n":1,"none":null,"__proto__":{"n":1}}')],
}
const asked: ArgumentsAside = {
  values,
  body: Buffer.from(`{ "open" : ${JSON.stringify(values.open)}, "n": 1.50 }`),
  from: 'record',
  key: Buffer.from('a key that is not the key of nobody'),
}
/** Its rules are the rulebook's own patterns. */
const long = { bytes: limits.searchedHereBytes + 1 }

/** A thread that begins when it is let, and then is what it always is. */
function openHeld(t: TestContext): { readonly thread: MaskThread; readonly letGo: () => void } {
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const own = JSON.stringify(pathToFileURL(join(import.meta.dirname, 'mask-worker.ts')))
  const module = asModule(`import { workerData } from 'node:worker_threads'
    Atomics.wait(workerData, 0, 0)
    await import(${own})`)
  const thread = openMaskThread({ module, workerData: gate })
  t.after(() => thread.close())
  const letGo = () => {
    Atomics.store(gate, 0, 1)
    Atomics.notify(gate, 0)
  }
  return { thread, letGo }
}

const asModule = (text: string) => new URL(`data:text/javascript,${encodeURIComponent(text)}`)

test('the thread masks as we would here: values, body, findings', async (t) => {
  const thread = openMaskThread()
  t.after(() => thread.close())
  const { apply, applyToBody, aside } = await maskingOf(thread)
  const { values: masked, findings } = apply(values, asked)
  const body = applyToBody(asked.body ?? assert.fail(), asked)
  const got = (await aside?.(asked, long)) ?? assert.fail('it was not taken aside')
  assert.deepEqual(got, { values: masked, findings, body: new Uint8Array(body) })
  assert.equal(got.values.note, '[REDACTED:NOTE]')
  assert.match(String(got.values.open), /^to psn_\S+ from E-\[REDACTED:EMPLOYEE_ID\]$/)
  assert.deepEqual(await aside?.({ ...asked, body: undefined }, long), { ...got, body: undefined })
})

test('while a long body is masked, others are', async (t) => {
  const { thread, letGo } = openHeld(t)
  const { apply, aside } = await maskingOf(thread)
  const order: string[] = []
  const under = aside?.(asked, long)?.then(() => order.push('long')) ?? assert.fail()
  assert.equal(aside?.(asked, { bytes: limits.searchedHereBytes }), undefined)
  apply(values, asked)
  // Everything that waited in this thread had its turn, and the long body is still not done.
  await new Promise((resolve) => setTimeout(resolve, 0))
  order.push('short')
  letGo()
  await under
  assert.deepEqual(order, ['short', 'long'])
})

test('no more wait than may', async (t) => {
  const { thread, letGo } = openHeld(t)
  const { aside } = await maskingOf(thread)
  const few = { ...asked, values: {}, body: undefined }
  const waiting = Array.from({ length: limits.maskedAside }, () => aside?.(few, long))
  await assert.rejects(aside?.(few, long) ?? assert.fail(), (thrown) => {
    return thrown instanceof Refusal && thrown.code === 'overloaded'
  })
  letGo()
  for (const one of await Promise.all(waiting)) assert.deepEqual(one?.values, {})
})

test('what is wrong with one body ends that body only', async (t) => {
  const { thread, letGo } = openHeld(t)
  const { aside } = await maskingOf(thread)
  const bad = { ...asked, body: Buffer.from('{"open": "canary-no-end') }
  const both = [aside?.(bad, long), aside?.(asked, long)] as const
  letGo()
  await assert.rejects(both[0] ?? assert.fail(), (thrown) => {
    return thrown instanceof MaskError && !thrown.message.includes('canary')
  })
  assert.equal((await both[1])?.values.note, '[REDACTED:NOTE]')
})

const ends: readonly (readonly [how: string, text: string, told: RegExp])[] = [
  ['throws', `throw new Error('broken')`, /the masking thread failed/],
  ['leaves', 'process.exit(0)', /the masking thread has ended/],
  ['cannot be read', 'this is no program', /the masking thread failed/],
]
for (const [how, text, told] of ends) {
  test(`a thread that ${how} answers nothing, now and the next time`, async (t) => {
    const thread = openMaskThread({ module: asModule(text) })
    t.after(() => thread.close())
    const { aside } = await maskingOf(thread)
    for (const _ of [1, 2]) await assert.rejects(aside?.(asked, long) ?? assert.fail(), told)
  })
}

test('a thread that is closed answers nothing more', async (t) => {
  const { thread } = openHeld(t)
  const { aside } = await maskingOf(thread)
  const under = assert.rejects(aside?.(asked, long) ?? assert.fail(), /has ended/)
  await Promise.all([under, thread.close()])
  await assert.rejects(aside?.(asked, long) ?? assert.fail(), /is closed/)
})
