import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Answer,
  ask,
  type House,
  json,
  type Name,
  openHouse,
  v1,
} from '../../../test/admin-house.ts'
import { commitApproval } from '../../../test/stored-calls.ts'
import {
  type ApprovalRules,
  type BreakGlassRules,
  noApprovalRules,
} from '../../model/approval-rules.ts'

const rules: BreakGlassRules = {
  people: ['corp:dana'],
  functions: ['pay.*'],
  forMsMax: 1_800_000,
  acr: [],
  amr: ['mfa'],
  signedInWithinMs: 300_000,
  reviewers: ['reviewers'],
  reviewWithinMs: 86_400_000,
  notify: ['ops'],
  usesPer30Days: 2,
}
const withGlass = (changes: Partial<BreakGlassRules> = {}): ApprovalRules => ({
  ...noApprovalRules,
  groups: { reviewers: ['operator:eve', 'corp:dana'] },
  breakGlass: { ...rules, ...changes },
})

const asked = { reason: 'the bank waits for a recall', incident: 'INC-42', functions: ['pay.*'] }

/** As the provider's token says: signed in a minute ago, with a second factor. */
function open(house: House, name: Name, body: object = asked): Promise<Response> {
  const headers = { authorization: `Bearer oidc.${name}` }
  return ask(house, `${v1}/break-glass`, { method: 'POST', headers, body })
}

test('a named person breaks the glass, somebody else reviews it', async (t) => {
  const house = await openHouse(t, {}, withGlass())
  const opened = await open(house, 'dana')
  assert.equal(opened.status, 201)
  const { id, ...glass } = await json(opened)
  assert.deepEqual(
    [glass.standing, glass.by, glass.functions, glass.amr, glass.review],
    ['open', 'corp:dana', ['pay.*'], ['pwd', 'mfa'], null],
  )
  const clearance = await json(
    await ask(house, `${v1}/clearances/${glass.clearance}`, { as: 'eve' }),
  )
  assert.deepEqual([clearance.kind, clearance.you.may_revoke], ['break-glass', true])
  const review = (headers: Record<string, string>, as?: Name) =>
    ask(house, `${v1}/break-glass/${id}/review`, {
      ...{ method: 'POST', headers, body: { verdict: 'justified', notes: 'as the incident says' } },
      ...(as && { as }),
    })
  const own = await json(await review({ authorization: 'Bearer oidc.dana' }))
  assert.deepEqual([own.status, own.errors[0].detail], [403, 'own-glass'])
  const root = await json(await review({}, 'root'))
  assert.deepEqual([root.status, root.errors[0].detail], [403, 'not-a-reviewer'])
  const done = await json(await review({}, 'eve'))
  assert.deepEqual([done.standing, done.review.by], ['justified', 'operator:eve'])
})

type Refusal = { readonly status: number; readonly code: string; readonly why?: string }
const refused: Readonly<
  Record<string, readonly [Partial<BreakGlassRules>, Name, object, Refusal]>
> = {
  'nobody is named': [
    ...([{ people: [] }, 'dana', asked] as const),
    { status: 403, code: 'forbidden', why: 'not-named' },
  ],
  'somebody else, even an administrator': [
    ...([{}, 'root', asked] as const),
    { status: 403, code: 'forbidden', why: 'not-named' },
  ],
  'signed in too long ago': [
    ...([{ signedInWithinMs: 1_000 }, 'dana', asked] as const),
    { status: 401, code: 'step-up-required', why: 'sign-in-stale' },
  ],
  'signed in too weakly': [
    ...([{ amr: ['hwk'] }, 'dana', asked] as const),
    { status: 401, code: 'step-up-required', why: 'sign-in-weak' },
  ],
  'no word of why': [
    ...([{}, 'dana', { ...asked, reason: 'urgent' }] as const),
    { status: 409, code: 'glass-refused', why: 'reason-required' },
  ],
  'functions it does not cover': [
    ...([{}, 'dana', { ...asked, functions: ['crm.*'] }] as const),
    { status: 409, code: 'glass-refused', why: 'functions-not-covered' },
  ],
  'longer than may be': [
    ...([{}, 'dana', { ...asked, for_ms: 1_800_001 }] as const),
    { status: 409, code: 'glass-refused', why: 'too-long' },
  ],
  'neither a call nor functions': [
    ...([{}, 'dana', { reason: asked.reason, incident: 'INC-42' }] as const),
    { status: 409, code: 'glass-refused', why: 'nothing-named' },
  ],
  'somebody else’s call': [
    ...([{}, 'dana', { reason: asked.reason, incident: 'INC-42', approval: 'apr_1' }] as const),
    { status: 403, code: 'forbidden', why: 'not-your-call' },
  ],
  'an approval that is not there': [
    ...([{}, 'dana', { reason: asked.reason, incident: 'INC-42', approval: 'apr_2' }] as const),
    { status: 404, code: 'not-found' },
  ],
}
for (const [name, [changes, as, body, expected]] of Object.entries(refused)) {
  test(`the glass stays whole: ${name}`, async (t) => {
    const house = await openHouse(t, {}, withGlass(changes))
    await commitApproval(house.store, 'apr_1')
    const said = await open(house, as, body)
    const { code, errors } = await json(said)
    const { status, why } = expected
    assert.deepEqual([said.status, code, errors?.[0].detail], [status, expected.code, why])
  })
}

