import assert from 'node:assert/strict'
import type { Asked, Seen } from './caller.ts'
import { type House, type Leaf, since } from './house.ts'

/** Every question is another one: an identical call joins the question that is open. */
let calls = 0
export const freshBody = (): string => `{"to":"account-${calls++}","amount":2000}`
export const transfer = (body: string, more: Asked = {}): Asked => ({
  method: 'POST',
  body,
  ...more,
  headers: { 'content-type': 'application/json', prefer: 'wait=0', ...more.headers },
})
export const withApproval = (body: string, id: string, more: Asked = {}): Asked =>
  transfer(body, { ...more, headers: { 'sallyport-approval': id, ...more.headers } })

/** Makes a call that is held, and comes back with the approval's id. */
export async function held(house: House, body: string, more: Asked = {}): Promise<string> {
  const now = since(house)
  const seen = await house.call('/up/transfers', transfer(body, more))
  assert.deepEqual([seen.status, seen.code], [403, 'approval-required'], seen.text())
  assert.equal(seen.json().approval, seen.approval)
  assert.equal(now.reached(), 0)
  const leaves = now.leaves()
  assert.deepEqual(leaves.map(shape), [
    ['approval.requested', undefined],
    ['call.denied', 'approval-required'],
  ])
  assert.equal(leaves[1]?.approval, seen.approval)
  return seen.approval
}

export const shape = ({ type, code, ending }: Leaf): [type: string, end: unknown] => [
  type,
  code ?? ending,
]
/** A call that is refused with this code, on the record, and does not reach the upstream. */
export async function refused(
  house: House,
  asked: Asked,
  code: string,
  path = '/up/transfers',
): Promise<Seen> {
  const now = since(house)
  const seen = await house.call(path, asked)
  assert.equal(seen.code, code, seen.text())
  assert.equal(now.reached(), 0)
  const leaves = now.leaves().filter(({ type }) => type !== 'approval.requested')
  assert.deepEqual(leaves.map(shape), [['call.denied', code]])
  return seen
}
