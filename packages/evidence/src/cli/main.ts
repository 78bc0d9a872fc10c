import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { exitCodes, type Terminal, verifyCommand } from './verify-command.ts'
import { verifyProofCommand } from './verify-proof-command.ts'

const help = `Verifies evidence of Sallyport offline.

  evidence verify <bundle.zip | folder | https://…> --trust <trust.txt>
      [--expect whole|range|session] [--since <checkpoint or receipt>]… [--json] [--quiet]
      A bundle that shows less than the whole log fails, unless --expect names a part.
      --since names what was kept from before: a log that does not contain it fails.
  evidence verify <pack.zip | folder> --trust <trust.txt> [--receipt <file>] [--json] [--quiet]
      The evidence pack of a review campaign. Its receipt is the one of its closing, in the pack
      as closed.tlog-proof or named by --receipt.
  evidence verify-proof <file> --trust <trust.txt> [--entry <file>] [--json] [--quiet]

Exit codes: 0 verified, 7 does not verify, 1 could not be read, 2 not a command line it understands.
`

const terminal: Terminal = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  colour: process.stdout.isTTY === true && (process.env.NO_COLOR ?? '') === '',
  progress: process.stderr.isTTY === true,
}

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args
  if (command === 'help' || args.includes('--help') || args.includes('-h')) return told(help)
  if (command === '--version') return told(`${version()}\n`)
  const options = readOptions(rest)
  const [target, ...more] = options?.positionals ?? []
  const {
    trust,
    json = false,
    quiet = false,
    entry,
    expect,
    since,
    receipt,
  } = options?.values ?? {}
  const isScope =
    expect === undefined || expect === 'whole' || expect === 'range' || expect === 'session'
  if (target === undefined || trust === undefined || more.length > 0 || !isScope) return usage()
  if (command === 'verify') {
    return verifyCommand(
      { target, trust, json, quiet, expect, since: since ?? [], receipt },
      terminal,
    )
  }
  if (command !== 'verify-proof' || expect !== undefined || since || receipt) return usage()
  return verifyProofCommand({ file: target, trust, entry, json, quiet }, terminal)
}

function readOptions(args: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        ...{ trust: text, expect: text, entry: text, receipt: text, json: flag, quiet: flag },
        since: { type: 'string', multiple: true },
      },
      allowPositionals: true,
    })
  } catch {
    return undefined
  }
}

function told(text: string): number {
  terminal.out(text)
  return exitCodes.ok
}

function usage(): number {
  terminal.err(help)
  return exitCodes.usage
}

function version(): string {
  const url = new URL('../../package.json', import.meta.url)
  const parsed: unknown = JSON.parse(readFileSync(url, 'utf8'))
  const isNamed = typeof parsed === 'object' && parsed !== null && 'version' in parsed
  return isNamed && typeof parsed.version === 'string' ? parsed.version : 'unknown'
}
