import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { examples } from './declare.ts'
import { tell } from './output.ts'

/** The version of this package, from its own package.json. */
export function versionOf(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version }: { version?: unknown } = JSON.parse(text)
  return typeof version === 'string' ? version : 'unknown'
}

export function declare(program: Command): void {
  program
    .command('version')
    .summary('print the version')
    .addHelpText('before', examples('sallyport version'))
    .action(() => {
      tell(`sallyport ${versionOf()}`)
      tell(`node ${process.versions.node} ${process.platform} ${process.arch}`)
    })
}
