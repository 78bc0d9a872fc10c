import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Person } from './house.ts'
import { writeRulebook } from './rules.ts'

/** Rules of which each grant is a small one, so that its reviews can be told apart; see rules.ts for the functions. */

/** Of the people who stand behind the owner `team`. */
export const olga: Person = { sub: 'olga', groups: ['owners'] }
export const otto: Person = { sub: 'otto', groups: ['owners'] }

const grant = (
  id: string,
  about: { readonly to: string; readonly actions: readonly string[]; readonly when?: string },
) => `@id("${id}")
@owner("team")
@reason("They need it: ${id}")
@review("20d")
permit (
  principal in Group::"${about.to}",
  action in [${about.actions.map((one) => `Action::"${one}"`).join(', ')}],
  resource
)${about.when === undefined ? '' : `\nwhen { ${about.when} }`};
`

/** Their tiers: low, medium, high, critical. */
const grants = [
  grant('callers-read', { to: 'callers', actions: ['up.read', 'up.upload'] }),
  grant('callers-items', { to: 'callers', actions: ['up.item', 'up.person'] }),
  grant('callers-transfer', { to: 'callers', actions: ['up.transfer'] }),
  grant('callers-erase', { to: 'callers', actions: ['up.erase'] }),
  grant('small-orders', {
    to: 'callers',
    actions: ['up.order'],
    when: 'context.args.amount < 100',
  }),
]

/** Each is certified for twenty days at most; low ones are kept for ten more. */
export const reviewsYaml = `initial: 30d
dueSoon: 5d
tiers:
  low: { cadence: 20d, grace: 10d }
owners:
  team: { groups: [owners] }
`

/** In place of the grant of rules.ts that covers everything. */
export function writeReviewRules(
  folder: string,
  more: Readonly<Record<string, string>> = {},
): void {
  writeRulebook(folder, { 'policies/grants.cedar': grants.join('\n'), ...more })
  if (!('reviews.yaml' in more)) writeFileSync(join(folder, 'reviews.yaml'), reviewsYaml)
}
