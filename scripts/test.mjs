/**
 * `npm test`: every test beside the code, or only the files named after it. What Node compiles is kept in the
 * packages' own folder, because each of some hundred files is a process of its own that loads the same modules.
 */
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const named = process.argv.slice(2)
const { status, signal } = spawnSync(
  process.execPath,
  ['--test', '--test-concurrency=3', ...(named.length > 0 ? named : ['packages/**/*.test.ts'])],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: join(root, 'packages/gateway/.cache/compiled'),
    },
  },
)
process.exit(signal === null ? (status ?? 1) : 1)
