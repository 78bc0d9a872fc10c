import { payloadRolesOf } from '../parse-leaf.ts'
import { type LeafRecord, type PayloadRole, payloadRoles } from '../record.ts'
import { watchExpiry } from './expiry.ts'
import { openPayloadSet } from './payload-set.ts'
import { type Disclosed, type Payloads, payloadPath } from './payloads.ts'
import { isSamePerson } from './people.ts'
import { type RetentionNeeds, retentionOf, wasNeverKept } from './retention.ts'
import { type Soon, soon } from './soon.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

type Needs = RetentionNeeds & { readonly payloads: Payloads }

/**
 * Each disclosed payload is what its record commits to. One that is missing was never kept, was erased
 * by two people, expired, or was lost when the database was rebuilt; nothing else explains it. One that is recorded as gone is gone.
 */
export function watchCommitments(scene: Scene, needs: Needs): Watch {
  const { report, isWhole, inventory, manifest } = scene
  const isDisclosed = manifest?.payloads === true
  let unexplained = openPayloadSet()
  const asked = new Map<string, Asked>()
  const unclaimed = inventory.payloads.copy()
  const expiry = watchExpiry(scene)
  if (!isDisclosed) report.notChecked('commitments', 'payloads are not disclosed')
  else if (!isWhole) report.partly('commitments', 'only a part of the records is shown')

  const look = openLook(scene, needs, (leaf, role) => unexplained.add(leaf.index, role))
  const lookAtAll = (leaf: SeenLeaf): Soon<void> => {
    const roles = payloadRolesOf(leaf.record)
    if (roles.length === 0) return
    return soon(retentionOf(leaf, needs), (retention) => {
      expiry.note(leaf, retention)
      for (const role of roles) unclaimed.delete(leaf.index, role)
      return look(leaf, roles)
    })
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
      return lookAtAll(leaf)
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

/** Looks at the payloads of a record, one after the other, and tells which one nothing explains so far. */
function openLook(
  { report, manifest }: Scene,
  needs: Needs,
  unexplained: (leaf: SeenLeaf, role: PayloadRole) => void,
): (leaf: SeenLeaf, roles: readonly PayloadRole[]) => Soon<void> {
  const isDisclosed = manifest?.payloads === true
  const judge = (leaf: SeenLeaf, role: PayloadRole, disclosed: Disclosed): Soon<void> => {
    const at = { record: leaf.index, file: payloadPath(leaf.index, role) }
    if ('bytes' in disclosed) report.examined('commitments')
    else if (disclosed.missing === 'malformed')
      report.find('payload-malformed', { record: leaf.index })
    else if (disclosed.missing === 'mismatch') report.find('payload-mismatch', at)
    else {
      return soon(wasNeverKept(leaf, role, needs), (isExplained) => {
        if (!isExplained) unexplained(leaf, role)
      })
    }
  }
  const lookAt = (leaf: SeenLeaf, role: PayloadRole): Soon<void> => {
    return soon(needs.payloads.open(leaf, role), (disclosed) => {
      const isAbsent = 'missing' in disclosed && disclosed.missing === 'absent'
      return isAbsent && !isDisclosed ? undefined : judge(leaf, role, disclosed)
    })
  }
  const look = (leaf: SeenLeaf, roles: readonly PayloadRole[]): Soon<void> => {
    for (const [at, role] of roles.entries()) {
      const looked = lookAt(leaf, role)
      if (looked instanceof Promise) return looked.then(() => look(leaf, roles.slice(at + 1)))
    }
  }
  return look
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
