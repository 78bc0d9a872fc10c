import type { Content } from './content.ts'
import { timeOf } from './dates.ts'
import { namedParties } from './people.ts'
import type { Called } from './policy-question.ts'
import type { Rulebooks } from './rulebooks.ts'
import { type Soon, soon } from './soon.ts'
import { type Timed, timedHead } from './timed.ts'
import type { Scene, Watch } from './watch.ts'

type Needs = {
  readonly rulebooks: Pick<Rulebooks, 'content'>
  readonly timed: Pick<Timed, 'isGiven'>
}

/**
 * What a record of a call says of its decision, without asking policy again. One that was authorised says who
 * called, for whom, what, and by which decision, and that allows it; the rules that a decision names are of its
 * rulebook, and could have decided so.
 */
export function watchIntents({ report }: Pick<Scene, 'report'>, needs: Needs): Watch {
  const checkIntent = (index: number, record: Authorized) => {
    const missing = [
      ...always.filter((member) => record[member] === undefined),
      ...(record.decision && record.decision.time === undefined ? ['decision.time'] : []),
    ]
    if (missing.length > 0) {
      report.find('intent-incomplete', { record: index, detail: missing.join(', ') })
    }
    // A call that people let pass is decided again, with their yes in hand, and that is what it says.
    const { effect = 'allow' } = record.decision ?? {}
    if (effect !== 'allow') report.find('intent-not-allowed', { record: index })
  }
  const checkRules = (index: number, record: Called): Soon<void> => {
    const { decision } = record
    if (!decision) return undefined
    return soon(needs.rulebooks.content(decision.policy), (content) => {
      if (!content) return
      const rules = decision.rules.map((id) => ruleOf(id, { content, record, timed: needs.timed }))
      if (rules.includes(undefined)) report.find('rule-unknown', { record: index })
      else if (!couldDecide(decision.effect, rules)) report.find('rule-effect', { record: index })
    })
  }
  return {
    see: ({ index, record }) => {
      if (record.type === 'call.authorized') checkIntent(index, record)
      else if (record.type !== 'call.denied') return
      return checkRules(index, record)
    },
  }
}

type Authorized = Extract<Called, { type: 'call.authorized' }>

/** Only lists are cut so that a record fits, and none of them to nothing. */
const always = ['caller', 'obo', 'fn', 'session', 'source', 'decision'] as const

/** What a rule that is named can do. A timed grant stands beside the permits. */
type Rule = 'permit' | 'forbid' | 'liftable' | undefined

function ruleOf(
  id: string,
  {
    content,
    record,
    timed,
  }: {
    readonly content: Content
    readonly record: Called
    readonly timed: Needs['timed']
  },
): Rule {
  if (id.startsWith(timedHead)) {
    const { decision, fn, grants = [] } = record
    // Of one that the call counts on, that it was not given is told among the reviews.
    if (grants.some(({ grant }) => grant === id)) return 'permit'
    const of = { fn: fn?.name ?? '', time: timeOf(decision?.time ?? record.time) ?? 0 }
    const isGiven = namedParties(record).some((party) => {
      return timed.isGiven(id, { ...of, party }) !== 'no'
    })
    return isGiven ? 'permit' : undefined
  }
  const policy = content.policies.find((one) => one.id === id)
  if (policy?.effect !== 'forbid') return policy?.effect
  return policy.approverGroups.length > 0 ? 'liftable' : 'forbid'
}

/** Default deny: nothing is allowed without a permit. A denial may name what could not be evaluated, of any kind. */
function couldDecide(effect: 'allow' | 'hold' | 'deny', rules: readonly Rule[]): boolean {
  if (effect === 'deny') return true
  const wanted = effect === 'allow' ? 'permit' : 'liftable'
  return rules.length > 0 && rules.every((rule) => rule === wanted)
}
