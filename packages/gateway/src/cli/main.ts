import { Command, CommanderError } from 'commander'
import { Failure, exits } from './exit.ts'
import { err, say, tell } from './output.ts'
import { versionOf } from './version.ts'
import { visible, visibleLines } from './visible.ts'

/**
 * The entry of the `sallyport` program. Only the command that was asked for is loaded, so that help and
 * usage errors answer at once whatever the other commands need.
 */
type Entry = {
  readonly summary: string
  readonly load: () => Promise<{ readonly declare: (program: Command) => void }>
}

const commands: Readonly<Record<string, Entry>> = {
  demo: { summary: 'see all of it in a minute, on this machine', load: () => import('./demo.ts') },
  init: { summary: 'write a gateway.yaml and a first rulebook', load: () => import('./init.ts') },
  serve: { summary: 'run the gateway', load: () => import('./serve.ts') },
  doctor: { summary: 'look for what is wrong, with the cure', load: () => import('./doctor.ts') },
  check: { summary: 'check configuration and rulebook', load: () => import('./check.ts') },
  apply: { summary: 'put the rulebook folder in force', load: () => import('./apply.ts') },
  policy: { summary: 'test and explain policies', load: () => import('./policy.ts') },
  functions: { summary: 'list, show and import functions', load: () => import('./functions.ts') },
  call: { summary: 'make one call through the gateway', load: () => import('./call.ts') },
  approvals: { summary: 'answer what waits for a person', load: () => import('./approvals.ts') },
  calls: { summary: 'list and follow calls', load: () => import('./calls.ts') },
  sessions: { summary: 'list and replay sessions', load: () => import('./sessions.ts') },
  keys: { summary: 'create, list and revoke API keys', load: () => import('./keys.ts') },
  login: { summary: 'sign in to the gateway', load: () => import('./login.ts') },
  logout: { summary: 'sign out', load: () => import('./logout.ts') },
  whoami: { summary: 'who is signed in, and where', load: () => import('./whoami.ts') },
  completion: { summary: 'print shell completion', load: () => import('./completion.ts') },
  version: { summary: 'print the version', load: () => import('./version.ts') },
}

/** A program in which the named commands are complete and the others only have their summary. */
export async function buildProgram(complete: (name: string) => boolean): Promise<Command> {
  const program = new Command('sallyport')
    .description('A gateway that governs every function call.')
    .version(versionOf(), '-V, --version', 'print the version')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({ outputError: (text, write) => write(visibleLines(text)) })
    .helpCommand('help [command]', 'help about a command, or `help exit-codes`')
    .addHelpText('before', firstSteps)
    .addHelpText('after', '\nOutput: -o table|json|jsonl. Exit codes: sallyport help exit-codes')
  for (const [name, { summary, load }] of Object.entries(commands)) {
    if (complete(name)) (await load()).declare(program)
    else program.command(name).summary(summary)
  }
  return program
}

const firstSteps = `Examples
  $ sallyport demo                                    see it work
  $ sallyport init && sallyport serve                 run your own
  $ sallyport call crm.customer.get -d '{"id":"c-1"}' make a call
  $ sallyport approvals watch                         answer what is held
`

async function main(args: readonly string[]): Promise<void> {
  const [first, second] = args.filter((one) => !one.startsWith('-'))
  if (first === 'help' && second === 'exit-codes') return tellExitCodes()
  const asked = first === 'help' ? second : first
  const program = await buildProgram((name) => name === asked)
  if (args.length === 0) program.outputHelp()
  else await program.parseAsync(args, { from: 'user' })
}

function tellExitCodes(): void {
  for (const { code, meaning } of Object.values(exits)) {
    tell(`${String(code).padStart(3)}  ${meaning}`)
  }
}

/** The one place where a command's failure becomes words and a code. */
function codeOf(thrown: unknown): number {
  if (thrown instanceof CommanderError) {
    // Its message is printed already. Help that was asked for is no mistake.
    return thrown.exitCode === 0 ? 0 : exits.usage.code
  }
  if (thrown instanceof Failure) {
    say(`${err.red('✕')} ${visible(thrown.message)}`)
    if (thrown.detail) say(`  ${visibleLines(thrown.detail).replaceAll('\n', '\n  ')}`)
    if (thrown.cure) say(`  ${err.dim('→')} ${visible(thrown.cure)}`)
    return exits[thrown.exit].code
  }
  const text = thrown instanceof Error ? thrown.message : 'unknown'
  say(`${err.red('✕')} This should not have happened: ${visible(text)}`)
  if (process.env.SALLYPORT_DEBUG && thrown instanceof Error) say(visibleLines(thrown.stack ?? ''))
  else say(`  ${err.dim('→')} Set SALLYPORT_DEBUG=1 to see where.`)
  return exits.failed.code
}

// A reader that has seen enough (`| head`) closes the pipe; that is its right and no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await main(process.argv.slice(2))
} catch (thrown) {
  process.exitCode = codeOf(thrown)
}
