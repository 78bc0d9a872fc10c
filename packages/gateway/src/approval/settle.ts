import type { Approval } from '../model/approval.ts'
import type { Approvals } from '../store/approvals.ts'
import { Conflict, type Entry, type Ledger } from '../store/store.ts'
import { asOf, step } from './machine.ts'
import { noticesOf } from './notices.ts'
import { closedRecord, timestamp } from './records.ts'
import { rungsOf } from './steps.ts'

/** What becomes of a question without a vote: by the clock, by its caller, by another question. */
export type Settling = {
  /** As it stands at this moment, and written down so. */
  readonly find: (id: string) => Promise<Approval | undefined>
  /** The same of one that was read. */
  readonly current: (approval: Approval) => Promise<Approval>
  /** Undefined when it is not pending any more. `by`: party id of who wanted it. */
  readonly end: (
    approval: Approval,
    kind: 'withdraw' | 'supersede',
    by?: string,
  ) => Promise<Approval | undefined>
}

/** `onSettled` hears of every approval that this process has settled. */
export function openSettling({
  store,
  now,
  onSettled,
}: {
  readonly store: Ledger & Approvals
  readonly now: () => number
  readonly onSettled: (approval: Approval) => void
}): Settling {
  /** What is stored afterwards, by us or by somebody faster, whose word counts then. */
  const write = async (from: Approval, to: Approval, entry: Omit<Entry, 'payloads' | 'change'>) => {
    const change = {
      kind: 'approval.update',
      approval: to,
      expectedRevision: from.revision,
    } as const
    try {
      await store.commit({ ...entry, payloads: [], change })
    } catch (thrown) {
      if (!(thrown instanceof Conflict)) throw thrown
      return { mine: false, approval: (await store.approval(from.id)) ?? to }
    }
    if (to.state !== 'PENDING') onSettled(to)
    return { mine: true, approval: to }
  }
  /** The next thing that the clock asks to be written down. */
  const due = (
    approval: Approval,
  ): readonly [Approval, Omit<Entry, 'payloads' | 'change'>] | undefined => {
    const at = now()
    const expired = step(approval, { kind: 'expire' }, at)
    if (expired.fits) {
      const notices = noticesOf(expired.approval, 'approval.settled', at)
      return [expired.approval, { record: closedRecord(expired.approval, { at }), notices }]
    }
    const climbed = step(approval, { kind: 'escalate' }, at)
    const rung = rungsOf(approval.steps)[approval.escalated]
    if (!climbed.fits || !rung) return undefined
    const record = {
      type: 'approval.escalated',
      time: timestamp(at),
      approval: approval.id,
      step: rung.step,
      groups: rung.groups,
    } as const
    return [
      climbed.approval,
      { record, notices: noticesOf(climbed.approval, 'approval.escalated', at) },
    ]
  }
  const current = async (approval: Approval): Promise<Approval> => {
    let found = approval
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const next = due(found)
      if (!next) return found
      found = (await write(found, ...next)).approval
    }
    return asOf(found, now())
  }
  return {
    current,
    find: async (id) => {
      const approval = await store.approval(id)
      return approval && current(approval)
    },
    end: async (approval, kind, by) => {
      for (let found = approval, attempt = 0; attempt < attemptsMax; attempt++) {
        const at = now()
        const next = step(found, { kind }, at)
        if (!next.fits) return undefined
        const record = closedRecord(next.approval, { at, by })
        const notices = noticesOf(next.approval, 'approval.settled', at)
        const written = await write(found, next.approval, { record, notices })
        if (written.mine) return written.approval
        found = written.approval
      }
      return undefined
    },
  }
}

/** How often a lost race is looked at again. Each loss means that somebody else moved the approval on. */
const attemptsMax = 32
