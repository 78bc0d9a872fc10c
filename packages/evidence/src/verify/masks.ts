import type { LeafRecord, Masking } from '../record.ts'
import type { FunctionFacts, MaskFacts } from './content.ts'
import { canonicalJson, isJsonObject, jsonOf } from './json.ts'
import { type Located, locate, memberOf, parseJsonPath } from './json-path.ts'
import type { Payloads } from './payloads.ts'
import type { Remembered } from './remembered.ts'
import type { Rulebooks } from './rulebooks.ts'
import { type Soon, soon } from './soon.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

/**
 * A call requires the masks its function declares and no others, nothing was masked by a rule that the
 * function does not have, and where both results are disclosed, no value that a mask names went back
 * unchanged.
 */
export function watchMasks(
  scene: Scene,
  needs: {
    readonly payloads: Payloads
    readonly rulebooks: Rulebooks
    readonly remembered: Remembered
  },
): Watch {
  const { report } = scene
  if (scene.manifest?.payloads !== true) {
    report.partly('masks', 'payloads are not disclosed, so masked results cannot be looked at')
  }
  const functionOf = (intent: Intent): Soon<FunctionFacts | undefined> => {
    return soon(needs.rulebooks.content(intent.decision?.policy ?? ''), (content) => {
      return content?.functions.get(intent.fn?.name ?? '')
    })
  }
  const checkIntent = (index: number, record: Intent, fn: FunctionFacts | undefined) => {
    if (!fn || record.truncated) return
    report.examined('masks')
    const isBare = record.decision?.obligations.length === 0 && record.masked.length === 0
    if (isBare && fn.resultMasks.length === 0) return
    const obliged = (record.decision?.obligations ?? [])
      .filter((one) => one.startsWith('mask:'))
      .map((one) => one.slice('mask:'.length))
    const declared = fn.resultMasks.map(({ id }) => id)
    if (!declared.every((id) => obliged.includes(id)))
      report.find('mask-not-obliged', { record: index })
    const isDeclared =
      obliged.every((id) => declared.includes(id)) &&
      record.masked.every((one) => {
        if (isOneOf(fn.argumentMasks, one) || isFound(fn, 'arguments', one)) return true
        return fn.isForCaller && (isFound(fn, 'result', one) || isEcho(one))
      })
    if (!isDeclared) report.find('mask-undeclared', { record: index })
  }
  const checkOutcome = (leaf: SeenLeaf, record: Outcome, fn: FunctionFacts | undefined) => {
    if (!fn) return
    report.examined('masks')
    if (record.masked.length === 0 && fn.resultMasks.length === 0) return
    const isDeclared = record.masked.every((one) => {
      const { rule, how } = one
      if (isOneOf(fn.resultMasks, one)) return true
      if (isFound(fn, fn.isForCaller ? 'arguments' : 'result', one)) return true
      // Of an MCP result, a text into which no declared path leads is hidden as a whole.
      if (fn.mcp && rule === 'unreadable') return how === 'redact'
      // An echoed credential and what a grant's fields leave out are hidden without a rule of the function.
      return isEcho(one) || (rule === how && rule === 'fields')
    })
    if (!isDeclared) report.find('mask-undeclared', { record: leaf.index })
    if (fn.resultMasks.length === 0) return
    // Paths begin within the frame, at the structured result and at every text that is JSON.
    if (fn.mcp) return report.partly('masks', 'what was masked in MCP results is not compared')
    return compareResults(scene, needs.payloads, leaf, fn.resultMasks)
  }
  return {
    see: (leaf) => {
      const { index, record } = leaf
      if (record.type === 'call.authorized') {
        return soon(functionOf(record), (fn) => checkIntent(index, record, fn))
      }
      if (record.type !== 'call.outcome') return
      const intent = needs.remembered.intent(record.call)
      return intent && soon(functionOf(intent), (fn) => checkOutcome(leaf, record, fn))
    },
  }
}

function isEcho({ rule, how }: Masking): boolean {
  return rule === how && rule === 'credential'
}

function isOneOf(masks: readonly MaskFacts[], { rule, entity }: Masking): boolean {
  return entity === undefined && masks.some(({ id }) => id === rule)
}

