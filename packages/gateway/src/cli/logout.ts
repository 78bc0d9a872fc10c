import type { Command } from 'commander'
import { openApi } from './api.ts'
import { examples } from './declare.ts'
import { Failure } from './exit.ts'
import { err, say } from './output.ts'
import { readSession, removeSession } from './session-file.ts'

export function declare(program: Command): void {
  program
    .command('logout')
    .summary('sign out')
    .description('Ends your session at the gateway and removes it from this machine.')
    .addHelpText('before', examples('sallyport logout'))
    .action(run)
}

async function run(): Promise<void> {
  const session = readable()
  if (!session) {
    removeSession(process.env)
    say('Nobody was signed in.')
    return
  }
  // Removed here first: whatever the gateway says, this machine no longer has the token.
  removeSession(process.env)
  try {
    await openApi({ url: session.adminUrl, token: session.token }).delete('/sign-in')
    say(`${err.green('✓')} Signed out at ${session.adminUrl}.`)
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown
    // A session that is over is what was asked for; one that could not be ended lives on there.
    if (thrown.exit === 'sign-in') return say(`${err.green('✓')} The session was over already.`)
    throw new Failure(
      'unreachable',
      'The session was removed here, but not ended at the gateway.',
      {
        detail: thrown.message,
        cure: `It ends by itself at ${session.expiresAt}.`,
      },
    )
  }
}

/** A session file that cannot be used is removed like any other. */
function readable() {
  try {
    return readSession(process.env)
  } catch {
    return undefined
  }
}
