/**
 * Runs before `npm test`, `npm run demo` and the other scripts: installs what the lock file names when
 * that has not happened yet, and nothing otherwise. Plain JavaScript, because on a fresh clone it runs
 * under whatever Node the machine has.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const wanted = join(root, 'package-lock.json')
const installed = join(root, 'node_modules', '.package-lock.json')
const [major = 0] = process.versions.node.split('.').map(Number)

if (major < 20) {
  process.stderr.write(
    `Node ${process.versions.node} is too old to install Sallyport: use 20 or newer.\n`,
  )
  process.exit(1)
}
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(wanted).mtimeMs) {
  process.stderr.write('Installing what package-lock.json names (once) …\n')
  const { status } = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0) {
    process.stderr.write('npm ci failed; its message is above. Nothing was started.\n')
    process.exit(status ?? 1)
  }
}
