import { chainStart, type LeafRecord } from '../record.ts'
import type { Scene, SeenLeaf, Watch } from './watch.ts'

/**
 * Each instance's own chain: every start begins one at 0 and names the end of the one before, every
 * record names its predecessor, nothing follows a stop, and the log begins with its genesis.
 */
export function watchChains(scene: Scene): Watch {
  const { report, isWhole } = scene
  const instances = new Map<string, Tip>()
  const configs = new Map<string, string>()
  const checkConfig = ({ index, record }: SeenLeaf) => {
    if (record.type !== 'emitter.start' || record.config === undefined) return
    const { instance } = record.emitter
    const before = configs.get(instance) ?? record.config
    if (record.config !== before) report.find('config-changed', { record: index })
    configs.set(instance, record.config)
  }
  if (!isWhole) report.partly('chains', 'only a part of the records is shown')
  return {
    see: (leaf) => {
      report.examined('chains')
      checkGenesis(scene, leaf)
      checkRecovery(scene, leaf)
      checkConfig(leaf)
      const { instance, boot } = leaf.record.emitter
      const tip = instances.get(instance)
      if (tip?.boot === boot) checkNext(scene, tip, leaf)
      else checkStart(scene, tip, leaf)
      instances.set(instance, tipOf(leaf))
    },
  }
}

/** The last record of an instance. */
type Tip = {
  readonly boot: string
  readonly seq: number
  readonly index: number
  readonly hash: Uint8Array
  readonly isStopped: boolean
}

function tipOf({ index, hash, record }: SeenLeaf): Tip {
  const { boot, seq } = record.emitter
  return { boot, seq, index, hash, isStopped: record.type === 'emitter.stop' }
}

function checkGenesis({ report, origin }: Scene, { index, record }: SeenLeaf): void {
  const isGenesis = record.type === 'log.genesis'
  if (index === 0 && !isGenesis) report.find('genesis-missing', { record: index })
  if (index > 0 && isGenesis) report.find('genesis-again', { record: index })
  if (isGenesis && record.origin !== origin) report.find('genesis-origin', { record: index })
}

/** The start itself is the first record after those that were recovered. */
function checkRecovery({ report }: Scene, { index, record }: SeenLeaf): void {
  if (record.type !== 'log.recovered') return
  const { kept, size, emitter } = record
  const fits = emitter.seq === 1 && size === index - 1 && kept >= 0 && kept <= size
  if (!fits) report.find('recovery-misplaced', { record: index })
}

function checkNext({ report, isWhole }: Scene, tip: Tip, { index, record }: SeenLeaf): void {
  const { seq, prev } = record.emitter
  const at = { record: index }
  if (tip.isStopped) report.find('stop-not-last', at)
  // The genesis comes before the start of the boot that writes it.
  if (record.type === 'emitter.start' && seq > 1) report.find('boot-again', at)
  if (seq <= tip.seq) report.find('chain-repeated', at)
  else if (seq === tip.seq + 1) {
    if (!isHash(prev, tip.hash)) report.find('chain-broken', at)
  } else if (isWhole || seq - tip.seq > index - tip.index) report.find('chain-gap', at)
}

function checkStart(scene: Scene, tip: Tip | undefined, { index, record }: SeenLeaf): void {
  const { report, isWhole } = scene
  const { seq, prev } = record.emitter
  const at = { record: index }
  if (seq !== 0) {
    if (isWhole) report.find('chain-gap', at)
    return
  }
  if (prev !== chainStart) report.find('chain-broken', at)
  if (tip && !tip.isStopped) report.find('boot-unclean', at)
  if (record.type === 'log.genesis' && index === 0) return
  if (record.type !== 'emitter.start') report.find('boot-unannounced', at)
  else checkAfter(scene, tip, index, record.after)
}

function checkAfter(
  { report, isWhole }: Scene,
  tip: Tip | undefined,
  record: number,
  after: Extract<LeafRecord, { type: 'emitter.start' }>['after'],
): void {
  const isShown = isWhole || (tip && after && tip.boot === after.boot && tip.seq >= after.seq)
  if (!isShown) return
  const fits = tip
    ? after?.boot === tip.boot && after.seq === tip.seq && isHash(after.hash, tip.hash)
    : after === undefined
  if (!fits) report.find('boot-unlinked', { record })
}

/** Whether a record names this leaf hash: `sha256:` and 64 lowercase hexadecimal digits. */
function isHash(text: string, hash: Uint8Array): boolean {
  if (text.length !== prefix.length + 2 * hash.length || !text.startsWith(prefix)) return false
  for (let at = 0; at < hash.length; at += 1) {
    const byte = hash[at] ?? 0
    const place = prefix.length + 2 * at
    const isSame =
      text.charCodeAt(place) === digits.charCodeAt(byte >> 4) &&
      text.charCodeAt(place + 1) === digits.charCodeAt(byte & 15)
    if (!isSame) return false
  }
  return true
}

const prefix = 'sha256:'
const digits = '0123456789abcdef'
