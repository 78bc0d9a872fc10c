import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Seen } from './caller.ts'
import { type House, type Person, root } from './house.ts'
import { olga, otto } from './review-rules.ts'

/** How people run a campaign at the admin API of a house with the rules of review-rules.ts. */

// biome-ignore lint/suspicious/noExplicitAny: what came over the wire is looked at member by member.
export type Row = Record<string, any>

export const all: readonly string[] = [
  'callers-erase',
  'callers-items',
  'callers-read',
  'callers-transfer',
  'small-orders',
]
const day = 86_400_000
export const inDays = (days: number): string => new Date(Date.now() + days * day).toISOString()
export const reason = 'as the test says'

/** Asks, and it is answered so. */
export async function said(
  house: House,
  person: Person,
  method: string,
  path: string,
  body?: unknown,
  status = 200,
): Promise<Row> {
  const given = body === undefined && method === 'POST' ? {} : body
  const seen = await house.admin(person, method, path, given)
  assert.equal(seen.status, status, `${method} ${path}: ${seen.text()}`)
  return seen.json()
}

export const why = (seen: Seen): unknown => seen.json().errors?.[0]?.detail

export const campaignOf = (name: string): object => ({
  name,
  scope: { owners: ['team'] },
  reviewers: [{ kind: 'owner' }],
  due_at: inDays(7),
  grace_until: inDays(14),
})

export async function started(house: House): Promise<string> {
  const asked = campaignOf('First quarter')
  const { preview } = await said(house, root, 'POST', '/reviews', { ...asked, dry_run: true }, 201)
  assert.deepEqual([preview.count, preview.nobody], [all.length, []])
  assert.deepEqual((await said(house, root, 'GET', '/reviews')).data, [])
  const { campaign } = await said(house, root, 'POST', '/reviews', asked, 201)
  assert.deepEqual([campaign.state, campaign.population.count], ['ACTIVE', all.length])
  const early = await house.admin(root, 'POST', `/reviews/${campaign.id}/close`, {})
  assert.deepEqual([early.status, why(early)], [409, 'campaign-open'])
  return campaign.id
}

/** Ids of its items, by grant. */
export async function itemsOf(
  house: House,
  campaign: string,
): Promise<ReadonlyMap<string, string>> {
  const { data } = await said(house, olga, 'GET', `/reviews/${campaign}/items?mine=true`)
  const none = await said(
    house,
    { sub: 'eve', groups: ['sales'] },
    'GET',
    `/reviews/${campaign}/items`,
  )
  assert.deepEqual(none.data, [])
  return new Map(data.map(({ grant, id }: Row) => [grant, id]))
}

export async function decidedInBulk(
  house: House,
  campaign: string,
  items: ReadonlyMap<string, string>,
): Promise<void> {
  const ids = ['callers-read', 'callers-items', 'callers-transfer'].map((one) => items.get(one))
  const bulk = { items: ids, decision: 'keep', reason }
  const unseen = await house.admin(olga, 'POST', `/reviews/${campaign}/bulk`, {
    ...bulk,
    shown: [],
  })
  assert.deepEqual([unseen.status, why(unseen)], [409, 'look-first'])
  const { shown } = await said(house, olga, 'GET', `/reviews/${campaign}/items/${ids[0]}`)
  const done = await said(house, olga, 'POST', `/reviews/${campaign}/bulk`, {
    ...bulk,
    shown: [shown],
  })
  assert.equal(done.decided, 2, JSON.stringify(done))
  assert.deepEqual(
    done.refused.map(({ item }: Row) => item),
    [items.get('callers-transfer')],
    'what is high is not kept in bulk',
  )
}

