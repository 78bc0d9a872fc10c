import type { Approval } from '../model/approval.ts'
import type { BreakGlass } from '../model/break-glass.ts'
import type { Clearance } from '../model/clearance.ts'
import { boundBy } from './binding.ts'

/** The authority that an approval creates with the vote that settles it. `now`: Unix milliseconds. */
export function issueClearance(approval: Approval, id: string, now: number): Clearance {
  const { terms } = approval
  const yes = approval.votes.filter(({ verdict }) => verdict === 'approve')
  const bounds =
    terms.kind === 'call'
      ? { when: [], usesMax: 1, expiresAt: now + approval.claimMs }
      : { when: terms.when, usesMax: terms.uses, expiresAt: now + terms.forMs }
  return {
    ...fresh(id, now),
    ...bounds,
    kind: terms.kind,
    approval: approval.id,
    binding: boundBy(approval.binding, terms),
    subject: approval.subject,
    actors: approval.actors,
    functions: [approval.functionId],
    ...(terms.kind === 'session' && { session: approval.session }),
    groups: approval.approverGroups,
    by: yes.map(({ by }) => by),
  }
}

/**
 * The authority that somebody takes by breaking the glass: for the one call of `approval`, or for every call of
 * theirs to the glass's functions. It stands for whatever groups policy names, since nobody was asked.
 */
export function issueForGlass(
  glass: BreakGlass,
  {
    approval,
    subject,
    usesMax,
  }: {
    readonly approval: Approval | undefined
    readonly subject: string
    readonly usesMax: number
  },
): Clearance {
  return {
    ...fresh(glass.clearance, glass.openedAt),
    kind: 'break-glass',
    breakGlass: glass.id,
    ...(approval && { approval: approval.id }),
    binding: approval?.binding ?? {},
    subject: approval?.subject ?? subject,
    actors: approval?.actors ?? [],
    functions: glass.functions,
    when: [],
    groups: approval?.approverGroups ?? [],
    by: [glass.by],
    usesMax: approval ? 1 : usesMax,
    expiresAt: glass.expiresAt,
  }
}

function fresh(id: string, now: number) {
  return {
    id,
    state: 'ACTIVE',
    revision: 0,
    uses: 0,
    open: [],
    issuedAt: now,
    notBefore: now,
  } as const
}
