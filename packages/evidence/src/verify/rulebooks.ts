import type { LeafRecord } from '../record.ts'
import { type Content, contentDigest, readContent } from './content.ts'
import { othersToleranceMs, timeOf, toleranceMs } from './dates.ts'
import { type Soon, soon } from './soon.ts'
import { readOrFind } from './stored.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

export type Rulebooks = Watch & {
  /** The content of a rulebook; undefined when it is not there, altered, or unreadable. */
  readonly content: (digest: string) => Soon<Content | undefined>
  /** Digest of the one in force after the records seen so far. */
  readonly current: () => string | undefined
  /** Contents that may have been in force for somebody at this moment (Unix milliseconds), the newest first. */
  readonly around: (time: number) => Promise<readonly Content[]>
}

/**
 * Every rulebook cited was activated before, was in force when policy was asked, has its content beside
 * the log, and has the function of the record as it was. The bundle may bring no other rulebook. Gateways that
 * share a log put a rulebook in force one after the other: each is held to what it said itself.
 */
export function watchRulebooks(scene: Scene): Rulebooks {
  const { report, isWhole } = scene
  const activated = new Map<string, Activation>()
  const gateways = openGateways()
  const contents = openContents(scene)
  let current: string | undefined
  if (!isWhole) report.partly('rulebook', 'only a part of the records is shown')

  const activate = async ({ index, record }: SeenLeaf & { record: Activated }) => {
    report.examined('rulebook')
    const { digest, previous, time, emitter } = record
    const own = gateways.inForce(emitter)
    // One that starts has none in force, or says what was when it stopped.
    const isStart = own === undefined && previous === 'none'
    if (isWhole && !isStart && previous !== (own ?? current ?? 'none')) {
      report.find('rulebook-previous', { record: index })
    }
    gateways.activated(emitter, digest, Date.parse(time))
    const before = current === undefined ? undefined : activated.get(current)
    if (before && current !== digest) before.replacedAt = Date.parse(time)
    const { since = Date.parse(time) } = activated.get(digest) ?? {}
    // Behind the others: activated again, it is the newest.
    activated.delete(digest)
    activated.set(digest, { since, replacedAt: undefined })
    current = digest
    await contents.read(digest, index)
  }

  const cite = (index: number, record: Called, { policy, time = record.time }: Decision) => {
    report.examined('rulebook')
    const activation = activated.get(policy)
    const at = { record: index }
    const { emitter } = record
    const own = gateways.since(emitter, policy)
    // What was in force before the records shown is not known.
    const since = isWhole ? (own ?? earlier(activation?.since)) : undefined
    const flaw = momentFlaw(record, { time, since })
    if (flaw !== undefined) report.find('decision-time', { ...at, detail: flaw })
    if (activation) {
      // In a part of a log, that a gateway put it in force may not be shown.
      const isOwn = isWhole || gateways.inForce(emitter) !== undefined
      const replacedAt = isOwn ? gateways.replacedAt(emitter, policy) : activation.replacedAt
      // Before it writes an intent a gateway looks once more which rules it has put in force.
      const until = isOwn && record.type === 'call.authorized' ? record.time : time
      const isLate = replacedAt !== undefined && Date.parse(until) > replacedAt + switchMs
      if (isLate) report.find('rulebook-superseded', at)
    } else if (isWhole) report.find('rulebook-unknown', at)
    return soon(contents.read(policy, index), (content) => {
      if (!record.fn || !content) return
      const fn = content.functions.get(record.fn.name)
      if (!fn || fn.connection !== record.fn.server) report.find('function-unknown', at)
      else if (fn.digest !== record.fn.schema || fn.computed !== fn.digest) {
        report.find('function-digest', at)
      }
    })
  }

  return {
    // That a record cites none is told where it should.
    content: (digest) => (digest === '' ? undefined : contents.read(digest)),
    current: () => current,
    around: async (time) => {
      const known = [...activated].filter(([digest, { replacedAt = Number.POSITIVE_INFINITY }]) => {
        return digest === current || replacedAt > time - hearsayMs
      })
      const found: Content[] = []
      for (const [digest] of known.slice(-aroundMax).toReversed()) {
        const content = await contents.read(digest)
        if (content) found.push(content)
      }
      return found
    },
    see: (leaf) => {
      const { index, record } = leaf
      if (record.type === 'rulebook.activated') return activate({ ...leaf, record })
      const isCall = record.type === 'call.authorized' || record.type === 'call.denied'
      return isCall && record.decision ? cite(index, record, record.decision) : undefined
    },
    end: () => contents.checkRest(),
  }
}

/** The clock of another gateway that put it in force. */
function earlier(since: number | undefined): number | undefined {
  return since === undefined ? undefined : since + toleranceMs - othersToleranceMs
}

