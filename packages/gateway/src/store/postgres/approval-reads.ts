import type { Approval } from '../../model/approval.ts'
import type { BreakGlass } from '../../model/break-glass.ts'
import type { Clearance } from '../../model/clearance.ts'
import type { Deferral } from '../../model/deferral.ts'
import type { Delegation } from '../../model/delegation.ts'
import type { Approvals, BreakGlasses, Clearances, Deferrals, Delegations } from '../approvals.ts'
import { openColumn } from '../home/sealed-column.ts'
import { Unavailable } from '../store.ts'
import type { Row, Run } from './connection.ts'
import { bounded, page, rowsMax } from './page.ts'

/** Questions put to people, and all that comes of them. */
export function approvalReads(
  run: Run,
  kek: Uint8Array,
): Approvals & Clearances & BreakGlasses & Delegations & Deferrals {
  return {
    ...questionReads(run),
    ...clearanceReads(run),
    ...delegationReads(run),
    ...deferralReads(run, kek),
  }
}

function questionReads(run: Run): Approvals & BreakGlasses {
  return {
    approval: async (id) =>
      first<Approval>(await run('SELECT body FROM approval WHERE id = $1', [id])),
    pendingApproval: async (digest) =>
      first<Approval>(
        await run("SELECT body FROM approval WHERE digest = $1 AND state = 'PENDING'", [digest]),
      ),
    deniedApproval: async (digest) =>
      first<Approval>(
        await run(
          `SELECT body FROM approval WHERE digest = $1 AND state = 'DENIED'
            ORDER BY number DESC LIMIT 1`,
          [digest],
        ),
      ),
    approvals: async ({ state, ...query }) =>
      bodies<Approval>(await page(run, query, { table: 'approval', filters: { state } })),
    breakGlass: async (id) =>
      first<BreakGlass>(await run('SELECT body FROM break_glass WHERE id = $1', [id])),
    breakGlasses: async ({ by, ...query }) =>
      bodies<BreakGlass>(await page(run, query, { table: 'break_glass', filters: { by } })),
  }
}

function clearanceReads(run: Run): Clearances {
  return {
    clearance: async (id) =>
      first<Clearance>(await run('SELECT body FROM clearance WHERE id = $1', [id])),
    clearances: async ({ state, subject, ...query }) =>
      bodies<Clearance>(
        await page(run, query, { table: 'clearance', filters: { state, subject } }),
      ),
    standingClearances: async (subject) =>
      bodies<Clearance>(
        await run(
          `SELECT body FROM clearance WHERE subject = $1 AND kind <> 'call'
            AND state IN ('ISSUED', 'ACTIVE', 'IN_USE') ORDER BY number DESC LIMIT 100`,
          [subject],
        ),
      ),
  }
}

function delegationReads(run: Run): Delegations {
  return {
    delegations: async ({ at, from, to }) => {
      const { rows } = await run(
        `SELECT body, ended_ms FROM delegation
          WHERE until_ms > $1 AND (ended_ms IS NULL OR ended_ms > $1)
            AND ($2::text IS NULL OR "from" = $2) AND ($3::text IS NULL OR "to" = $3)
          ORDER BY number DESC LIMIT ${rowsMax}`,
        [at, from ?? null, to ?? null],
      )
      return rows.map(({ body, ended_ms: endedAt }): Delegation => {
        const made: Delegation = JSON.parse(body)
        return endedAt === null ? made : { ...made, endedAt }
      })
    },
  }
}

function deferralReads(run: Run, kek: Uint8Array): Deferrals {
  const bytesOf = (column: 'request' | 'result') => async (id: string) => {
    const { rows } = await run(`SELECT ${column} AS sealed FROM deferral WHERE id = $1`, [id])
    const sealed = rows[0]?.sealed
    if (!(sealed instanceof Uint8Array)) return undefined
    try {
      return openColumn(kek, sealed, { table: 'deferral', column, id })
    } catch (cause) {
      throw new Unavailable('the store cannot be read', { cause })
    }
  }
  return {
    deferral: async (id) =>
      first<Deferral>(await run('SELECT body FROM deferral WHERE id = $1', [id])),
    deferrals: async ({ state, limit }) =>
      bodies<Deferral>(
        await run('SELECT body FROM deferral WHERE state = $1 ORDER BY number LIMIT $2', [
          ...[state, bounded(limit)],
        ]),
      ),
    deferredRequest: bytesOf('request'),
    deferredResult: bytesOf('result'),
  }
}

type Found = { readonly rows: readonly Row[] }

function first<Body>({ rows }: Found): Body | undefined {
  return rows[0] && JSON.parse(rows[0].body)
}

function bodies<Body>({ rows }: Found): readonly Body[] {
  return rows.map(({ body }): Body => JSON.parse(body))
}
