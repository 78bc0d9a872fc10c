import assert from 'node:assert/strict'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { formatVerifierKey } from '@sallyport/evidence'
import { check } from '../../test/running-witness.ts'
import { openWitness, type Witness } from './witness.ts'
import { createWitnessKey, readWitnessKey, verifierKeys } from './witness-key.ts'

await check('the key is made once, for its owner', async ({ home }) => {
  const made = await readWitnessKey(home)
  assert.equal((await createWitnessKey(home, 'another.example/name')).name, made.name)
  assert.equal((await stat(join(home, 'witness.key'))).mode & 0o777, 0o600)
  assert.deepEqual((await readdir(home)).sort(), ['heads', 'lock', 'witness.key'])
  assert.equal(verifierKeys(made).current, formatVerifierKey(made))
})

await check('a key that is none of a log is refused', async ({ log, home }) => {
  const [{ current }, other] = [verifierKeys(await readWitnessKey(home)), join(home, '../other')]
  await createWitnessKey(other, 'w.example')
  const open = (logs: readonly string[]): Promise<Witness> =>
    openWitness({ home: other, logs, now: Date.now, report: () => undefined })
  await assert.rejects(open([log.key, current]), /has to be 0x01/)
  await assert.rejects(open(['nonsense']), /malformed/)
})
