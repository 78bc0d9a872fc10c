import { emitKeypressEvents } from 'node:readline'
import type { AdminClient } from './admin-client.ts'

/**
 * Waits until a person has decided: by a key press here, or by the command line in another terminal.
 * Resolves `stopped` when they stop the demo instead.
 */
export async function awaitPerson(
  admin: AdminClient,
  approval: string,
  tell: (line?: string) => void,
): Promise<'decided' | 'stopped'> {
  tell('  Your turn: press a to approve, d to deny. Or in another terminal:')
  tell(`    ${admin.commandPrefix} npx sallyport approvals approve ${approval}`)
  tell()
  const { stdin } = process
  const keys = Promise.withResolvers<'decided' | 'stopped'>()
  const decide = (verdict: 'approve' | 'deny') =>
    admin.decide(approval, verdict).then(() => keys.resolve('decided'), keys.reject)
  const onKey = (_: unknown, key: { readonly name?: string; readonly ctrl?: boolean }) => {
    if (key.ctrl && key.name === 'c') keys.resolve('stopped')
    else if (key.name === 'a') void decide('approve')
    else if (key.name === 'd') void decide('deny')
  }
  emitKeypressEvents(stdin)
  stdin.setRawMode?.(true)
  stdin.on('keypress', onKey)
  stdin.resume()
  const poll = setInterval(() => {
    admin.approval(approval).then(
      ({ state }) => state === 'PENDING' || keys.resolve('decided'),
      () => {},
    )
  }, 500)
  try {
    return await keys.promise
  } finally {
    clearInterval(poll)
    stdin.off('keypress', onKey)
    stdin.setRawMode?.(false)
    stdin.pause()
  }
}
