import type { Approval } from '../../model/approval.ts'
import type { BreakGlass } from '../../model/break-glass.ts'
import type { Delegation } from '../../model/delegation.ts'
import { payloadId } from '../home/payload-rows.ts'
import { sealColumn } from '../home/sealed-column.ts'
import {
  approvalColumns,
  breakGlassColumns,
  clearanceColumns,
  deferralColumns,
} from '../home/state-columns.ts'
import type { Change } from '../store.ts'
import type { Run } from './connection.ts'
import { destroy, isDestruction } from './custody.ts'
import { reviewSteps, seeGrants, seeRenamed } from './review-change.ts'
import { insert, one, replace, type Step, settle } from './step.ts'

/**
 * Applies a change within the transaction of the record `index` that is about it. False when the stored state is
 * not the expected one; nothing was changed then. Every writer holds the lock on the head of the log, so what a
 * statement compares stays true until it is committed.
 */
export async function applyChange(
  run: Run,
  change: Change,
  { index, kek }: { readonly index: number; readonly kek: Uint8Array },
): Promise<boolean> {
  if (isDestruction(change)) return destroy(run, change, index)
  const steps = stepsOf(change, index, kek)
  if (!steps) return false
  if (steps.length > 1) await run('SAVEPOINT change')
  for (const { text, values, rows } of steps) {
    if (rows === 0) continue
    const { count } = await run(text, values)
    if (rows === undefined || count === rows) continue
    if (steps.length > 1) await run('ROLLBACK TO SAVEPOINT change')
    return false
  }
  if (steps.length > 1) await run('RELEASE SAVEPOINT change')
  return true
}

/** Undefined for a change that no stored state allows. */
function stepsOf(
  change: Exclude<Change, { kind: 'erasure.approve' | 'payload.expire' }>,
  index: number,
  kek: Uint8Array,
): readonly Step[] | undefined {
  switch (change.kind) {
    case 'approval.open':
      return [insert('approval', approvalColumns(change.approval))]
    case 'approval.update': {
      const { approval, expectedRevision, clearance, breakGlass, expectedNewest } = change
      const update = replace('approval', approvalColumns(approval), expectedRevision)
      if (!update) return undefined
      return [
        onePending(update, approval),
        ...(clearance ? [insert('clearance', clearanceColumns(clearance))] : []),
        ...(breakGlass ? [openGlass(breakGlass, expectedNewest)] : []),
      ]
    }
    case 'clearance.update':
      return one(replace('clearance', clearanceColumns(change.clearance), change.expectedRevision))
    case 'break-glass.open':
      return [
        openGlass(change.breakGlass, change.expectedNewest),
        insert('clearance', clearanceColumns(change.clearance)),
      ]
    case 'break-glass.update':
      return one(
        replace('break_glass', breakGlassColumns(change.breakGlass), change.expectedRevision),
      )
    case 'delegation.make':
      return [makeDelegation(change.delegation)]
    case 'delegation.end':
      return [
        settle(
          'UPDATE delegation SET ended_ms = $2 WHERE id = $1 AND ended_ms IS NULL AND until_ms > $2',
          [change.id, change.at],
        ),
      ]
    case 'deferral.open':
    case 'deferral.update':
      return deferralSteps(change, kek)
    case 'key.issue': {
      const { id, hash } = change.key
      return [insert('api_key', { id, hash, body: JSON.stringify(change.key) })]
    }
    case 'key.revoke':
      return [
        settle('UPDATE api_key SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL', [
          ...[change.at, change.id],
        ]),
      ]
    case 'rulebook.put': {
      const { digest, content, seen } = change
      const { text, values } = insert('rulebook', { digest, content })
      return [{ text, values }, ...(seen ? [seeRenamed(seen, index), seeGrants(seen, index)] : [])]
    }
    case 'payload.read': {
      const { record, role } = change
      return [settle('SELECT 1 FROM payload WHERE id = $1', [payloadId(record, role)])]
    }
    case 'erasure.request': {
      const { id, record, state } = change.erasure
      return [insert('erasure', { id, record, state, body: JSON.stringify(change.erasure) })]
    }
    case 'principal.lock':
    case 'principal.unlock':
      return [lockStep(change, index)]
    default:
      return reviewSteps(change, index)
  }
}

function lockStep(
  change: Extract<Change, { kind: 'principal.lock' | 'principal.unlock' }>,
  index: number,
): Step {
  if (change.kind === 'principal.unlock') {
    return settle(
      `DELETE FROM principal_lock WHERE principal = $1
        AND NOT EXISTS (SELECT 1 FROM principal_lock WHERE principal = $2)`,
      [change.principal, change.by],
    )
  }
  const { principal, by } = change.lock
  return settle(
    `INSERT INTO principal_lock (record, principal, body) SELECT $1, $2, $3
      WHERE NOT EXISTS (SELECT 1 FROM principal_lock WHERE principal = $4)
      ON CONFLICT DO NOTHING`,
    [index, principal, JSON.stringify(change.lock), by],
  )
}

function openGlass(glass: BreakGlass, expectedNewest: string | undefined): Step {
  const { id, revision, by, body } = breakGlassColumns(glass)
  return settle(
    `INSERT INTO break_glass (id, revision, "by", body)
      SELECT $1::text, $2::bigint, $3::text, $4::text
      WHERE (SELECT id FROM break_glass ORDER BY number DESC LIMIT 1) IS NOT DISTINCT FROM $5::text
      ON CONFLICT DO NOTHING`,
    [id, revision, by, body, expectedNewest ?? null],
  )
}

function makeDelegation(delegation: Delegation): Step {
  const { id, from, to, until, createdAt } = delegation
  return settle(
    `INSERT INTO delegation (id, "from", "to", until_ms, body)
      SELECT $1::text, $2::text, $3::text, $4::bigint, $5::text
      WHERE NOT EXISTS (SELECT 1 FROM delegation WHERE "from" = $2
        AND until_ms > $6::bigint AND (ended_ms IS NULL OR ended_ms > $6::bigint))
      ON CONFLICT DO NOTHING`,
    [id, from, to, until, JSON.stringify(delegation), createdAt],
  )
}

function deferralSteps(
  change: Extract<Change, { kind: 'deferral.open' | 'deferral.update' }>,
  kek: Uint8Array,
): readonly Step[] | undefined {
  const { deferral } = change
  const sealed = (column: 'request' | 'result', bytes: Uint8Array) => ({
    [column]: sealColumn(kek, bytes, { table: 'deferral', column, id: deferral.id }),
  })
  const columns = deferralColumns(deferral)
  if (change.kind === 'deferral.open') {
    const row = { ...columns, ...sealed('request', change.request) }
    return [insert('deferral', row), insert('approval', approvalColumns(change.approval))]
  }
  const bytes = change.result ? sealed('result', change.result) : {}
  const kept = change.forget ? { request: null, result: null } : bytes
  return one(replace('deferral', { ...columns, ...kept }, change.expectedRevision))
}

/** A question that is to be pending (again) is not where another with its digest is. */
function onePending(step: Step, { id, digest, state }: Approval): Step {
  if (state !== 'PENDING') return step
  const next = step.values.length
  return {
    ...step,
    text: `${step.text} AND NOT EXISTS (SELECT 1 FROM approval
      WHERE digest = $${next + 1} AND state = 'PENDING' AND id <> $${next + 2})`,
    values: [...step.values, digest, id],
  }
}
