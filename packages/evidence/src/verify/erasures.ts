import type { LeafRecord, PayloadRole } from '../record.ts'
import type { Approvals } from './approvals.ts'
import { timeOf } from './dates.ts'
import { isOnePerson, type Moment } from './electorate.ts'
import { isPerson } from './people.ts'
import type { Rulebooks } from './rulebooks.ts'
import type { Place } from './verdict.ts'
import { always, type Hearing, isSameSet } from './votes.ts'
import type { Scene } from './watch.ts'

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>

export type Erasures = {
  readonly ask: (index: number, record: Of<'erasure.requested'>) => Promise<void>
  /** Whether two people wanted it, as far as the records tell. */
  readonly erase: (at: Place, record: Of<'payload.erased'>) => Promise<boolean>
}

export type ErasureNeeds = {
  readonly rulebooks: Pick<Rulebooks, 'around'>
  readonly electorate: Approvals['electorate']
}

/** As `Expiry` knows it. */
type RolesOf = (record: number) => readonly PayloadRole[] | undefined

/**
 * Two people, one after the other, wanted exactly this: no key and no agent, nobody who is locked, and no two
 * accounts of one person, as the rulebook of that time tells. It is of payloads that a record before commits to.
 */
export function openErasures(
  { report, isWhole, manifest }: Scene,
  { rulebooks, electorate, rolesOf }: ErasureNeeds & { readonly rolesOf: RolesOf },
): Erasures {
  const open = new Map<string, Of<'erasure.requested'>>()
  const rulesAt = async ({ time }: LeafRecord): Promise<Hearing['rules']> => {
    const contents = await rulebooks.around(timeOf(time) ?? 0)
    return contents.map(({ approvals }) => approvals)
  }
  const checkPerson = (
    at: Place,
    rules: Hearing['rules'],
    { by, time }: Pick<Of<'payload.erased'>, 'by' | 'time'>,
  ) => {
    const isAgent = rules.length > 0 && rules.every(({ agents }) => agents.has(by))
    const mayBe = isPerson(by) && !isAgent
    if (!mayBe) report.find('erasure-not-a-person', at)
    // Of a session the unlocking may not be shown.
    const isLocked = (moment: Moment) =>
      manifest?.scope !== 'session' && electorate.isLocked(by, moment)
    if (always({ rules }, time, isLocked)) report.find('erasure-locked', at)
    return mayBe
  }
  return {
    ask: async (index, record) => {
      const at = { record: index }
      open.set(record.erasure, record)
      const isShown = isWhole || record.record >= index
      if (!mayCommit(rolesOf(record.record), record, isShown)) {
        report.find('erasure-unfounded', { ...at, detail: `record ${record.record}` })
      }
      checkPerson(at, await rulesAt(record), record)
    },
    erase: async (at, record) => {
      const rules = await rulesAt(record)
      const { by, requestedBy, time } = record
      const mayBe = checkPerson(at, rules, record)
      const asked = open.get(record.erasure)
      open.delete(record.erasure)
      const isAlone = [requestedBy, asked?.by ?? requestedBy].some((one) =>
        always({ rules }, time, ({ linked }) => isOnePerson(one, by, linked)),
      )
      if (isAlone) report.find('erasure-one-person', at)
      if (asked && !isAsAsked(asked, record)) report.find('erasure-mismatch', at)
      const isUnasked = !asked && isWhole
      if (isUnasked) report.find('erasure-unasked', at)
      return mayBe && !isAlone && !isUnasked
    },
  }
}

/**
 * Whether an earlier record may have committed to all that is asked for. Asked when somebody wants it, because it may expire
 * before it is erased; what has gone before it was asked for may have gone in that very moment.
 */
function mayCommit(
  there: readonly PayloadRole[] | undefined,
  { roles }: Of<'erasure.requested'>,
  isShown: boolean,
): boolean {
  if (there === undefined) return !isShown
  const [first] = there
  // A record is about arguments or about a result: never has it payloads of both.
  return first === undefined || roles.every((role) => isOfResult(role) === isOfResult(first))
}

function isOfResult(role: PayloadRole): boolean {
  return role === 'result' || role === 'returned'
}

function isAsAsked(asked: Of<'erasure.requested'>, erased: Of<'payload.erased'>): boolean {
  const isSame = asked.by === erased.requestedBy && asked.record === erased.record
  const isOnce = asked.roles.length === erased.roles.length
  return isSame && isOnce && isSameSet(asked.roles, erased.roles)
}
