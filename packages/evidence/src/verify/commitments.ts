import { type LeafRecord, type PayloadRole, payloadRoles } from '../record.ts'
import type { FunctionFacts } from './content.ts'
import { watchExpiry } from './expiry.ts'
import { openPayloadSet } from './payload-set.ts'
import { type Payloads, payloadPath } from './payloads.ts'
import { isSamePerson } from './people.ts'
import type { Remembered } from './remembered.ts'
import type { Rulebooks } from './rulebooks.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

/**
 * Each disclosed payload is what its record commits to. One that is missing was never kept, was erased
 * by two people, expired, or was lost when the database was rebuilt; nothing else explains it. One that is recorded as gone is gone.
 */
export function watchCommitments(
  scene: Scene,
  needs: {
    readonly payloads: Payloads
    readonly rulebooks: Rulebooks
    readonly remembered: Remembered
  },
): Watch {
  const { report, isWhole, inventory, manifest } = scene
  const isDisclosed = manifest?.payloads === true
  let unexplained = openPayloadSet()
  const asked = new Map<string, Asked>()
  const unclaimed = inventory.payloads.copy()
  const expiry = watchExpiry(scene)
  if (!isDisclosed) report.notChecked('commitments', 'payloads are not disclosed')
  else if (!isWhole) report.partly('commitments', 'only a part of the records is shown')

  const look = async (leaf: SeenLeaf, role: PayloadRole) => {
    const disclosed = await needs.payloads.open(leaf, role)
    const at = { record: leaf.index, file: payloadPath(leaf.index, role) }
    unclaimed.delete(leaf.index, role)
    if ('bytes' in disclosed) report.examined('commitments')
    else if (disclosed.missing === 'malformed')
      report.find('payload-malformed', { record: leaf.index })
    else if (disclosed.missing === 'mismatch') report.find('payload-mismatch', at)
    else if (isDisclosed && !(await wasNeverKept(leaf, role, needs))) {
      unexplained.add(leaf.index, role)
    }
  }

  const lookAtAll = async (leaf: SeenLeaf, roles: readonly PayloadRole[]) => {
    expiry.note(leaf, await retentionOf(leaf, needs))
    for (const role of roles) await look(leaf, role)
  }

  const gone = (index: number, record: number, roles: readonly PayloadRole[]) => {
    for (const role of roles) {
      unexplained.delete(record, role)
      if (!inventory.payloads.has(record, role)) continue
      report.find('payload-present', { record: index, file: payloadPath(record, role) })
    }
  }

  /** One notice for all of them: a rebuilt database may have lost the payloads of millions. */
  const lost = (index: number, { kept, size }: Extract<LeafRecord, { type: 'log.recovered' }>) => {
    let records = 0
    const left = openPayloadSet()
    for (const [record, roles] of unexplained.entries()) {
      if (record >= kept && record < size) records += 1
      else for (const role of roles) left.add(record, role)
    }
    unexplained = left
    if (records === 0) return
    const detail = `of ${records} records from ${kept} on`
    report.find('payload-lost', { record: index, detail })
  }

  return {
    see: (leaf) => {
      const { index, record } = leaf
      if (record.type === 'erasure.requested') asked.set(record.erasure, record)
      else if (record.type === 'payload.erased') {
        report.examined('commitments')
        checkErasure(scene, index, record, asked.get(record.erasure))
        asked.delete(record.erasure)
        gone(index, record.record, record.roles)
      } else if (record.type === 'payload.expired') {
        report.examined('commitments')
        expiry.check(index, record)
        for (const one of record.records) gone(index, one, payloadRoles)
      } else if (record.type === 'log.recovered') lost(index, record)
      const roles = payloadRoles.filter((role) => record[role])
      return roles.length === 0 ? undefined : lookAtAll(leaf, roles)
    },
    end: () => {
      for (const [record, roles] of unexplained.entries()) {
        for (const role of roles) {
          const file = payloadPath(record, role)
          // In a part of a log, what would explain it may not be shown.
          if (isWhole) report.find('payload-missing', { record, file })
          else
            report.partly(
              'commitments',
              'a payload is missing, and what explains it may not be shown',
            )
        }
      }
      for (const [record, roles] of unclaimed.entries()) {
        for (const role of roles)
          report.find('file-unexpected', { file: payloadPath(record, role) })
      }
    },
  }
}

type Asked = Pick<Extract<LeafRecord, { type: 'erasure.requested' }>, 'by' | 'record' | 'roles'>

/** Two people, one after the other, wanted exactly this. */
function checkErasure(
  { report, isWhole }: Scene,
  index: number,
  erased: Extract<LeafRecord, { type: 'payload.erased' }>,
  asked: Asked | undefined,
): void {
  const at = { record: index }
  const isOnePerson = [erased.requestedBy, asked?.by ?? erased.requestedBy].some((one) => {
    return isSamePerson(one, erased.by)
  })
  if (isOnePerson) report.find('erasure-one-person', at)
  if (!asked) {
    if (isWhole) report.find('erasure-unasked', at)
    return
  }
  const isSame =
    asked.by === erased.requestedBy &&
    asked.record === erased.record &&
    asked.roles.length === erased.roles.length &&
    asked.roles.every((role) => erased.roles.includes(role))
  if (!isSame) report.find('erasure-mismatch', at)
}

/**
 * What the gateway commits to and does not keep: payloads of functions that say so, results that passed
 * as a stream, and arguments of a refused call that the record must not see and that were not masked yet.
 */
async function wasNeverKept(
  { record }: SeenLeaf,
  role: PayloadRole,
  needs: { readonly rulebooks: Rulebooks; readonly remembered: Remembered },
): Promise<boolean> {
  if (record.type === 'call.chunk') return true
  if (record.type === 'call.outcome' && role === 'returned' && !record.result) return true
  const fn = await functionOf(record, needs)
  if (!fn) return false
  if (!fn.keepsPayloads && record.type !== 'approval.requested') return true
  return (
    record.type === 'call.denied' && fn.argumentMasks.some(({ from }) => from.includes('record'))
  )
}

/** Under which class payloads are kept, where the record, or the intent it follows, cites a rulebook. */
async function retentionOf(
  { record }: SeenLeaf,
  { rulebooks, remembered }: { readonly rulebooks: Rulebooks; readonly remembered: Remembered },
): Promise<string | undefined> {
  const isFirst = record.type === 'call.authorized' || record.type === 'call.denied'
  const facts = isFirst ? record : 'intent' in record ? remembered.intent(record.call) : undefined
  if (!facts?.fn || !facts.decision) return undefined
  const content = await rulebooks.content(facts.decision.policy)
  return content?.functions.get(facts.fn.name)?.retention
}

/** The function of a call's record, as the rulebook of its decision has it. */
async function functionOf(
  record: LeafRecord,
  { rulebooks, remembered }: { readonly rulebooks: Rulebooks; readonly remembered: Remembered },
): Promise<FunctionFacts | undefined> {
  const isFirst = record.type === 'call.authorized' || record.type === 'call.denied'
  const call = 'call' in record ? record.call : undefined
  const facts = isFirst ? record : call === undefined ? undefined : remembered.intent(call)
  const digest = facts?.decision?.policy ?? rulebooks.current()
  if (!facts?.fn || digest === undefined) return undefined
  return (await rulebooks.content(digest))?.functions.get(facts.fn.name)
}