/** Whether the function has a rule that looks there for such a value, and does that with it. */
function isFound(
  { detect, passesUnread }: FunctionFacts,
  direction: 'arguments' | 'result',
  { rule, how, entity }: Masking,
): boolean {
  if (entity === undefined) {
    // What no rule can name: nobody knows what it is.
    const looks = detect.some((one) => one.direction.includes(direction))
    if (rule === 'unsettled') return looks && how === 'redact'
    return looks && rule === 'unread' && how === 'pass' && passesUnread
  }
  return detect.some(({ id, direction: looksAt, entities, kinds }) => {
    const isSought = entities.includes(entity) || entities.includes('*')
    return id === rule && looksAt.includes(direction) && isSought && kinds.includes(how)
  })
}

type Intent = Extract<LeafRecord, { type: 'call.authorized' }>
type Outcome = Extract<LeafRecord, { type: 'call.outcome' }>

async function compareResults(
  { report }: Scene,
  payloads: Payloads,
  leaf: SeenLeaf,
  masks: readonly MaskFacts[],
): Promise<void> {
  const result = await payloads.open(leaf, 'result')
  if (!('bytes' in result)) return
  const returned = leaf.record.returned ? await payloads.open(leaf, 'returned') : result
  if (!('bytes' in returned)) return
  if (result.bytes.length > resultBytesMax || returned.bytes.length > resultBytesMax) {
    report.partly('masks', 'a result is too long for what was masked in it to be looked at')
    return
  }
  const before = jsonOf(result.bytes)
  const after = jsonOf(returned.bytes)
  if (before === undefined || after === undefined) {
    report.partly('masks', 'a result is no JSON, so what was masked in it was not looked at')
    return
  }
  for (const mask of masks) {
    const isLeft = isUnchanged(before, after, mask)
    if (typeof isLeft === 'string') report.partly('masks', isLeft)
    else if (isLeft) report.find('mask-not-applied', { record: leaf.index, detail: mask.id })
  }
}

/** The gateway masks no result of this length as a whole; parsed, it is many times as long. */
const resultBytesMax = 16 << 20

/** Whether a value the mask names is where it was, as it was; or why that cannot be told. */
function isUnchanged(before: unknown, after: unknown, mask: MaskFacts): boolean | string {
  const path = parseJsonPath(mask.path)
  if (!path) return `the path of the mask ${mask.id} is not understood`
  const named = locate(before, path, nodesMax)
  const budget = { left: nodesMax }
  const there = placesIn(after)
  const isLeft = named?.some((node) => {
    const { value: left, isInList } = there(node)
    // Dropping an element moves those behind it: another value may stand in its place.
    if (mask.strategy.kind === 'drop' && isInList) return false
    const { value } = node
    if (value === null || left === undefined || isWhatMaskingLeaves(value, mask)) return false
    return isSameJson(value, left, budget)
  })
  if (isLeft === true) return true
  const isAll = isLeft !== undefined && budget.left > 0
  return isAll ? false : `the mask ${mask.id} names more of a result than is looked at`
}

/**
 * Far more than a result has that anybody reads. A mask with several descendants names each value once,
 * but comparing what lies in each other would still be the depth times the length.
 */
const nodesMax = 1_000_000

type Place = { readonly value: unknown; readonly isInList: boolean }

/** What stands in another document where a node of the first stood. */
function placesIn(document: unknown): (node: Located) => Place {
  const known = new Map<Located, Place>()
  const find = (node: Located): Place => {
    const { above } = node
    if (!above) return { value: document, isInList: false }
    const found = known.get(node)
    if (found) return found
    const outer = find(above.node)
    const isInList = outer.isInList || typeof above.step === 'number'
    const place = { value: memberOf(outer.value, above.step), isInList }
    known.set(node, place)
    return place
  }
  return find
}

/** Whether two values that came out of `JSON.parse` say the same; no, once the budget is used up. */
function isSameJson(one: unknown, other: unknown, budget: { left: number }): boolean {
  budget.left -= 1
  if (budget.left < 0) return false
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false
    return one.every((value, at) => isSameJson(value, other[at], budget))
  }
  if (!isJsonObject(one)) return one === other
  if (!isJsonObject(other)) return false
  const names = Object.keys(one)
  if (names.length !== Object.keys(other).length) return false
  return names.every((name) => {
    return Object.hasOwn(other, name) && isSameJson(one[name], other[name], budget)
  })
}

/** A value that masking would turn into itself. */
function isWhatMaskingLeaves(value: unknown, { strategy }: MaskFacts): boolean {
  if (strategy.kind === 'replace') return canonicalJson(value) === canonicalJson(strategy.with)
  if (strategy.kind === 'redact') return value === `[REDACTED:${strategy.label}]`
  if (isJsonObject(value) || Array.isArray(value)) return false
  return strategy.kind === 'partial' && typeof value === 'string' && /^$|\*/.test(value)
}
