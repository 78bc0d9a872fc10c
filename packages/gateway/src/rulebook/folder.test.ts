import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readFolder } from './folder.ts'

type Make = (folder: string) => Promise<unknown>

async function temporary(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rulebook-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const put =
  (file: string, text: string | Uint8Array): Make =>
  async (folder) => {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), text)
  }
const link =
  (file: string, to: string): Make =>
  async (folder) => {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await symlink(to, join(folder, file))
  }

/** The files read, then the problems as `file: message`. */
async function check(
  t: TestContext,
  makes: readonly Make[],
  expected: { readonly read?: readonly string[]; readonly problems?: readonly string[] },
): Promise<void> {
  const folder = await temporary(t)
  for (const make of makes) await make(folder)
  const { files, problems } = await readFolder(folder)
  const read = Object.values(files).flatMap((part) => part.map(({ file }) => file))
  assert.deepEqual(read, expected.read ?? [])
  assert.deepEqual(
    problems.map(({ file, message }) => `${file}: ${message}`),
    expected.problems ?? [],
  )
}

const cases: readonly (readonly [string, readonly Make[], Parameters<typeof check>[2]])[] = [
  ['empty', [], {}],
  [
    'every part',
    [
      put('connections/a.yaml', ''),
      put('functions/a.yml', ''),
      put('policies/a.cedar', ''),
      put('tests/a.yaml', ''),
      put('masking.yaml', ''),
      put('approvals.yaml', ''),
    ],
    {
      read: [
        'connections/a.yaml',
        'functions/a.yml',
        'policies/a.cedar',
        'tests/a.yaml',
        'masking.yaml',
        'approvals.yaml',
      ],
    },
  ],
  ['notes and hidden files', [put('README.md', ''), put('policies/.a.cedar.swp', '')], {}],
  [
    'a misspelt part',
    [put('policy/a.cedar', '')],
    { problems: ['policy: Nothing here is read: a rulebook has no such part.'] },
  ],
  [
    'another kind of file',
    [put('policies/a.yaml', '')],
    { problems: ['policies/a.yaml: Only files that end in .cedar are read here.'] },
  ],
  [
    'a link within the folder',
    [put('.v1/a.yaml', ''), link('connections/a.yaml', '../.v1/a.yaml')],
    { read: ['connections/a.yaml'] },
  ],
  [
    'a link out of the folder',
    [link('connections/a.yaml', '/etc/hostname')],
    { problems: ['connections/a.yaml: This link leads out of the rulebook.'] },
  ],
  [
    'a part that is a link out of the folder',
    [link('policies', '/etc')],
    { problems: ['policies: This link leads out of the rulebook.'] },
  ],
  [
    'a link to nothing',
    [link('connections/a.yaml', 'nowhere.yaml')],
    { problems: ['connections/a.yaml: The file cannot be read.'] },
  ],
  [
    'a folder named like a file',
    [put('connections/a.yaml/b.txt', '')],
    { problems: ['connections/a.yaml: The file cannot be read.'] },
  ],
  [
    'not UTF-8',
    [put('connections/a.yaml', Buffer.from([0xff, 0xfe]))],
    { problems: ['connections/a.yaml: The file is not UTF-8.'] },
  ],
  [
    'too long',
    [
      put('connections/a.yaml', ''),
      (folder) => truncate(join(folder, 'connections/a.yaml'), 4_194_305),
    ],
    { problems: ['connections/a.yaml: The file is longer than 4194304 bytes.'] },
  ],
]
for (const [name, makes, expected] of cases) test(name, (t) => check(t, makes, expected))

test('no folder', async () => {
  const { problems } = await readFolder(join(tmpdir(), 'there-is-no-such-rulebook'))
  assert.equal(problems[0]?.message, 'The folder of the rulebook cannot be read.')
})
