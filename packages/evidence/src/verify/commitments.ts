import { payloadRolesOf } from '../parse-leaf.ts'
import { type LeafRecord, type PayloadRole, payloadRoles } from '../record.ts'
import { type ErasureNeeds, openErasures } from './erasures.ts'
import { watchExpiry } from './expiry.ts'
import { openPayloadSet } from './payload-set.ts'
import { type Disclosed, type Payloads, payloadPath } from './payloads.ts'
import { checkExport, checkReading } from './readings.ts'
import { type RetentionNeeds, retentionOf, wasNeverKept } from './retention.ts'
import { type Soon, soon } from './soon.ts'
import type { Gone } from './verdict.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

type Needs = RetentionNeeds & ErasureNeeds & { readonly payloads: Payloads }

export type Commitments = Watch & {
  /** What became of payloads of the records seen so far. */
  readonly gone: () => Gone
}

/**
 * Each disclosed payload is what its record commits to. One that is missing was never kept, was erased
 * by two people, expired, or was lost when the database was rebuilt; nothing else explains it. One that is recorded as gone is gone.
 */
export function watchCommitments(scene: Scene, needs: Needs): Commitments {
  const { report, isWhole, inventory, manifest } = scene
  const isDisclosed = manifest?.payloads === true
  const unclaimed = inventory.payloads.copy()
  const expiry = watchExpiry(scene)
  const erasures = openErasures(scene, { ...needs, rolesOf: expiry.rolesOf })
  const tally = openTally(isDisclosed)
  const absent = openAbsent(scene, tally)
  if (!isDisclosed) report.notChecked('commitments', 'payloads are not disclosed')
  else if (!isWhole) report.partly('commitments', 'only a part of the records is shown')

  const look = openLook(scene, needs, { unexplained: absent.add, neverKept: tally.neverKept })
  const lookAtAll = (leaf: SeenLeaf): Soon<void> => {
    const roles = payloadRolesOf(leaf.record)
    if (roles.length === 0) return
    return soon(retentionOf(leaf, needs), (retention) => {
      expiry.note(leaf, retention)
      for (const role of roles) unclaimed.delete(leaf.index, role)
      return look(leaf, roles)
    })
  }
  return {
    gone: tally.gone,
    see: (leaf) => {
      const { index, record } = leaf
      const at = { record: index }
      switch (record.type) {
        case 'erasure.requested':
          return erasures.ask(index, record)
        case 'payload.erased':
          report.examined('commitments')
          absent.gone(index, record.record, record.roles)
          return erasures.erase(at, record).then((isByTwo) => {
            const isShown = (expiry.rolesOf(record.record) ?? []).length > 0
            if (isByTwo && isShown) tally.erased(record.record, record.roles.length)
            expiry.gone(record.record, record.roles)
          })
        case 'payload.expired':
          report.examined('commitments')
          expiry.check(index, record)
          for (const one of record.records) {
            tally.expired((expiry.rolesOf(one) ?? []).length)
            expiry.gone(one, payloadRoles)
            absent.gone(index, one, payloadRoles)
          }
          return
        case 'payload.read':
          return checkReading(scene, { index, record }, expiry.rolesOf)
        case 'evidence.exported':
          return checkExport(report, { index, record })
        case 'log.recovered':
          return absent.lost(index, record)
        default:
          return lookAtAll(leaf)
      }
    },
    end: () => {
      absent.end()
      for (const [record, roles] of unclaimed.entries()) {
        for (const role of roles)
          report.find('file-unexpected', { file: payloadPath(record, role) })
      }
    },
  }
}

/** Payloads that are not there, until a record says why. */
function openAbsent(
  { report, isWhole, inventory }: Scene,
  tally: Pick<ReturnType<typeof openTally>, 'lost'>,
) {
  let unexplained = openPayloadSet()
  return {
    add: ({ index }: SeenLeaf, role: PayloadRole) => unexplained.add(index, role),
    gone: (index: number, record: number, roles: readonly PayloadRole[]) => {
      for (const role of roles) {
        unexplained.delete(record, role)
        if (!inventory.payloads.has(record, role)) continue
        report.find('payload-present', { record: index, file: payloadPath(record, role) })
      }
    },
    /** One notice for all of them: a rebuilt database may have lost the payloads of millions. */
    lost: (index: number, { kept, size }: Extract<LeafRecord, { type: 'log.recovered' }>) => {
      let records = 0
      const left = openPayloadSet()
      for (const [record, roles] of unexplained.entries()) {
        if (record >= kept && record < size) {
          records += 1
          tally.lost(roles.length)
        } else for (const role of roles) left.add(record, role)
      }
      unexplained = left
      if (records === 0) return
      const detail = `of ${records} records from ${kept} on`
      report.find('payload-lost', { record: index, detail })
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
    },
  }
}

/** Looks at the payloads of a record, one after the other, and tells which one nothing explains so far. */
function openLook(
  { report, manifest }: Scene,
  needs: Needs,
  tell: {
    readonly unexplained: (leaf: SeenLeaf, role: PayloadRole) => void
    readonly neverKept: () => void
  },
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
        if (isExplained) tell.neverKept()
        else tell.unexplained(leaf, role)
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

/** Counts what the log says of payloads that are gone, and, where payloads are disclosed, what was never there. */
function openTally(isDisclosed: boolean) {
  const erasedOf = new Set<number>()
  const counts = { erased: 0, expired: 0, lost: 0, neverKept: 0 }
  return {
    erased: (record: number, payloads: number) => {
      counts.erased += payloads
      if (erasedOf.size < erasedOfMax) erasedOf.add(record)
    },
    expired: (payloads: number) => {
      counts.expired += payloads
    },
    lost: (payloads: number) => {
      counts.lost += payloads
    },
    neverKept: () => {
      counts.neverKept += 1
    },
    gone: (): Gone => {
      const { lost, neverKept, ...said } = counts
      return { ...said, ...(isDisclosed && { lost, neverKept }), erasedOf: [...erasedOf] }
    },
  }
}

/** Two people each time: whoever wants more of them looks for the records of it. */
const erasedOfMax = 100
