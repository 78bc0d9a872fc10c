#!/usr/bin/env node
// Plain JavaScript: it has to run under any Node to say which one is needed. In a clone the sources
// are TypeScript that Node runs directly; a published package brings them compiled, in dist.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(import.meta.url)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 18)) {
  const compiled = new URL('../dist/cli/main.js', import.meta.url)
  await import(existsSync(compiled) ? compiled.href : '../src/cli/main.ts')
} else {
  const node = join(dirname(here), '../../../node_modules/node/bin/node')
  if (!existsSync(node)) {
    process.stderr.write(
      `This verifier needs Node 22.18 or newer; this is ${process.versions.node}.\n`,
    )
    process.exit(1)
  }
  const { status, signal } = spawnSync(node, [here, ...process.argv.slice(2)], { stdio: 'inherit' })
  process.exit(signal === 'SIGINT' ? 130 : (status ?? 1))
}