test('who may break the glass learns nothing of approvals they may not see', async (t) => {
  const house = await openHouse(t, {}, withGlass())
  await commitApproval(house.store, 'apr_1', { approverGroups: ['legal'] })
  const { reason, incident } = asked
  const said = await open(house, 'dana', { reason, incident, approval: 'apr_1' })
  const none = await open(house, 'dana', { reason, incident, approval: 'apr_2' })
  assert.deepEqual([said.status, (await json(said)).code], [404, 'not-found'])
  assert.equal(none.status, 404)
})

test('who has to sign in again is told how, as RFC 9470 says', async (t) => {
  const house = await openHouse(
    t,
    {},
    withGlass({ acr: ['urn:strong', 'bad"value'], amr: ['hwk'] }),
  )
  const said = await open(house, 'dana')
  assert.equal(
    said.headers.get('www-authenticate'),
    'Bearer realm="sallyport", error="insufficient_user_authentication", acr_values="urn:strong", max_age=300',
  )
})

test('one’s own call is let through, and its question is bypassed', async (t) => {
  const house = await openHouse(t, {}, withGlass())
  await commitApproval(house.store, 'apr_1', { subject: 'corp:dana', excluded: ['corp:dana'] })
  const { reason, incident } = asked
  const opened = await json(await open(house, 'dana', { reason, incident, approval: 'apr_1' }))
  assert.deepEqual([opened.approval, opened.functions], ['apr_1', ['pay.transfer']])
  const after = await json(await ask(house, `${v1}/approvals/apr_1`, { as: 'ann' }))
  assert.deepEqual([after.state, after.clearance.id], ['BYPASSED', opened.clearance])
})

test('who sees emergencies: their own, or all of them', async (t) => {
  const house = await openHouse(t, {}, withGlass())
  const { id } = await json(await open(house, 'dana'))
  const seen = async (as: Name) =>
    (await json(await ask(house, `${v1}/break-glass`, { as }))).data.map((one: Answer) => one.id)
  assert.deepEqual(await seen('eve'), [id])
  assert.deepEqual(await seen('ann'), [id])
  assert.deepEqual(await seen('root'), [id])
  // `operator:dana` is not known to be `corp:dana`.
  assert.deepEqual(await seen('dana'), [])
  assert.equal((await ask(house, `${v1}/break-glass/${id}`, { as: 'dana' })).status, 404)
  const headers = { authorization: 'Bearer oidc.dana' }
  assert.equal((await ask(house, `${v1}/break-glass/${id}`, { headers })).status, 200)
})

test('an emergency that nobody reviews is overdue', async (t) => {
  const house = await openHouse(t, {}, withGlass())
  const { id } = await json(await open(house, 'dana'))
  const headers = { authorization: 'Bearer oidc.ann' }
  const standing = async () =>
    (await json(await ask(house, `${v1}/break-glass/${id}`, { headers }))).standing
  const seen = [await standing()]
  for (const aheadMs of [1_800_000, 86_400_000]) {
    house.clock.now += aheadMs
    seen.push(await standing())
  }
  assert.deepEqual(seen, ['open', 'unreviewed', 'overdue'])
})
