import type { LeafRecord } from '../record.ts'
import type { GlassFacts } from './approval-facts.ts'
import type { Clearances } from './clearances.ts'
import { timeOf, toleranceMs } from './dates.ts'
import { isOnePerson } from './electorate.ts'
import { isShortened } from './shortened.ts'
import { type Asked, always, type Hearing } from './votes.ts'
import type { Scene } from './watch.ts'

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>

export type Emergencies = {
  /** `asked`: the question that it bypasses, where it names one that is open. */
  readonly opened: (
    hearing: Hearing,
    record: Of<'break-glass.opened'>,
    asked: Asked | undefined,
  ) => void
  readonly reviewed: (hearing: Hearing, record: Of<'break-glass.reviewed'>) => void
  /** After the last record: its time, Unix milliseconds. */
  readonly end: (time: number) => void
}

/**
 * A glass is broken for an hour at most, by somebody whom the rulebook names, who had just signed in as it asks,
 * for its functions and for calls of their own; nobody does so whose earlier use was not reviewed in time, or was
 * found unjustified; somebody else reviews it.
 */
export function openEmergencies(
  { report, isWhole, manifest }: Scene,
  clearances: Pick<Clearances, 'issue'>,
): Emergencies {
  const glasses = new Map<string, Glass>()
  return {
    opened: (hearing, record, asked) => {
      report.examined('approvals')
      const { at } = hearing
      const { glass, by, time } = record
      const openedAt = timeOf(time) ?? 0
      if (glasses.has(glass)) report.find('break-glass-repeated', at)
      if (by.startsWith('key:')) report.find('approval-not-a-person', at)
      if (timeOf(record.expires) === undefined || lengthOf(record) > longestMs + toleranceMs) {
        report.find('break-glass-too-long', at)
      }
      const own = [...glasses.values()].filter((past) =>
        always(hearing, time, ({ linked }) => isOnePerson(past.by, by, linked)),
      )
      // Reviews are of no session: of one session they are not shown.
      const isKnown = manifest?.scope !== 'session'
      if (isKnown && own.some((past) => isSuspending(past, openedAt))) {
        report.find('break-glass-suspended', at)
      }
      for (const detail of flawsOf(hearing, record, own)) {
        report.find('break-glass-not-allowed', { ...at, detail })
      }
      if (asked && isOfOther(hearing, record, asked)) report.find('break-glass-other-person', at)
      const reviewBy = timeOf(record.reviewBy) ?? Number.NEGATIVE_INFINITY
      glasses.set(glass, { by, openedAt, reviewBy, verdict: undefined })
      clearances.issue(at, {
        ...{ id: record.clearance, source: record.approval ?? glass, kind: 'break-glass' },
        ...{ digest: asked?.digest, functions: record.functions, versions: asked?.versions ?? [] },
        subject: record.approval === undefined ? by : undefined,
        session: undefined,
        groups: asked?.groups,
        ...{ by: [by], usesMax: record.uses, claimBy: timeOf(record.expires), when: [] },
        isCut: isShortened(record, record.functions) || asked?.isCut === true,
        args: asked?.args,
      })
    },
    reviewed: (hearing, record) => {
      report.examined('approvals')
      const { at, rules } = hearing
      const { by, verdict } = record
      const glass = glasses.get(record.glass)
      if (!glass) {
        if (isWhole) report.find('break-glass-unknown', at)
        return
      }
      const isOwn = always(hearing, record.time, ({ linked }) => isOnePerson(glass.by, by, linked))
      if (isOwn) report.find('break-glass-own-review', at)
      if (by.startsWith('key:')) report.find('approval-not-a-person', at)
      // A group that the rulebook does not list may have anybody in it.
      const isNoReviewer = rules.every(({ breakGlass, groups }) => {
        const lists = breakGlass?.reviewers.map((group) => groups.get(group))
        return lists?.every((list) => list?.includes(by) === false) ?? false
      })
      if (rules.length > 0 && isNoReviewer) report.find('break-glass-reviewer', at)
      if (glass.verdict === 'justified') report.find('break-glass-reviewed-twice', at)
      glass.verdict = verdict
    },
    end: (time) => {
      if (manifest?.scope === 'session') return
      const late = [...glasses.values()].filter(
        (one) => one.verdict === undefined && one.reviewBy <= time,
      )
      if (late.length > 0)
        report.find('break-glass-unreviewed', { detail: `${late.length} of them` })
    },
  }
}

