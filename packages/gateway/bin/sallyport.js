#!/usr/bin/env node
// Plain JavaScript: it has to run under any Node to say which one is needed. Sallyport itself is
// TypeScript that Node runs directly, stable since 24.12.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(import.meta.url)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > 24 || (major === 24 && minor >= 12)) {
  // In the package's own folder: whoever may write there could change the code itself. Node's default is a folder
  // for temporary files, where somebody else on this machine may have been first.
  const compiled = join(dirname(here), '../.cache/compiled')
  enableCompileCache?.(compiled)
  // Its threads look there.
  process.env.NODE_COMPILE_CACHE ??= compiled
  await import('../src/cli/main.ts')
} else {
  const node = join(dirname(here), '../../../node_modules/node/bin/node')
  if (!existsSync(node)) {
    process.stderr.write(
      `Sallyport needs Node 24.12 or newer; this is ${process.versions.node}.\n` +
        'In a clone, run `npm ci` first: it brings a Node of its own.\n',
    )
    process.exit(1)
  }
  const { status, signal } = spawnSync(node, [here, ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exit(signal === 'SIGINT' ? 130 : (status ?? 1))
}
