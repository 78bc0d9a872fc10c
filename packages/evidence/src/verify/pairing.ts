import type { LeafRecord } from '../record.ts'
import type { Scene, Watch } from './watch.ts'

/**
 * Every authorised call ends exactly once, later, in its own session; nothing ends that was not
 * authorised; nothing follows a denial. A call that is open at the end of a running log is a notice.
 */
export function watchPairing(scene: Scene): Watch {
  const { report, isWhole } = scene
  const open = new Map<string, Intent>()
  const ended = openRecent<'ended' | 'denied'>()
  const boots = new Map<string, Boot>()
  if (!isWhole) report.partly('pairing', 'only a part of the records is shown')

  const begin = (index: number, record: Of<'call.authorized'>) => {
    report.examined('pairing')
    const before = open.has(record.call) ? 'ended' : ended.get(record.call)
    if (before === 'denied') report.find('record-after-denial', { record: index })
    else if (before) report.find('intent-repeated', { record: index })
    const { boot, instance } = record.emitter
    open.set(record.call, { index, session: record.session, boot, instance })
  }

  const follow = (index: number, record: AfterIntent) => {
    const intent = open.get(record.call)
    if (!intent) {
      if (ended.get(record.call) === 'denied') report.find('record-after-denial', { record: index })
      else if (isWhole || ended.get(record.call))
        report.find('outcome-without-intent', { record: index })
      return
    }
    if (record.intent !== intent.index) report.find('intent-mismatch', { record: index })
    if (record.session !== (intent.session ?? ''))
      report.find('session-mismatch', { record: index })
    if (record.type === 'call.chunk') return
    open.delete(record.call)
    ended.add(record.call, 'ended')
  }

  return {
    see: ({ index, record }) => {
      noteBoot(boots, record)
      if (record.type === 'call.authorized') begin(index, record)
      else if (isAfterIntent(record)) follow(index, record)
      else if (record.type === 'call.denied') {
        report.examined('pairing')
        const isLate = open.has(record.call) || ended.get(record.call) === 'ended'
        if (isLate) report.find('denial-after-intent', { record: index })
        ended.add(record.call, 'denied')
      }
    },
    end: () => {
      // Where only a part is shown, the ending may be in the other part.
      if (!isWhole) return
      for (const { index, boot, instance } of open.values()) {
        const now = boots.get(instance)
        const isRunning = now?.boot === boot ? !now.isOver : now?.isServing !== true
        report.find(isRunning ? 'call-running' : 'intent-without-ending', { record: index })
      }
    },
  }
}

type Of<Type extends LeafRecord['type']> = Extract<LeafRecord, { type: Type }>
type AfterIntent = Of<'call.outcome'> | Of<'call.chunk'> | Of<'reconcile.indeterminate'>

type Intent = {
  readonly index: number
  readonly session: string | undefined
  readonly boot: string
  readonly instance: string
}

/** The newest boot of an instance. Once it serves, it has said of every call it found open that it was cut off. */
type Boot = { readonly boot: string; isServing: boolean; isOver: boolean }

function noteBoot(boots: Map<string, Boot>, { type, emitter }: LeafRecord): void {
  const known = boots.get(emitter.instance)
  const boot =
    known?.boot === emitter.boot ? known : { boot: emitter.boot, isServing: false, isOver: false }
  if (boot !== known) boots.set(emitter.instance, boot)
  if (type === 'emitter.stop') boot.isOver = true
  if (type.startsWith('call.') || type === 'heartbeat' || type === 'emitter.stop') {
    boot.isServing = true
  }
}

function isAfterIntent(record: LeafRecord): record is AfterIntent {
  const { type } = record
  return type === 'call.outcome' || type === 'call.chunk' || type === 'reconcile.indeterminate'
}

/**
 * Ids are never used again, so what ended long ago is forgotten: an ending of it is still one of what is not
 * open. Two generations, so that forgetting costs nothing.
 */
const recentMax = 100_000

export function openRecent<Value>(): {
  readonly add: (key: string, value: Value) => void
  readonly get: (key: string) => Value | undefined
} {
  let young = new Map<string, Value>()
  let old = new Map<string, Value>()
  return {
    add: (key, value) => {
      young.set(copyOf(key), value)
      if (young.size < recentMax) return
      old = young
      young = new Map()
    },
    get: (key) => young.get(key) ?? old.get(key),
  }
}

/** The same text in memory of its own: a part of a text holds on to the whole, which is a leaf. */
function copyOf(text: string): string {
  return ` ${text}`.slice(1)
}
