import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { check, origin } from '../../test/running-witness.ts'
import { openWitness } from './witness.ts'
import { createWitnessKey, readWitnessKey, verifierKeys } from './witness-key.ts'

await check('what cannot be kept is not cosigned', async ({ log, home, add, latest, events }) => {
  await add(await log.ask(0, 7))
  const before = await latest()
  const [name = ''] = await readdir(join(home, 'heads'))
  const draft = join(home, 'heads', `${name}.draft`)
  await mkdir(draft)
  assert.equal((await add(await log.ask(7, 8))).status, 503)
  assert.equal(events.at(-1)?.event, 'failed')
  assert.deepEqual(await latest(), before)
  await rmdir(draft)
  assert.equal((await add(await log.ask(7, 8))).status, 200)
})

await check('in doubt about the disk it stops until a restart', async (first) => {
  const { log, home, add } = first
  const hash = createHash('sha256').update(origin).digest('hex')
  const path = join(home, 'heads', hash)
  await mkdir(path)
  assert.equal((await add(await log.ask(0, 7))).status, 503)
  await rmdir(path)
  assert.equal((await add(await log.ask(0, 7))).status, 503)
  const next = await first.restart()
  assert.equal((await next.add(await log.ask(0, 7))).status, 200)
})

/** What a start does not accept, each with what it says. */
const starts: readonly (readonly [string, (home: string) => Promise<unknown>, RegExp])[] = [
  ['no key', async (home) => rm(join(home, 'witness.key')), /witness init/],
  ['a key others may read', async (home) => chmod(join(home, 'witness.key'), 0o640), /chmod 600/],
  [
    'a damaged key',
    async (home) => writeFile(join(home, 'witness.key'), 'PRIVATE+KEY+x'),
    /is damaged/,
  ],
  [
    'a key of a log',
    async (home) => {
      const text = await readFile(join(home, 'witness.key'), 'utf8')
      // The same secret, said to be of type 0x01.
      const [, , name = '', , secret = ''] = text.trimEnd().split('+')
      const seed = Buffer.from(secret, 'base64')
      seed[0] = 1
      const older = verifierKeys(await readWitnessKey(home)).older.split('+')[1]
      await writeFile(
        join(home, 'witness.key'),
        `PRIVATE+KEY+${name}+${older}+${seed.toString('base64')}\n`,
      )
    },
    /is damaged/,
  ],
  [
    'a damaged head',
    async (home) => changeHead(home, (text) => text.replace('\n7\n', '\n6\n')),
    /is not what this witness cosigned/,
  ],
  ['half a head', async (home) => changeHead(home, (text) => text.slice(0, 40)), /is not what/],
  [
    'heads of another key',
    async (home) => {
      await rm(join(home, 'witness.key'))
      await assert.rejects(createWitnessKey(home, 'witness.example/w1'), /Restore the key/)
      const other = join(home, '../other')
      await createWitnessKey(other, 'witness.example/w1')
      await writeFile(join(home, 'witness.key'), await readFile(join(other, 'witness.key')), {
        mode: 0o600,
      })
    },
    /is not what this witness cosigned/,
  ],
]
for (const [name, damage, expected] of starts) {
  await check(`a start with ${name} is refused`, async ({ log, home, add, restart }) => {
    await add(await log.ask(0, 7))
    await damage(home)
    await assert.rejects(restart(), expected)
  })
}

async function changeHead(home: string, change: (text: string) => string): Promise<void> {
  const [name = ''] = await readdir(join(home, 'heads'))
  const path = join(home, 'heads', name)
  await writeFile(path, change(await readFile(path, 'utf8')))
}

await check('a second witness in the same folder is refused', async ({ home }) => {
  const second = openWitness({ home, logs: [], now: Date.now, report: () => undefined })
  await assert.rejects(second, /in use by another witness/)
})
