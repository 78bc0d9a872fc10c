import { CommanderError } from 'commander'
import { exits, Failure } from './exit.ts'
import { err, say, tell } from './output.ts'
import { buildProgram } from './program.ts'
import { visible, visibleLines } from './visible.ts'

/**
 * The entry of the `sallyport` program. Only the command that was asked for is loaded, so that help and
 * usage errors answer at once whatever the other commands need.
 */
async function main(args: readonly string[]): Promise<void> {
  const [first, second] = args.filter((one) => !one.startsWith('-'))
  if (first === 'help' && second === 'exit-codes') return tellExitCodes()
  const asked = first === 'help' ? second : first
  const program = await buildProgram((name) => name === asked || asked === 'completion')
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
