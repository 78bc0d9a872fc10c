import type { LeafRecord } from '../record.ts'
import { type Content, contentDigest, readContent } from './content.ts'
import { readOrFind } from './stored.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

export type Rulebooks = Watch & {
  /** The content of a rulebook; undefined when it is not there, altered, or unreadable. */
  readonly content: (digest: string) => Promise<Content | undefined>
  /** Digest of the one in force after the records seen so far. */
  readonly current: () => string | undefined
}

/**
 * Every rulebook cited was activated before, was in force when policy was asked, has its content beside
 * the log, and has the function of the record as it was. The bundle may bring no other rulebook.
 */
export function watchRulebooks(scene: Scene): Rulebooks {
  const { report, isWhole } = scene
  const activated = new Map<string, Activation>()
  const contents = openContents(scene)
  let current: { readonly digest: string; readonly boot: string } | undefined
  if (!isWhole) report.partly('rulebook', 'only a part of the records is shown')

  const activate = async ({ index, record }: SeenLeaf & { record: Activated }) => {
    report.examined('rulebook')
    const { digest, previous, time, emitter } = record
    const isFirstOfBoot = previous === 'none' && current?.boot !== emitter.boot
    if (isWhole && !isFirstOfBoot && previous !== (current?.digest ?? 'none')) {
      report.find('rulebook-previous', { record: index })
    }
    const before = current && activated.get(current.digest)
    if (before && current?.digest !== digest) before.replacedAt = Date.parse(time)
    activated.set(digest, { replacedAt: undefined })
    current = { digest, boot: emitter.boot }
    await contents.read(digest, index)
  }

  const cite = async (index: number, record: Called & { readonly decision: Decision }) => {
    report.examined('rulebook')
    const { policy, time = record.time } = record.decision
    const activation = activated.get(policy)
    const at = { record: index }
    if (activation) {
      const { replacedAt } = activation
      const isLate = replacedAt !== undefined && Date.parse(time) > replacedAt + switchMs
      if (isLate) report.find('rulebook-superseded', at)
    } else if (isWhole) report.find('rulebook-unknown', at)
    const content = await contents.read(policy, index)
    if (!record.fn || !content) return
    const fn = content.functions.get(record.fn.name)
    if (!fn || fn.connection !== record.fn.server) report.find('function-unknown', at)
    else if (fn.digest !== record.fn.schema || fn.computed !== fn.digest) {
      report.find('function-digest', at)
    }
  }

  return {
    content: (digest) => contents.read(digest),
    current: () => current?.digest,
    see: (leaf) => {
      const { index, record } = leaf
      if (record.type === 'rulebook.activated') return activate({ ...leaf, record })
      const isCall = record.type === 'call.authorized' || record.type === 'call.denied'
      if (!isCall || !record.decision) return
      const { decision } = record
      return cite(index, { ...record, decision })
    },
    end: () => contents.checkRest(),
  }
}

type Activated = Extract<LeafRecord, { type: 'rulebook.activated' }>
type Called = Extract<LeafRecord, { type: 'call.authorized' | 'call.denied' }>
type Decision = NonNullable<Called['decision']>
type Activation = { replacedAt: number | undefined }

/** A record of an activation is durable before the next call is judged by it; this long at most. */
const switchMs = 5000

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
  return {
    read: async (digest: string, record?: number): Promise<Content | undefined> => {
      if (kept.has(digest)) return kept.get(digest)
      const content = await load(digest, record)
      const [oldest] = kept.keys()
      if (kept.size >= keptMax && oldest !== undefined) kept.delete(oldest)
      kept.set(digest, content)
      return content
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
