import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { listFolder } from './folder.ts'
import { fingerprint, watchFolder } from './watch.ts'

async function openFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'watched-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'policies'))
  await writeFile(join(folder, 'policies/a.cedar'), 'one')
  return folder
}

/** Whether what is done to the folder is seen by looking, without the file system telling. */
async function check(
  t: TestContext,
  { given, done, seen }: { given?: Doing; done: Doing; seen: boolean },
): Promise<void> {
  const folder = await openFolder(t)
  await given?.(folder)
  const before = await fingerprint(folder)
  assert.equal(await fingerprint(folder), before)
  await done(folder)
  assert.equal((await fingerprint(folder)) !== before, seen)
}

type Doing = (folder: string) => Promise<unknown>
const write: (file: string, text: string) => Doing = (file, text) => (folder) =>
  writeFile(join(folder, file), text)
const lock: Doing = (folder) => symlink('sam@host.1234', join(folder, 'policies/.#a.cedar'))
const nowhere: Doing = (folder) => symlink('gone', join(folder, 'policies/b.cedar'))
/** A mounted volume: what is read is a link into a hidden folder, which is replaced as a whole. */
const mounted: Doing = async (folder) => {
  for (const name of ['..one', '..two']) {
    await mkdir(join(folder, 'policies', name))
    await writeFile(join(folder, 'policies', name, 'm.cedar'), name)
  }
  await symlink('..one', join(folder, 'policies/..data'))
  await symlink('..data/m.cedar', join(folder, 'policies/m.cedar'))
}
const remounted: Doing = async (folder) => {
  await symlink('..two', join(folder, 'policies/..next'))
  await rename(join(folder, 'policies/..next'), join(folder, 'policies/..data'))
}

const cases: Readonly<Record<string, { given?: Doing; done: Doing; seen: boolean }>> = {
  'a changed file': { done: write('policies/a.cedar', 'other'), seen: true },
  'a new file': { done: write('policies/b.cedar', 'two'), seen: true },
  'a removed file': { done: (folder) => rm(join(folder, 'policies/a.cedar')), seen: true },
  'the lock of an editor, which is a link to nowhere': { done: lock, seen: false },
  'a change beside such a lock': {
    given: lock,
    done: write('policies/a.cedar', 'other'),
    seen: true,
  },
  'a link to nowhere, which is a problem': { done: nowhere, seen: true },
  'a change beside one': { given: nowhere, done: write('policies/a.cedar', 'other'), seen: true },
  'a volume mounted anew': { given: mounted, done: remounted, seen: true },
  'notes and hidden files': { done: write('policies/.notes', 'x'), seen: false },
}
for (const [name, one] of Object.entries(cases)) test(name, (t) => check(t, one))

test('a folder that is not there has nothing in it', async () => {
  assert.deepEqual(await listFolder('/nowhere'), [])
})

test('who is not done is called again, though nothing changed, until it is', async (t) => {
  const folder = await openFolder(t)
  await new Promise<void>((resolve) => {
    let calls = 0
    const stop = watchFolder(folder, async () => {
      calls += 1
      if (calls < 3) return 'again'
      resolve()
      return 'settled'
    })
    t.after(stop)
  })
})