/**
 * Why policy cannot have been asked at this moment, which policy may go by, and by which a rulebook was in force;
 * undefined where it can. `since`: when the rulebook came into force.
 */
function momentFlaw(
  record: Called,
  { time, since }: { readonly time: string; readonly since: number | undefined },
): string | undefined {
  const asked = timeOf(time)
  const written = timeOf(record.time)
  if (asked === undefined) return 'no date'
  if (written === undefined) return undefined
  if (asked > written + toleranceMs) return 'after the record'
  // Who is refused may have been held for a long while. Who is let through was decided anew at the end of it.
  const isOld = record.type === 'call.authorized' && asked < written - decidedMs
  if (isOld) return 'long before the record'
  return since !== undefined && asked < since - toleranceMs ? 'before its rulebook' : undefined
}

type Emitter = LeafRecord['emitter']

/** What each gateway has put in force since its last start, and when it replaced that (Unix milliseconds). */
function openGateways() {
  const gateways = new Map<
    string,
    {
      boot: string
      digest: string
      replaced: Map<string, number>
      since: Map<string, number>
    }
  >()
  const find = ({ instance, boot }: Emitter) => {
    const found = gateways.get(instance)
    return found?.boot === boot ? found : undefined
  }
  return {
    inForce: (emitter: Emitter) => find(emitter)?.digest,
    /** When this start first put it in force. */
    since: (emitter: Emitter, digest: string) => find(emitter)?.since.get(digest),
    /** Of a rulebook that this start did not bring: long ago. */
    replacedAt: (emitter: Emitter, digest: string) => {
      const found = find(emitter)
      if (found?.digest === digest) return undefined
      return found?.replaced.get(digest) ?? Number.NEGATIVE_INFINITY
    },
    activated: (emitter: Emitter, digest: string, at: number) => {
      const { instance, boot } = emitter
      const known = find(emitter) ?? { digest, replaced: new Map(), since: new Map() }
      const { digest: before, replaced, since } = known
      if (before !== digest) replaced.set(before, at)
      replaced.delete(digest)
      if (!since.has(digest)) since.set(digest, at)
      gateways.set(instance, { boot, digest, replaced, since })
    },
  }
}

type Activated = Extract<LeafRecord, { type: 'rulebook.activated' }>
type Called = Extract<LeafRecord, { type: 'call.authorized' | 'call.denied' }>
type Decision = NonNullable<Called['decision']>
/** `since`: when any gateway first put it in force. */
type Activation = { readonly since: number; replacedAt: number | undefined }

/** A record of an activation is durable before the next call is judged by it; this long at most. */
const switchMs = 5000

/**
 * Between the answer of policy and the date of the intent a proof is looked at once more, duties are looked up and
 * arguments are masked: one that is long waits there in the queue of others. And the machine may sleep meanwhile.
 */
const decidedMs = 600_000

/** Another gateway hears of a switch within this time, and judges by the one before meanwhile. */
const hearsayMs = 60_000
/** Nobody switches more often in a minute by hand. */
const aroundMax = 4

/** Rulebooks kept read. One is cited for long stretches, so few are wanted at a time. */
const keptMax = 8

function openContents(scene: Scene) {
  const { report, inventory, isWhole, manifest } = scene
  const kept = new Map<string, Content | undefined>()
  const known = new Set<string>()
  const load = async (digest: string, record: number | undefined) => {
    const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1]
    const file = `rulebooks/${hex}.json`
    const bytes = hex === undefined ? undefined : await readOrFind(scene, file)
    const isNew = !known.has(digest)
    known.add(digest)
    inventory.rulebooks.delete(hex ?? '')
    const at = { file, ...(record !== undefined && { record }) }
    if (!bytes) {
      if (isNew) report.find('rulebook-missing', at)
      return undefined
    }
    const content = contentDigest(bytes) === digest ? readContent(bytes) : undefined
    if (!content && isNew) report.find('rulebook-altered', at)
    return content
  }
  const add = async (digest: string, record: number | undefined) => {
    const content = await load(digest, record)
    const [oldest] = kept.keys()
    if (kept.size >= keptMax && oldest !== undefined) kept.delete(oldest)
    kept.set(digest, content)
    return content
  }
  return {
    read: (digest: string, record?: number): Soon<Content | undefined> => {
      const content = kept.get(digest)
      return content !== undefined || kept.has(digest) ? content : add(digest, record)
    },
    /** What no record shown cites. A running log publishes content before the record is signed over. */
    checkRest: async () => {
      for (const hex of inventory.rulebooks) {
        const file = `rulebooks/${hex}.json`
        const bytes = await readOrFind(scene, file)
        if (bytes && contentDigest(bytes) !== `sha256:${hex}`) {
          report.find('rulebook-altered', { file })
        } else if (isWhole && manifest) report.find('file-unexpected', { file })
      }
    },
  }
}
