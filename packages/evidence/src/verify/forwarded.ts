import type { LeafRecord } from '../record.ts'
import { type Hiding, hidesNothing, hidingFrom } from './argument-changes.ts'
import type { Content, FunctionFacts } from './content.ts'
import { isOfFunction } from './http-arguments.ts'
import { isOfMcpFunction } from './mcp-arguments.ts'
import type { Payloads } from './payloads.ts'
import { compareRecorded, readArgumentsOf } from './recorded-arguments.ts'
import type { Rulebooks } from './rulebooks.ts'
import { isShortened } from './shortened.ts'
import { type Soon, soon } from './soon.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

type Authorized = Extract<LeafRecord, { type: 'call.authorized' }>

/**
 * The upstream was sent the call that was received: the same function with the same arguments, but for what its
 * rules hide from the upstream; and that is hidden.
 */
export function watchForwarded(
  scene: Scene,
  { payloads, rulebooks }: { readonly payloads: Payloads; readonly rulebooks: Rulebooks },
): Watch {
  const { report } = scene
  const look = async (
    leaf: SeenLeaf,
    record: Authorized,
    { fn, content }: { readonly fn: FunctionFacts; readonly content: Content },
  ) => {
    const at = { record: leaf.index }
    const args = await payloads.open(leaf, 'args')
    if (!('bytes' in args)) return
    const sent = record.forwarded ? await payloads.open(leaf, 'forwarded') : args
    if (!('bytes' in sent)) return
    const prefix = content.connections.get(fn.connection)?.prefix
    const hiding = hidingFrom(fn, 'upstream')
    // A URI that is hidden as a whole is that of no resource.
    const isInClear = hidesNothing(hiding) && hidesNothing(hidingFrom(fn, 'record'))
    const isOf = (bytes: Uint8Array) => {
      if (fn.mcp) return !isInClear || isOfMcpFunction(bytes, fn.mcp)
      return prefix === undefined || isOfFunction(bytes, { ...fn, prefix })
    }
    if (!isOf(args.bytes)) return report.find('arguments-other-function', at)
    if (!isOf(sent.bytes)) return report.find('forwarded-altered', at)
    if (hidesNothing(hiding)) return
    if (!record.forwarded && !isRecordedAsSent(hiding, hidingFrom(fn, 'record'))) {
      report.partly('masks', 'what is hidden from the record hides what was forwarded')
      return
    }
    const before = readArgumentsOf(args.bytes, fn, content)
    if (before.length === 0) {
      report.partly('masks', 'arguments are in a form in which what was hidden cannot be looked at')
      return
    }
    const after = record.forwarded ? readArgumentsOf(sent.bytes, fn, content) : before
    if (after.length === 0) return report.find('forwarded-altered', at)
    const cited = new Set(record.masked.map(({ rule }) => rule))
    const isCited = ({ id }: { readonly id: string }) =>
      cited.has(id) || isShortened(record, record.masked)
    const did = { masks: hiding.masks.filter(isCited), detect: hiding.detect.filter(isCited) }
    const { found } = compareRecorded(before, after, did)
    if (found === 'changed') report.find('forwarded-altered', at)
    if (found === 'unclear') report.partly('masks', 'what was hidden in arguments cannot be told')
    const { left } = compareRecorded(before, after, hiding)
    for (const id of left) report.find('mask-not-applied', { ...at, detail: id })
  }
  return {
    see: (leaf) => {
      const { record } = leaf
      if (record.type !== 'call.authorized') return
      const content = rulebooks.content(record.decision?.policy ?? '')
      return soon(content, (content): Soon<void> => {
        const fn = content?.functions.get(record.fn?.name ?? '')
        if (!content || !fn) return
        // What the record must not see, the forwarded form would bring there: then it says nothing of that.
        const couldDiffer =
          !hidesNothing(hidingFrom(fn, 'upstream')) && hidesNothing(hidingFrom(fn, 'record'))
        if (record.forwarded && !couldDiffer) {
          report.find('forwarded-unexplained', { record: leaf.index })
        } else if (scene.manifest?.payloads === true) return look(leaf, record, { fn, content })
      })
    },
  }
}

/** Without a forwarded form: whether the arguments of the record are what the upstream was sent. */
function isRecordedAsSent(sent: Hiding, recorded: Hiding): boolean {
  if (hidesNothing(recorded)) return true
  const isAlike = (some: readonly unknown[], others: readonly unknown[]) =>
    some.length === others.length && some.every((one, at) => one === others[at])
  // Where an entry of a list was left out, its place is the next one's.
  const isInPlace = recorded.masks.every(({ strategy }) => strategy.kind !== 'drop')
  return isInPlace && isAlike(sent.masks, recorded.masks) && isAlike(sent.detect, recorded.detect)
}
