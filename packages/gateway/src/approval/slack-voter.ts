import type { ApprovalRules } from '../model/approval-rules.ts'
import type { Person } from './ballot.ts'

/**
 * The person whom the rulebook links to an account of a chat service (`slack:U…`); undefined when it links
 * nobody, or several. They are in no group by themselves: only a group that lists them has them.
 */
export function personByAccount(
  { people }: Pick<ApprovalRules, 'people'>,
  account: string,
): Person | undefined {
  const [person, another] = people.filter(({ accounts }) => accounts.includes(account))
  if (!person || another) return undefined
  return {
    subject: { kind: 'user', id: person.id, groups: [] },
    actors: [],
    authentication: { method: 'slack' },
  }
}
