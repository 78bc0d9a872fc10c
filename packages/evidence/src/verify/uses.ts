import { equalBytes } from '../encoding.ts'
import { sha256 } from '../hash.ts'
import type { LeafRecord } from '../record.ts'
import type { Cedar } from './cedar.ts'
import type { Clearances, Issued } from './clearances.ts'
import { openConditions } from './conditions.ts'
import { timeOf } from './dates.ts'
import type { Electorate } from './electorate.ts'
import { covers } from './emergencies.ts'
import { isSamePerson, namedParties } from './people.ts'
import { groupsRequired, type QuestionNeeds, questionsOf } from './policy-question.ts'
import { isShortened } from './shortened.ts'
import type { Place } from './verdict.ts'
import { isSameSet } from './votes.ts'
import type { Scene, SeenLeaf } from './watch.ts'

type Authorized = Extract<LeafRecord, { type: 'call.authorized' }>

/**
 * A call that needed people's yes cites the clearance it had claimed and those who had given it; it is of the
 * function that was asked about, by the same parties, needed exactly the groups that were asked, and has the
 * arguments that people saw, or such as fit the conditions they set.
 */
export function openUses(
  { report, manifest }: Scene,
  needs: Omit<QuestionNeeds, 'clearances'> & {
    readonly clearances: Clearances
    readonly electorate: Electorate
    readonly cedar: Cedar | undefined
  },
): { readonly see: (leaf: SeenLeaf, record: Authorized) => void | Promise<void> } {
  const { clearances, electorate, cedar } = needs
  const conditions =
    cedar && manifest?.payloads === true ? openConditions(cedar, 'clearance') : undefined

  const lookAt = async (leaf: SeenLeaf, record: Authorized) => {
    report.examined('approvals')
    const at = { record: leaf.index }
    const cites = record.clearance !== undefined && record.approvals.length > 0
    if (!cites) report.find('approval-not-cited', at)
    const cited = clearances.cited(at, record)
    if (!cited) return
    const { issued, claim } = cited
    checkPeople(at, record, issued)
    checkCall(at, record, issued)
    if (issued.digest !== undefined) await compareArguments(leaf, issued)
    else if (issued.when.length > 0) await judge(leaf, record, { issued, time: claim.time })
  }
  const checkPeople = (at: Place, record: Authorized, issued: Issued) => {
    const isCut = issued.isCut || isShortened(record, record.approvals)
    const isOther = record.approvals.some(({ id }) => id !== issued.source)
    const by = record.approvals.map((one) => one.by)
    if (isOther || (!isCut && !isSameSet(by, issued.by))) report.find('approval-other-people', at)
    if (issued.kind === 'break-glass') return
    const moment = { time: timeOf(record.time) ?? 0, linked: [] }
    const parties = namedParties(record)
    if (by.some((one) => electorate.isInvolved(one, parties, moment))) {
      report.find('approval-own-call', at)
    }
  }
  const checkCall = (at: Place, record: Authorized, issued: Issued) => {
    const { functions, versions, session, subject, groups, isCut } = issued
    const other = (detail: string) => report.find('approval-other-call', { ...at, detail })
    const name = record.fn?.name ?? ''
    if (!isCut && !functions.some((pattern) => covers(pattern, name))) other('function')
    const parties = namedParties(record)
    // Another session of the same parties may use it: their proof may have been renewed while people decided.
    if (versions.length > 0 && !versions.some((one) => isSameList(one, parties))) other('parties')
    if (session !== undefined && record.session !== session) other('session')
    if (subject !== undefined && !isSamePerson(subject, parties[0] ?? '')) {
      report.find('break-glass-other-person', at)
    }
    if (groups === undefined) return
    if (isCut || isShortened(record, record.decision?.obligations)) {
      report.partly('approvals', 'a record was shortened, so not all groups are in it')
    } else if (!isSameSet(groupsRequired(record), groups)) report.find('approval-groups', at)
  }
  const compareArguments = async (leaf: SeenLeaf, { args }: Issued) => {
    const disclosed = await needs.payloads.open(leaf, 'args')
    const used = 'bytes' in disclosed ? sha256(disclosed.bytes) : undefined
    if (!args || !used) report.partly('approvals', undisclosed)
    else if (!equalBytes(args, used)) {
      report.find('approval-other-call', { record: leaf.index, detail: 'arguments' })
    }
  }
  const judge = async (
    leaf: SeenLeaf,
    record: Authorized,
    { issued, time }: { readonly issued: Issued; readonly time: string },
  ) => {
    const questions = await questionsOf(leaf, record, needs)
    const [question] = typeof questions === 'string' ? [] : questions
    const holds = question && conditions?.hold(issued.when, question, time)
    if (holds === undefined) report.partly('approvals', unjudged)
    else if (!holds) report.find('clearance-condition', { record: leaf.index })
  }

  return {
    see: (leaf, record) => {
      const isPlain =
        record.clearance === undefined &&
        record.approvals.length === 0 &&
        groupsRequired(record).length === 0
      return isPlain ? undefined : lookAt(leaf, record)
    },
  }
}

const undisclosed = 'arguments that people approved, or those that were used, are not disclosed'
const unjudged =
  'conditions of a clearance could not be judged: it takes disclosed arguments and Cedar'

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((member, at) => member === other[at])
}
