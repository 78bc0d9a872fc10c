import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openRulebooks, type RulebookOutcome, type Rulebooks } from './open.ts'

const demo = join(import.meta.dirname, '../../../../examples/rulebooks/demo')

const maskingOfAll = "rules:\n  - functions: ['crm.*']\n    mask: [{ path: $.a, drop: true }]\n"

type House = {
  readonly folder: string
  readonly rulebooks: Rulebooks
  readonly recorded: { digest: string; previous: string; by: string }[]
  /** The next outcome that fits; those before it are passed over. */
  readonly outcome: (fits: (outcome: RulebookOutcome) => boolean) => Promise<RulebookOutcome>
}

async function open(
  t: TestContext,
  record?: () => Promise<void>,
  now: () => number = () => 42,
): Promise<House> {
  const folder = await mkdtemp(join(tmpdir(), 'rulebook-'))
  await cp(demo, folder, { recursive: true })
  const recorded: House['recorded'] = []
  const waiting: {
    fits: (one: RulebookOutcome) => boolean
    done: (one: RulebookOutcome) => void
  }[] = []
  const rulebooks = openRulebooks({
    folder,
    record: async (activation) => {
      await record?.()
      const { content, grants, ...rest } = activation
      const sum = createHash('sha256').update(content).digest('hex')
      assert.equal(rest.digest, `sha256:${sum}`, 'the content is what the digest stands for')
      assert.ok(grants.length > 0, 'each grant is told of')
      recorded.push(rest)
    },
    onOutcome: (outcome) => {
      for (const { fits, done } of waiting) if (fits(outcome)) done(outcome)
    },
    now,
  })
  t.after(async () => {
    await rulebooks.close()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    folder,
    rulebooks,
    recorded,
    outcome: (fits) => new Promise((done) => waiting.push({ fits, done })),
  }
}

async function edit(folder: string, file: string, from: string, to: string): Promise<void> {
  const text = await readFile(join(folder, file), 'utf8')
  assert.ok(text.includes(from))
  await writeFile(join(folder, file), text.replace(from, to))
}

test('nothing is in force before it was activated', async (t) => {
  const { rulebooks, recorded } = await open(t)
  assert.equal(rulebooks.current(), undefined)
  const { problems, digest, changed } = await rulebooks.check()
  assert.deepEqual([problems, changed], [[], true])
  assert.equal(rulebooks.current(), undefined)
  const activated = await rulebooks.activate('corp:ada')
  assert.equal(activated.digest, digest)
  assert.equal(rulebooks.current()?.rulebook.digest, digest)
  assert.equal(rulebooks.loaded()?.since, 42)
  assert.deepEqual(recorded, [{ digest, previous: '', by: 'corp:ada' }])
})

test('the same rulebook is not activated again', async (t) => {
  const { folder, rulebooks, recorded } = await open(t)
  await rulebooks.activate('corp:ada')
  const before = rulebooks.current()
  await edit(folder, 'policies/crm.cedar', '// People', '// Persons')
  const { changed } = await rulebooks.activate('corp:ada')
  assert.equal(changed, false)
  assert.equal(rulebooks.current(), before)
  assert.equal(recorded.length, 1)
})

test('an invalid one never replaces a valid one', async (t) => {
  const { folder, rulebooks, recorded } = await open(t)
  await rulebooks.activate('corp:ada')
  const before = rulebooks.current()
  await edit(folder, 'policies/crm.cedar', 'crm.orders.list', 'crm.orders.lst')
  await edit(folder, 'connections/crm.yaml', 'prefix', 'prefx')
  const { problems } = await rulebooks.activate('corp:ada')
  assert.ok(problems.some(({ file }) => file === 'connections/crm.yaml'))
  assert.equal(rulebooks.current(), before)
  assert.equal(recorded.length, 1)
})

test('a file that cannot be read does not accuse the others', async (t) => {
  const { folder, rulebooks } = await open(t)
  await writeFile(join(folder, 'masking.yaml'), maskingOfAll)
  await writeFile(join(folder, 'functions/crm.yaml'), Buffer.from([0xff]))
  const { problems } = await rulebooks.check()
  assert.deepEqual(
    problems.map(({ file, message }) => `${file} ${message}`),
    ['functions/crm.yaml The file is not UTF-8.'],
  )
})

test('one that fails its own tests neither', async (t) => {
  const { folder, rulebooks } = await open(t)
  await rulebooks.activate('corp:ada')
  const before = rulebooks.current()
  await edit(folder, 'policies/payments.cedar', '> 100000', '> 1000000')
  const { problems, tests } = await rulebooks.activate('corp:ada')
  assert.equal(rulebooks.current(), before)
  assert.ok(tests.some(({ passed }) => !passed))
  assert.ok(problems.every(({ file, line }) => file === 'tests/payments.yaml' && line > 0))
})

test('what cannot be recorded does not take effect', async (t) => {
  const { rulebooks } = await open(t, async () => {
    throw new Error('disk full')
  })
  await assert.rejects(rulebooks.activate('corp:ada'), /disk full/)
  assert.equal(rulebooks.current(), undefined)
})

test('nothing takes effect before its record is durable', async (t) => {
  let release = () => {}
  const durable = new Promise<void>((resolve) => {
    release = resolve
  })
  let asked = () => {}
  const recording = new Promise<void>((resolve) => {
    asked = resolve
  })
  const { rulebooks } = await open(t, () => {
    asked()
    return durable
  })
  const activated = rulebooks.activate('corp:ada')
  await recording
  assert.equal(rulebooks.current(), undefined)
  release()
  await activated
  assert.ok(rulebooks.current())
})

test('while a record takes long, nothing more may be authorised by what it replaces', async (t) => {
  const clock = { now: 42 }
  const during: boolean[] = []
  const { folder, rulebooks } = await open(
    t,
    async () => {
      for (const passed of [0, 3_000, 1]) {
        clock.now += passed
        during.push(rulebooks.isEnding())
      }
      if (during.length > 3) throw new Error('disk full')
    },
    () => clock.now,
  )
  await rulebooks.activate('corp:ada')
  assert.deepEqual([...during, rulebooks.isEnding()], [false, false, true, false])
  await edit(folder, 'connections/crm.yaml', 'timeout: 10s', 'timeout: 20s')
  await assert.rejects(rulebooks.activate('corp:ada'), /disk full/)
  assert.equal(rulebooks.isEnding(), false)
})

test('activations asked for together happen one after the other', async (t) => {
  const { rulebooks, recorded } = await open(t)
  const outcomes = await Promise.all([
    rulebooks.activate('corp:ada'),
    rulebooks.activate('corp:bo'),
  ])
  assert.deepEqual(
    outcomes.map(({ changed }) => changed),
    [true, false],
  )
  assert.deepEqual(
    recorded.map(({ by }) => by),
    ['corp:ada'],
  )
})

test('the folder is followed: a good change takes effect, a bad one is told', async (t) => {
  const { folder, rulebooks, recorded, outcome } = await open(t)
  await rulebooks.activate('gateway:start')
  const first = rulebooks.current()?.rulebook.digest
  rulebooks.watch()

  const changed = outcome((one) => one.changed && one.problems.length === 0)
  await edit(folder, 'connections/crm.yaml', 'timeout: 10s', 'timeout: 20s')
  const { digest } = await changed
  assert.notEqual(digest, first)
  assert.equal(rulebooks.current()?.rulebook.digest, digest)
  assert.deepEqual(recorded.at(-1), { digest, previous: first, by: 'gateway:watch' })

  const refused = outcome((one) => one.problems.length > 0)
  await edit(folder, 'connections/crm.yaml', 'timeout', 'timeuot')
  assert.equal((await refused).problems[0]?.hint, 'Did you mean `timeout`?')
  assert.equal(rulebooks.current()?.rulebook.digest, digest)

  const mended = outcome((one) => one.problems.length === 0)
  await edit(folder, 'connections/crm.yaml', 'timeuot', 'timeout')
  await mended
  assert.equal(rulebooks.current()?.rulebook.digest, digest)
})

test('what changed before anybody watched is noticed too', async (t) => {
  const { folder, rulebooks, outcome } = await open(t)
  await rulebooks.activate('gateway:start')
  await edit(folder, 'connections/crm.yaml', 'timeout: 10s', 'timeout: 20s')
  const changed = outcome((one) => one.changed)
  rulebooks.watch()
  assert.equal((await changed).digest, rulebooks.current()?.rulebook.digest)
})

test('a change that could not be recorded takes effect when it can be', async (t) => {
  let full = false
  const { folder, rulebooks, outcome } = await open(t, async () => {
    if (full) throw new Error('disk full')
  })
  await rulebooks.activate('gateway:start')
  const before = rulebooks.current()
  rulebooks.watch()
  full = true
  const unrecorded = outcome((one) => one.problems.length > 0)
  await edit(folder, 'connections/crm.yaml', 'timeout: 10s', 'timeout: 20s')
  assert.match((await unrecorded).problems[0]?.message ?? '', /could not be recorded/)
  assert.equal(rulebooks.current(), before)
  const changed = outcome((one) => one.changed && one.problems.length === 0)
  full = false
  assert.equal((await changed).digest, rulebooks.current()?.rulebook.digest)
})
