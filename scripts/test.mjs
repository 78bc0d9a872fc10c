/**
 * `npm test`: every test beside the code, or only the files named after it. What Node compiles is kept in the
 * packages' own folder, because each of many processes loads the same modules. What tests write goes to memory where
 * there is room for it: most of their time would be a disk's otherwise. `TMPDIR` names another place.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { freemem, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeProcesses } from './test-processes.mjs'

const memory = '/dev/shm'
const enough = 4 * 2 ** 30

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const named = process.argv.slice(2)
const folder = process.env.TMPDIR === undefined && hasRoom() ? openFolder() : undefined
const processes = mkdtempSync(join(folder ?? tmpdir(), 'sallyport-processes-'))
// The tests hear of it themselves; the folders are removed after them.
process.on('SIGINT', () => {})
const { status, signal } = spawnSync(
  process.execPath,
  [
    '--test',
    '--test-concurrency=3',
    ...(named.length > 0 ? named : writeProcesses(root, processes)),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(folder !== undefined && { TMPDIR: folder }),
      NODE_COMPILE_CACHE: join(root, 'packages/gateway/.cache/compiled'),
    },
  },
)
for (const made of [processes, folder]) {
  if (made !== undefined) rmSync(made, { recursive: true, force: true })
}
process.exit(signal === null ? (status ?? 1) : 1)

function hasRoom() {
  try {
    const { bavail, bsize } = statfsSync(memory)
    return bavail * bsize >= enough && freemem() >= enough
  } catch {
    return false
  }
}

/** A PostgreSQL server that root starts runs as somebody else, who has to get through. */
function openFolder() {
  try {
    const made = mkdtempSync(join(memory, 'sallyport-test-'))
    chmodSync(made, 0o711)
    return made
  } catch {
    return undefined
  }
}