/** One is revoked, one narrowed; the critical one is kept by two people. */
export async function decidedOneByOne(
  house: House,
  campaign: string,
  items: ReadonlyMap<string, string>,
): Promise<void> {
  const decide = async (person: Person, grant: string, decided: object) => {
    const path = `/reviews/${campaign}/items/${items.get(grant)}`
    const { shown } = await said(house, person, 'GET', path)
    return said(house, person, 'POST', `${path}/decide`, { reason, shown, ...decided })
  }
  const path = `/reviews/${campaign}/items/${items.get('callers-transfer')}/decide`
  const unseen = await house.admin(olga, 'POST', path, {
    decision: 'keep',
    reason,
    shown: 'guessed',
  })
  assert.deepEqual([unseen.status, why(unseen)], [409, 'other-shown'])
  const revoked = await decide(olga, 'callers-transfer', { decision: 'revoke' })
  assert.deepEqual(
    [revoked.state, revoked.remediation?.answer],
    ['VERIFIED', 'forbid'],
    'the policy engine was asked',
  )
  await decide(olga, 'small-orders', { decision: 'narrow', when: ['context.args.amount < 50'] })
  const first = await decide(olga, 'callers-erase', { decision: 'keep' })
  assert.equal(first.state, 'SECOND_LEVEL')
  await decide(otto, 'callers-erase', { decision: 'keep' })
}

/** As an auditor takes it away by the command line: the log binds the manifest, and the manifest every file. */
export async function assertPackIsBound(house: House, campaign: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-pack-'))
  try {
    const out = join(folder, 'pack')
    const exported = await sallyport(house, ['reviews', 'export', campaign, '--out', out])
    assert.equal(exported.code, 0, exported.text)
    const read = (name: string) => readFileSync(join(out, name))
    const closed = house.records().find(({ type }) => type === 'campaign.closed')
    assert.deepEqual(
      [closed?.campaign, closed?.manifest],
      [campaign, hashOf(read('manifest.json'))],
    )
    const { files } = JSON.parse(read('manifest.json').toString())
    assert.deepEqual(
      files.map(({ name, sha256 }: Row) => [name, sha256]),
      ['campaign.json', 'population.ndjson', 'items.ndjson', 'summary.html'].map((name) => [
        name,
        hashOf(read(name)),
      ]),
    )
    assert.equal(closed?.population, hashOf(read('population.ndjson')), 'as it was frozen')
    const items = read('items.ndjson').toString().trimEnd().split('\n')
    const ends = items.map((line) => JSON.parse(line)).map(({ grant, state }) => [grant, state])
    assert.deepEqual(
      ends.toSorted(),
      all.map((grant) => [grant, 'VERIFIED']),
    )
    await assertVerifiesAndNotWhenChanged(house, { folder, out })
    const shown = await sallyport(house, ['reviews', 'show', campaign])
    assert.match(shown.text, /state +closed/)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function assertVerifiesAndNotWhenChanged(
  house: House,
  { folder, out }: { readonly folder: string; readonly out: string },
): Promise<void> {
  const trust = join(folder, 'trust.txt')
  writeFileSync(trust, (await sallyport(house, ['evidence', 'trust'])).text)
  const verify = () => sallyport(house, ['evidence', 'verify', out, '--trust', trust])
  const sound = await verify()
  assert.equal(sound.code, 0, sound.text)
  const file = join(out, 'items.ndjson')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('"decision":"revoke"', '"decision":"keep"'))
  const changed = await verify()
  assert.equal(changed.code, 7, changed.text)
  writeFileSync(file, text)
}

const hashOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** The command line as an auditor who is signed in runs it. */
async function sallyport(
  house: House,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly text: string }> {
  const ann = { sub: 'ann', groups: ['auditor', 'admin'], aud: 'house-admin' }
  const env = {
    ...process.env,
    SALLYPORT_ADMIN_URL: house.adminUrl(),
    SALLYPORT_ADMIN_TOKEN: await house.idp.token(ann),
  }
  const child = spawn(process.execPath, [bin, ...args], { env })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (piece: Buffer) => {
      text += piece.toString()
    })
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, text }
}

const bin = join(import.meta.dirname, '../bin/sallyport.js')
