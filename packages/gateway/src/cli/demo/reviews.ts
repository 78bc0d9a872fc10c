import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CertifyAsked, GrantChanged, GrantDetail } from '../../admin/grant-contract.ts'
import { type Api, openApi } from '../api.ts'
import { marks, styleOf } from '../style.ts'
import { makeCall, type Seen, type StoryCall } from './story.ts'
import type { DemoWorld } from './world.ts'

const style = styleOf(process.stdout, process.env)

type World = Pick<
  DemoWorld,
  'adminUrl' | 'gatewayUrl' | 'agentToken' | 'approverToken' | 'ownerToken' | 'rulebook'
>

/**
 * Access reviews: what was allowed a moment ago is held, because nobody has looked at the grants in time; the owner
 * certifies them, and it is allowed again. Time is not waited for: the rules are made to trust a grant that nobody
 * has certified for no time at all. Returns what is not as told.
 */
export async function tellReviews(
  world: World,
  { tell, clock }: { readonly tell: (line?: string) => void; readonly clock: () => string },
): Promise<string[]> {
  const admin = openApi({ url: world.adminUrl, token: world.approverToken })
  const owner = openApi({ url: world.adminUrl, token: world.ownerToken })
  const file = join(world.rulebook, 'reviews.yaml')
  tell('  Nobody has reviewed who may do this, and from now on that is overdue (initial: 0s).')
  writeFileSync(file, 'initial: 0s\n')
  try {
    await admin.post('/rulebook/apply', {})
    const overdue = await makeCall(world, read)
    const isHeld = overdue.status === 403 && overdue.approval !== undefined
    tell(
      line(
        clock(),
        isHeld ? held : wrong,
        isHeld ? `its review is overdue · wants ${team}` : saidOf(overdue),
      ),
    )
    const certified = await certifyAll(owner)
    tell(`  lena, of ${team}, looks at both grants that allow it and certifies them.`)
    const after = await makeCall(world, read)
    const isAllowed = after.status === 200
    tell(
      line(
        clock(),
        isAllowed ? allowed : wrong,
        isAllowed ? 'until the next review' : saidOf(after),
      ),
    )
    tell()
    return [
      ...(isHeld ? [] : ['a call by an overdue grant was not held']),
      ...certified.filter((one) => one !== 'FRESH').map((one) => `a certified grant is ${one}`),
      ...(isAllowed ? [] : ['a call by a certified grant was not allowed']),
    ]
  } finally {
    // What somebody tries afterwards is judged by the rules of the story.
    rmSync(file)
    await admin.post('/rulebook/apply', {})
  }
}

/** Each exactly as it was looked at. */
async function certifyAll(owner: Api): Promise<readonly string[]> {
  const states: string[] = []
  for (const id of grants) {
    const { content } = await owner.get<GrantDetail>(`/grants/${id}`)
    const asked: CertifyAsked = { content, decision: 'keep', reason: 'Support still needs this' }
    const { grant } = await owner.post<GrantChanged>(`/grants/${id}/certify`, asked)
    states.push(grant.freshness.state)
  }
  return states
}

function line(time: string, mark: string, note: string): string {
  return `  ${time}  ${mark}  ${read.title.padEnd(22)} ${note}`
}

function saidOf({ status }: Seen): string {
  return `was answered ${status}`
}

/** Allowed in the story, by one grant for the person and one for the agent. */
const read: StoryCall = {
  title: 'crm.orders.list',
  method: 'GET',
  path: '/crm/customers/c-1001/orders',
  expected: 'allowed',
}
const grants = ['support-reads-customers', 'support-agents-read-one-customer'] as const
const team = 'team-support'
const held = style.cyan(`${marks.held} held   `)
const allowed = style.green(`${marks.ok} allowed`)
const wrong = style.red(`${marks.refused} refused`)
