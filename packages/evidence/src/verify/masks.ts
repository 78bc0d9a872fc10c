import type { LeafRecord, Masking } from '../record.ts'
import type { FunctionFacts, MaskFacts } from './content.ts'
import { comparedInFrame } from './frames.ts'
import { jsonOf } from './json.ts'
import type { Payloads } from './payloads.ts'
import type { Remembered } from './remembered.ts'
import type { Rulebooks } from './rulebooks.ts'
import { isShortened } from './shortened.ts'
import { type Soon, soon } from './soon.ts'
import { isLeftUnmasked, isLeftUnreachable, isShownUnmasked } from './unmasked.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

/**
 * A call requires the masks its function declares and no others, nothing was masked by a rule that the
 * function does not have, and where both results are disclosed, no value that a mask names went back
 * unchanged. Where only what went back is, it shows none.
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
    if (!fn) return
    report.examined('masks')
    const isBare = record.decision?.obligations.length === 0 && record.masked.length === 0
    if (isBare && fn.resultMasks.length === 0) return
    const obliged = (record.decision?.obligations ?? [])
      .filter((one) => one.startsWith('mask:'))
      .map((one) => one.slice('mask:'.length))
    const declared = fn.resultMasks.map(({ id }) => id)
    const isObliged = declared.every((id) => obliged.includes(id))
    if (!isObliged && !isShortened(record, record.decision?.obligations))
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
    return compareResults(scene, needs.payloads, leaf, fn)
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
  { mcp, resultMasks }: FunctionFacts,
): Promise<void> {
  const result = await payloads.open(leaf, 'result')
  const returned = leaf.record.returned ? await payloads.open(leaf, 'returned') : result
  if (!('bytes' in returned)) return
  // Where nothing else is there, what went back is looked at alone: it must not show what a mask names.
  const isAlone = !('bytes' in result)
  const came = isAlone ? returned : result
  if (came.bytes.length > resultBytesMax || returned.bytes.length > resultBytesMax) {
    report.partly('masks', 'a result is too long for what was masked in it to be looked at')
    return
  }
  const before = jsonOf(came.bytes)
  const after = isAlone ? before : jsonOf(returned.bytes)
  if (before === undefined || after === undefined) {
    report.partly('masks', 'a result is no JSON, so what was masked in it was not looked at')
    return
  }
  const places = mcp
    ? comparedInFrame(before, after, mcp.method)
    : [{ kind: 'document', before, after } as const]
  const wasFound = hasFound(leaf.record)
  const tell = (detail: string) => {
    // A rule that looks for values may have put something else there than the mask does.
    if (isAlone && wasFound) report.partly('masks', 'a result as it came is not there to compare')
    else report.find('mask-not-applied', { record: leaf.index, detail })
  }
  if (places.some((one) => one.kind === 'unreachable' && isLeftUnreachable(one))) tell('unreadable')
  if (places.some(({ kind }) => kind === 'unread')) {
    report.partly('masks', 'a text that was JSON came back as none, and was not looked at')
  }
  const judge = isAlone ? isShownUnmasked : isLeftUnmasked
  for (const mask of resultMasks) {
    const isLeft = judge(places, mask, resultMasks)
    if (typeof isLeft === 'string') report.partly('masks', isLeft)
    else if (isLeft) tell(mask.id)
  }
}

function hasFound(record: SeenLeaf['record']): boolean {
  return 'masked' in record && record.masked.some(({ entity }) => entity !== undefined)
}

/** The gateway masks no result of this length as a whole; parsed, it is many times as long. */
const resultBytesMax = 16 << 20
