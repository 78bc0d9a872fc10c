import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertSoundLog, type House, openHouse, root, since } from './house.ts'
import { assertVerifies } from './published-log.ts'
import { writeRulebook } from './rules.ts'
import { answer } from './upstream.ts'

const rule = (id: string, sides: string, more: string) =>
  `  - { id: ${id}, reason: Two people do ${id}, ${sides}, ${more} }\n`
const about = (left: string, right: string) => `object: { left: ${left}, right: ${right} }`

/** Items are vendors here; transfers and refunds go `to` one. */
const reviews = `duties:
${rule('pay', 'left: [up.item], right: [up.transfer]', `${about('$.id', '$.to')}, effect: deny`)}\
${rule('refund', 'left: [up.order], right: [up.refund]', `${about('$.id', '$.to')}, effect: approve, approvers: [approvers]`)}\
${rule('look', 'left: [up.item], right: [up.refund]', `${about('$.id', '$.to')}, effect: flag`)}\
${rule('write', 'left: [up.write], right: [up.order]', `${about('$.vendor', '$.id')}, effect: deny`)}`
const held = (effect: string) =>
  rule('hold', 'left: [up.item], right: [up.upload]', `effect: ${effect}`)
const approvals = "people:\n  - { id: 'corp:tess', accounts: ['corp:tess.admin'] }\n"

type Who = 'tess' | 'tess.admin' | 'tom'
type Acts = {
  readonly create: (who: Who, vendor: string) => Promise<string>
  readonly pay: (who: Who, vendor: string) => Promise<string>
}

/** How these people fare with these vendors: the refusals' codes, or `ok`. */
async function actsIn(house: House): Promise<Acts> {
  const groups = ['callers']
  const tokens: Readonly<Record<Who, string>> = {
    tess: house.token,
    'tess.admin': await house.idp.token({ sub: 'tess.admin', groups }),
    tom: await house.idp.token({ sub: 'tom', groups }),
  }
  const code = async (who: Who, path: string, json: object) =>
    (await house.call(path, { token: tokens[who], json })).code
  return {
    create: (who, vendor) => code(who, `/up/items/${vendor}`, { name: 'n' }),
    pay: (who, vendor) => code(who, '/up/transfers', { to: vendor, amount: 1 }),
  }
}

const cases: Readonly<Record<string, (house: House, acts: Acts) => Promise<void>>> = {
  'who did one part is refused the other, about the same thing': async (house, acts) => {
    assert.equal(await acts.create('tess', 'v-1'), 'ok')
    const now = since(house)
    assert.equal(await acts.pay('tess', 'v-1'), 'duties-conflict')
    assert.equal(now.reached(), 0)
    const [denial] = now.leaves()
    assert.deepEqual(
      [denial?.type, denial?.code, denial?.duties],
      ['call.denied', 'duties-conflict', ['pay']],
    )
    assert.equal(await acts.pay('tess', 'v-2'), 'ok')
    assert.equal(await acts.pay('tom', 'v-1'), 'ok')
  },
  'in either order, and under any of their accounts': async (_, acts) => {
    assert.equal(await acts.pay('tess.admin', 'v-1'), 'duties-conflict')
    assert.equal(await acts.create('tom', 'v-1'), 'duties-conflict')
    assert.equal(await acts.create('tess.admin', 'v-2'), 'duties-conflict')
    assert.equal(await acts.create('tom', 'v-2'), 'ok')
  },
  'again and again is no conflict': async (_, acts) => {
    assert.equal(await acts.create('tess', 'v-1'), 'ok')
    assert.equal(await acts.pay('tom', 'v-1'), 'ok')
  },
  'both at the same time: one of them is refused': async (_, acts) => {
    for (let round = 0; round < 8; round++) {
      const vendor = `r-${round}`
      const codes = await Promise.all([
        acts.create(round % 2 === 0 ? 'tess' : 'tess.admin', vendor),
        acts.pay('tess', vendor),
      ])
      assert.deepEqual(codes.toSorted(), ['duties-conflict', 'ok'], vendor)
    }
  },
  'people may agree to it': async (house) => {
    const order = await house.call('/up/orders/o-1', { json: { amount: 1 } })
    assert.equal(order.code, 'ok')
    const refund = (headers: Readonly<Record<string, string>>) =>
      house.call('/up/refunds', { json: { to: 'o-1', amount: 1 }, headers })
    const asked = await refund({ prefer: 'wait=0' })
    assert.deepEqual(
      [asked.code, asked.json().causes, asked.json().groups],
      ['approval-required', ['duty'], ['approvers']],
    )
    assert.equal((await house.approve(asked.approval)).status, 200)
    const now = since(house)
    assert.equal((await refund({ 'sallyport-approval': asked.approval })).code, 'ok')
    const intent = now.leaves().find(({ type }) => type === 'call.authorized')
    assert.deepEqual(intent?.duties, ['refund'])
  },
  'what is only flagged is named in the record': async (house) => {
    const now = since(house)
    const refund = await house.call('/up/refunds', { json: { to: 'v-1', amount: 1 } })
    assert.equal(refund.code, 'ok')
    const intent = now.leaves().find(({ type }) => type === 'call.authorized')
    assert.deepEqual(intent?.duties, ['look'])
  },
  'what does not say what it is about cannot be compared': async (house) => {
    const write = (json: object) => house.call('/up/write', { json })
    const blind = await write({ name: 'n' })
    assert.deepEqual([blind.code, blind.json().duties], ['duties-conflict', ['write']])
    assert.equal((await write({ vendor: 'v-9' })).code, 'ok')
  },
  'who would hold both sides: a warning, or no rulebook': async (house) => {
    writeRulebook(house.rulebook, { 'reviews.yaml': reviews + held('flag') })
    const flagged = await house.admin(root, 'POST', '/rulebook/check')
    assert.equal(flagged.json().valid, true, flagged.text())
    assert.match(flagged.json().warnings[0].detail, /Whoever is in `callers` has both sides/)
    writeRulebook(house.rulebook, { 'reviews.yaml': reviews + held('deny') })
    const denied = await house.admin(root, 'POST', '/rulebook/check')
    assert.equal(denied.json().valid, false)
    assert.match(denied.json().errors[0].detail, /Whoever is in `callers` has both sides/)
  },
}

test('duties are separated', async (t) => {
  const house = await openHouse(t)
  house.upstream.script = answer({ body: '{}' })
  writeRulebook(house.rulebook, { 'reviews.yaml': reviews, 'approvals.yaml': approvals })
  const applied = await house.admin(root, 'POST', '/rulebook/apply', {})
  assert.equal(applied.status, 200, applied.text())
  const acts = await actsIn(house)
  for (const [name, check] of Object.entries(cases)) await t.test(name, () => check(house, acts))
  await t.test('the log is sound, and verifies', async () => {
    assertSoundLog(house)
    await house.stop()
    assert.deepEqual(await assertVerifies(house.home), [])
  })
})
