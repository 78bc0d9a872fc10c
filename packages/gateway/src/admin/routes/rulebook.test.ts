import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLeaf } from '@sallyport/evidence/parse-leaf'
import {
  type Answer,
  ask,
  broken,
  json,
  key,
  openHouse,
  question,
  v1,
} from '../../../test/admin-house.ts'
import { type Store, Unavailable } from '../../store/store.ts'

test('functions are listed, filtered and shown', async (t) => {
  const house = await openHouse(t)
  const first = await json(await ask(house, `${v1}/functions?limit=1`, { as: 'ann' }))
  assert.deepEqual(
    first.data.map(({ id }: Answer) => id),
    ['pay.list'],
  )
  const rest = await json(
    await ask(house, `${v1}/functions?cursor=${first.next_cursor}`, { as: 'ann' }),
  )
  assert.deepEqual(
    [rest.data.map(({ id }: Answer) => id), rest.next_cursor],
    [['pay.transfer'], null],
  )
  const found = await json(
    await ask(house, `${v1}/functions?q=MONEY&sensitivity=restricted`, { as: 'ann' }),
  )
  assert.deepEqual(
    found.data.map(({ id }: Answer) => id),
    ['pay.transfer'],
  )
  const one = await json(await ask(house, `${v1}/functions/pay.list`, { as: 'ann' }))
  assert.deepEqual(one.masks, [{ id: 'm1', path: '$.iban', how: 'drop', of: 'result' }])
})

test('the rulebook is shown, checked, applied and explained', async (t) => {
  const house = await openHouse(t)
  assert.equal((await json(await ask(house, `${v1}/rulebook`, { as: 'ann' }))).functions, 2)
  const checked = await json(
    await ask(house, `${v1}/rulebook/check`, { as: 'ann', method: 'POST' }),
  )
  assert.deepEqual([checked.valid, checked.errors[0].line], [false, 3])
  const applied = await json(
    await ask(house, `${v1}/rulebook/apply`, { as: 'root', method: 'POST' }),
  )
  assert.deepEqual([applied.valid, applied.changed, applied.digest], [true, true, 'sha256:next'])
  assert.deepEqual(applied.warnings, [
    { file: 'reviews.yaml', line: 9, column: 1, detail: 'corp:kim has both sides.' },
  ])
  const asked = { as: 'ann', method: 'POST', body: question } as const
  const explained = await json(await ask(house, `${v1}/policy/explain`, asked))
  assert.deepEqual([explained.effect, explained.approver_groups], ['hold', ['finance']])
  const labelled = { ...asked, body: { ...question, labels: ['untrusted'] } }
  const said = await json(await ask(house, `${v1}/policy/explain`, labelled))
  assert.equal(said.effect, 'forbid')
})

test('a rulebook with problems is not applied, and all of them are said', async (t) => {
  const rulebooks = {
    loaded: () => undefined,
    check: async () => broken,
    activate: async () => broken,
  }
  const house = await openHouse(t, { rulebooks })
  const answer = await ask(house, `${v1}/rulebook/apply`, { as: 'root', method: 'POST' })
  const body = await json(answer)
  assert.deepEqual([answer.status, body.code], [422, 'rulebook-invalid'])
  assert.deepEqual(body.errors, [
    { pointer: 'functions/pay.yaml:3:5', detail: 'No owner. Name one.' },
  ])
  assert.equal(
    (await json(await ask(house, `${v1}/rulebook`, { as: 'root' }))).code,
    'rulebook-missing',
  )
})

test('a key is shown once, listed without it, and revoked once', async (t) => {
  const house = await openHouse(t)
  const issued = await ask(house, `${v1}/keys`, { as: 'root', method: 'POST', body: key })
  const { key: text, id, created_by } = await json(issued)
  assert.deepEqual([issued.status, created_by], [201, 'operator:root'])
  assert.match(text, /^spk_/)
  const listed = await (await ask(house, `${v1}/keys`, { as: 'ann' })).text()
  assert.ok(listed.includes(id) && !listed.includes(text))
  const revoked = [1, 2].map(() => ask(house, `${v1}/keys/${id}`, { as: 'root', method: 'DELETE' }))
  const statuses = (await Promise.all(revoked)).map(({ status }) => status)
  assert.deepEqual(statuses.sort(), [204, 409])
  const leaves = (await house.store.leaves(0, 100)).map(({ bytes }) => parseLeaf(bytes).type)
  assert.deepEqual(
    ['key.issued', 'key.revoked'].map((type) => leaves.filter((one) => one === type).length),
    [1, 1],
  )
})

test('when the store is down nobody gets a key, and nothing of why is said', async (t) => {
  const cause = new Unavailable('disk on /dev/sdz is full')
  const house = await openHouse(t)
  const failing = {
    ...house.store,
    commit: (entry: Parameters<Store['commit']>[0]) =>
      entry.record.type === 'key.issued' ? Promise.reject(cause) : house.store.commit(entry),
  }
  const other = await openHouse(t, { store: failing })
  const answer = await ask(other, `${v1}/keys`, { as: 'root', method: 'POST', body: key })
  const text = await answer.text()
  assert.equal(answer.status, 503)
  assert.doesNotMatch(text, /sdz|spk_/)
  assert.equal(other.faults.length, 1)
})
