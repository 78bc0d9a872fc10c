import { Command } from 'commander'
import { versionOf } from './version.ts'
import { visibleLines } from './visible.ts'

type Entry = {
  readonly summary: string
  readonly load: () => Promise<{ readonly declare: (program: Command) => void }>
}

const commands: Readonly<Record<string, Entry>> = {
  demo: { summary: 'see all of it in a minute, on this machine', load: () => import('./demo.ts') },
  init: { summary: 'write a gateway.yaml and a first rulebook', load: () => import('./init.ts') },
  serve: { summary: 'run the gateway', load: () => import('./serve.ts') },
  migrate: {
    summary: 'bring the database of the store up to date',
    load: () => import('./migrate.ts'),
  },
  doctor: { summary: 'look for what is wrong, with the cure', load: () => import('./doctor.ts') },
  check: { summary: 'check configuration and rulebook', load: () => import('./check.ts') },
  apply: { summary: 'put the rulebook folder in force', load: () => import('./apply.ts') },
  policy: { summary: 'test and explain policies', load: () => import('./policy.ts') },
  mask: { summary: 'try, explain and survey masking', load: () => import('./mask.ts') },
  functions: { summary: 'list, show and import functions', load: () => import('./functions.ts') },
  call: { summary: 'make one call through the gateway', load: () => import('./call.ts') },
  'mcp-stdio': {
    summary: 'be an MCP server of a desktop client',
    load: () => import('./mcp-stdio.ts'),
  },
  approvals: { summary: 'answer what waits for a person', load: () => import('./approvals.ts') },
  clearances: {
    summary: 'list and revoke what approvals allow',
    load: () => import('./clearances.ts'),
  },
  'break-glass': {
    summary: 'let a call through in an emergency, and review that',
    load: () => import('./break-glass.ts'),
  },
  delegations: {
    summary: 'who votes for whom while they are away',
    load: () => import('./delegations.ts'),
  },
  grants: {
    summary: 'who may call what, certify and revoke it',
    load: () => import('./grants.ts'),
  },
  reviews: {
    summary: 'run rounds of access reviews, and see what goes stale',
    load: () => import('./reviews.ts'),
  },
  calls: { summary: 'list and follow calls', load: () => import('./calls.ts') },
  sessions: { summary: 'list and replay sessions', load: () => import('./sessions.ts') },
  keys: { summary: 'create, list and revoke API keys', load: () => import('./keys.ts') },
  principals: {
    summary: 'lock, unlock and list who is locked',
    load: () => import('./principals.ts'),
  },
  notify: { summary: 'list and test how people are told', load: () => import('./notify.ts') },
  evidence: {
    summary: 'prove, export, verify and erase evidence',
    load: () => import('./evidence.ts'),
  },
  login: { summary: 'sign in to the gateway', load: () => import('./login.ts') },
  logout: { summary: 'sign out', load: () => import('./logout.ts') },
  whoami: { summary: 'who is signed in, and where', load: () => import('./whoami.ts') },
  witness: { summary: 'cosign other people’s logs', load: () => import('./witness.ts') },
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
