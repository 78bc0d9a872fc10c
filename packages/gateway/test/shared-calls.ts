import assert from 'node:assert/strict'
import type { Seen } from './caller.ts'
import { dana, type Leaf, until, vote } from './house.ts'
import type { Gateway, SharedYard } from './shared-yard.ts'
import { freshBody, transfer } from './transfer.ts'

/** A call that is held for a minute, unless people answer. */
export async function waitingAt(
  yard: SharedYard,
  gateway: Gateway,
): Promise<{ readonly id: string; readonly body: string; readonly waiting: Promise<Seen> }> {
  const now = await since(yard)
  const body = freshBody()
  const waiting = gateway.call('/up/transfers', transfer(body, { headers: { prefer: 'wait=60' } }))
  const question = async () =>
    (await now.leaves()).find(({ type }) => type === 'approval.requested')
  await until(async () => (await question()) !== undefined, 'people were asked')
  return { body, waiting, id: String((await question())?.approval) }
}

/** Makes a call that is held, and comes back with the approval's id. */
export async function heldAt(gateway: Gateway, body: string): Promise<string> {
  const seen = await gateway.call('/up/transfers', transfer(body))
  assert.equal(seen.code, 'approval-required', seen.text())
  return seen.approval
}

/** Dana looks at the question and says yes. */
export async function approvedAt(gateway: Gateway, id: string): Promise<void> {
  const voted = await vote(gateway.admin, { id, person: dana, verdict: 'approve' })
  assert.equal(voted.status, 200, voted.text())
}

/** What was written, and the bodies that reached the upstream, since. */
export async function since(yard: SharedYard): Promise<{
  readonly leaves: () => Promise<readonly Leaf[]>
  readonly reached: () => readonly string[]
}> {
  const from = (await yard.records()).length
  const before = yard.upstream.reached.length
  return {
    leaves: () => yard.records(from),
    reached: () => yard.upstream.reached.slice(before).map(({ body }) => body.toString()),
  }
}