/** Unix milliseconds. */
type Glass = {
  readonly by: string
  readonly openedAt: number
  readonly reviewBy: number
  verdict: string | undefined
}

/** An hour: longer is no emergency. */
const longestMs = 3_600_000
/** Thirty days: for so long each use counts. */
const budgetMs = 2_592_000_000
/** What it is about has to be said, not only marked. */
const reasonCharsMin = 20

function lengthOf({ time, expires }: Of<'break-glass.opened'>): number {
  return (timeOf(expires) ?? 0) - (timeOf(time) ?? 0)
}

function isSuspending({ verdict, reviewBy }: Glass, time: number): boolean {
  if (verdict === undefined) return reviewBy <= time - toleranceMs
  return verdict !== 'justified'
}

/** The call that it lets through is of the very person. */
function isOfOther(hearing: Hearing, { by, time }: Of<'break-glass.opened'>, { versions }: Asked) {
  if (versions.length === 0) return false
  return always(hearing, time, ({ linked }) => {
    return versions.every(([subject = '']) => !isOnePerson(subject, by, linked))
  })
}

/** What the rulebook that was in force does not allow, in a word each. */
function flawsOf(
  { rules }: Hearing,
  record: Of<'break-glass.opened'>,
  own: readonly Glass[],
): readonly string[] {
  const words = record.reason.trim().length < reasonCharsMin || record.incident.trim() === ''
  const own30 = own.filter(({ openedAt }) => openedAt > (timeOf(record.time) ?? 0) - budgetMs)
  const flaws = rules.map(({ breakGlass }) => flawsBy(breakGlass, record, own30.length))
  // By each of the rules that may have been in force: another gateway may not have heard of the newest.
  const [first = [], ...others] = flaws
  const agreed = others.every((one) => one.length > 0) ? first : []
  return words ? ['reason', ...agreed] : agreed
}

function flawsBy(
  rules: GlassFacts | undefined,
  record: Of<'break-glass.opened'>,
  uses: number,
): readonly string[] {
  if (!rules) return ['person']
  const { by, functions, acr, amr, signedIn, time, reviewBy } = record
  const at = timeOf(time) ?? 0
  const age = at - (timeOf(signedIn) ?? Number.NEGATIVE_INFINITY)
  const isStrong =
    (rules.acr.length === 0 || (acr !== undefined && rules.acr.includes(acr))) &&
    rules.amr.every((method) => amr.includes(method))
  const isCovered = functions.every((one) => rules.functions.some((outer) => contains(outer, one)))
  const isFresh = age >= -signInToleranceMs && age < rules.signedInWithinMs + toleranceMs
  const review = (timeOf(reviewBy) ?? Number.POSITIVE_INFINITY) - at
  return [
    ...(rules.people.includes(by) ? [] : ['person']),
    ...(isCovered ? [] : ['functions']),
    ...(lengthOf(record) > rules.forMsMax + toleranceMs ? ['time'] : []),
    ...(isStrong && isFresh ? [] : ['sign-in']),
    ...(review > rules.reviewWithinMs + toleranceMs ? ['review'] : []),
    ...(uses >= rules.usesPer30Days ? ['too often'] : []),
  ]
}

/** The clock of who vouched for the sign-in is somebody else's. */
const signInToleranceMs = 300_000

/** `crm.*` covers every function that begins with `crm.`; anything else only itself. */
export function covers(pattern: string, fn: string): boolean {
  return pattern.endsWith('.*') ? fn.startsWith(pattern.slice(0, -1)) : pattern === fn
}

/** Whether all that `inner` means is meant by `outer` as well. */
function contains(outer: string, inner: string): boolean {
  if (!inner.endsWith('.*')) return covers(outer, inner)
  return outer.endsWith('.*') && inner.startsWith(outer.slice(0, -1))
}
