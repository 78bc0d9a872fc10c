import type { FunctionDefinition } from '../model/function.ts'
import type { FunctionHold } from '../model/function-hold.ts'
import type { Message, MessageFact } from '../model/message.ts'
import type { Notice } from '../model/notice.ts'

/**
 * What people are told of a function that is held, as it stands now; undefined: nothing any more. No word of it is
 * the upstream's: what it says of itself is looked at in the gateway.
 */
export function holdMessage(
  { event, about }: Pick<Notice, 'about'> & { readonly event: HoldEvent },
  given: {
    readonly hold: FunctionHold | undefined
    readonly fn: Pick<FunctionDefinition, 'owner' | 'purpose' | 'risk'> | undefined
    /** Unknown operations of the same connection that nobody has registered. */
    readonly newOnes: number
  },
): Message | undefined {
  const { hold, fn, newOnes } = given
  if (!hold) return undefined
  const isOpen = hold.state === 'quarantined'
  // That it was settled is told by the notice of that.
  if (event === 'function.quarantined' && !isOpen) return undefined
  if (event === 'function.accepted' && isOpen) return undefined
  return {
    event,
    about,
    subject: isOpen ? subjectOf(hold, newOnes) : `${about} was accepted as it is described now`,
    state: isOpen ? 'QUARANTINED' : 'ACCEPTED',
    open: isOpen && hold.why !== 'new',
    facts: [
      fact('function', about),
      fact('connection', hold.connection),
      ...(fn ? [fact('owner', fn.owner), fact('purpose', fn.purpose), fact('risk', fn.risk)] : []),
      fact('why', reasons[hold.why]),
      ...(hold.registered === '' ? [] : [fact('registered', hold.registered)]),
      ...(hold.found === '' ? [] : [fact('found', hold.found)]),
      ...(hold.accepted ? [fact('accepted_by', hold.accepted.by)] : []),
    ],
    path: `/functions/${about}`,
  }
}

export type HoldEvent = 'function.quarantined' | 'function.accepted'

/** For people: why a function is refused. */
const reasons: Readonly<Record<FunctionHold['why'], string>> = {
  drift: 'Its upstream describes it otherwise than it was registered.',
  gone: 'Its upstream describes it no longer.',
  new: 'Its upstream describes it, and nobody has registered it.',
}

function subjectOf({ function: id, why, connection }: FunctionHold, newOnes: number): string {
  if (why !== 'new') return `${id} is refused until its owner looks at it`
  return newOnes > 1
    ? `${newOnes} operations of ${connection} are not registered`
    : `An operation of ${connection} is not registered`
}

function fact(name: string, text: string): MessageFact {
  return { name, text }
}
