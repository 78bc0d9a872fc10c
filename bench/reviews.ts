/**
 * `npm run bench:reviews`: a campaign of 1,000 and one of 10,000 grants on an embedded store in a file, from the
 * rulebook to the pack: opened and frozen, one in ten looked at, the low ones decided in bulk and the rest one by one,
 * applied and verified by the policy engine, closed with its pack. What is linear costs the same for each grant.
 */
import { randomUUIDv7 } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Person } from '../packages/gateway/src/approval/ballot.ts'
import { limits } from '../packages/gateway/src/config/limits.ts'
import type { Campaign, ReviewItem } from '../packages/gateway/src/model/campaign.ts'
import { openReviewDesk, type ReviewDesk } from '../packages/gateway/src/review/desk.ts'
import { openStandings } from '../packages/gateway/src/review/standings.ts'
import { inTurns } from '../packages/gateway/src/review/turns.ts'
import { openSqlite } from '../packages/gateway/src/store/sqlite/open.ts'
import type { Store } from '../packages/gateway/src/store/store.ts'
import {
  boss,
  dana,
  functionOf,
  permit,
  reviewRules,
} from '../packages/gateway/test/review-yard.ts'

const { values } = parseArgs({ options: { grants: { type: 'string', default: '1000,10000' } } })

for (const count of values.grants.split(',').map(Number)) {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-reviews-'))
  try {
    await measure(count, join(folder, 'store.db'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measure(count: number, path: string): Promise<void> {
  const timed = timer(count)
  const risks = ['low', 'high'] as const
  const functions = Array.from({ length: 20 }, (_, n) => functionOf(`f${n}`, risks[n % 2] ?? 'low'))
  const policies = Array.from({ length: count }, (_, n) =>
    permit(`grant-${n}`, `== User::"corp:user-${n}"`, `pay.f${n % 20}`),
  )
  const rules = await timed('rulebook compiled', async () =>
    reviewRules(policies.join(''), { functions }),
  )
  const kek = new Uint8Array(32).fill(1)
  const store = await openSqlite({ path, instance: 'bench', boot: randomUUIDv7(), kek })
  const fail = (cause: unknown) => {
    throw cause
  }
  const needs = { store, limits, now: Date.now, onFailure: fail }
  const standings = openStandings({ ...needs, elapsed: () => performance.now() })
  const desk = openReviewDesk({
    ...needs,
    bindingKey: kek,
    newId: randomUUIDv7,
    rules: () => rules,
    isLocked: () => false,
    took: standings.took,
    freshness: standings.freshness,
  })
  const grants = rules.grants.map(({ id, content }) => ({ grant: id, content }))
  await timed('grants put down', () =>
    store.commit({
      record: {
        type: 'rulebook.activated',
        time: new Date().toISOString(),
        ...{ digest: rules.rulebook.digest, previous: 'none', by: 'bench' },
      },
      payloads: [],
      change: {
        ...{ kind: 'rulebook.put', digest: rules.rulebook.digest, content: '{}' },
        seen: { grants, at: Date.now() },
      },
    }),
  )
  await timed('standings read', standings.refresh)
  await review({ desk, store, timed })
  await timed('grants listed with their use', () =>
    desk.grants({ fits: () => true, limit: Number.POSITIVE_INFINITY }),
  )
  await timed('forecast of 365 days', () => desk.forecast({ days: 365 }))
  await desk.close()
  await standings.close()
  await store.close()
}

async function review(bench: {
  readonly desk: ReviewDesk
  readonly store: Store
  readonly timed: ReturnType<typeof timer>
}): Promise<void> {
  const { desk, store, timed } = bench
  const campaign = await timed('campaign opened and frozen', async () => start(desk))
  const items = await itemsOf(store, campaign.id)
  const low = items.filter(({ tier }) => tier === 'low')
  const high = items.filter(({ tier }) => tier !== 'low')
  await timed('low ones decided in bulk, applied, verified', async () => {
    for (let at = 0; at < low.length; at += limits.reviewBulkItems) {
      const part = low.slice(at, at + limits.reviewBulkItems)
      const shown = await look(desk, part.slice(0, Math.ceil(part.length / 10)), dana)
      await inBulk(
        desk,
        part.map(({ id }) => id),
        shown,
      )
    }
  })
  await timed('high ones looked at and decided one by one', () =>
    inTurns(high, 64, async (item) => {
      const [proof = ''] = await look(desk, [item], dana)
      const asked = { item: item.id, person: dana, reason: 'Needed.', shown: proof } as const
      const done = await desk.decide({ ...asked, decision: 'keep' })
      if (!('item' in done)) throw new Error(done.refused)
    }),
  )
  const closed = await timed('closed', () => desk.closeCampaign({ id: campaign.id, person: boss }))
  if (!('campaign' in closed)) throw new Error(closed.refused)
  const counts = await desk.itemCounts(campaign.id)
  if (counts.VERIFIED !== items.length) throw new Error(JSON.stringify(counts))
  const pack = await timed('pack written', () => desk.pack(campaign.id))
  if ('refused' in pack) throw new Error(pack.refused)
  const bytes = pack.reduce((sum, file) => sum + file.bytes.length, 0)
  print(`  pack of ${(bytes / 2 ** 20).toFixed(1)} MiB`)
}

async function start(desk: ReviewDesk): Promise<Campaign> {
  const day = 86_400_000
  const started = await desk.startCampaign({
    ...{ person: boss, name: 'Everything', scope: {}, reviewers: [{ kind: 'owner' }] },
    dueAt: Date.now() + 7 * day,
    graceUntil: Date.now() + 14 * day,
  })
  if (!('campaign' in started)) throw new Error(`${started.refused} ${started.detail ?? ''}`)
  return started.campaign
}

async function look(
  desk: ReviewDesk,
  items: readonly ReviewItem[],
  person: Person,
): Promise<readonly string[]> {
  return inTurns(items, 64, async ({ id }) => (await desk.item(id, person))?.shown ?? '')
}

async function inBulk(
  desk: ReviewDesk,
  items: readonly string[],
  shown: readonly string[],
): Promise<void> {
  const asked = { items, person: dana, decision: 'keep', reason: 'All needed.', shown } as const
  const done = await desk.decideInBulk(asked)
  if (!('decided' in done)) throw new Error(done.refused)
  const [first] = done.refused
  if (first) throw new Error(`${done.refused.length} refused: ${first.refused}`)
}

async function itemsOf(store: Store, campaign: string): Promise<readonly ReviewItem[]> {
  const items: ReviewItem[] = []
  for (let before: string | undefined; ; ) {
    const limit = 500
    const page = await store.reviewItems({
      ...{ campaign, limit },
      ...(before !== undefined && { before }),
    })
    items.push(...page)
    before = page.at(-1)?.id
    if (before === undefined || page.length < limit) return items
  }
}

function timer(count: number) {
  print(`${count} grants`)
  return async <Result>(what: string, work: () => Promise<Result>): Promise<Result> => {
    const started = performance.now()
    const result = await work()
    const ms = performance.now() - started
    print(
      `  ${what.padEnd(46)} ${ms.toFixed(0).padStart(8)} ms ${(ms / count).toFixed(3).padStart(8)} ms each`,
    )
    return result
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
