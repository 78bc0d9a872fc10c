import { utf8Text } from '../encoding.ts'
import { EvidenceError } from '../error.ts'
import { rootFromLeafHashes, verifyConsistency } from '../merkle.ts'
import { consistencyProof, type ReadNode } from '../prove.ts'
import type { BundleSource } from '../source.ts'
import { tileWidth } from '../tile.ts'
import { checkTrust, type Trust, type Trusted } from '../trust.ts'
import { recordsMax } from './payload-set.ts'
import { readHashes, readOrFind } from './stored.ts'
import type { Report } from './verdict.ts'
import type { Scene } from './watch.ts'

/** The newest checkpoint that is as the trust file demands, and the file it stands in. */
export type Newest = Trusted & { readonly file: string }

type Needs = { readonly source: BundleSource; readonly report: Report }

/**
 * The checkpoint that everything is verified against. A running log publishes one before its witnesses have seen
 * it: then it is the newest that they have cosigned, which stands beside it or in the archive, and how many
 * records are behind that is said. An export has one checkpoint and no other.
 */
export async function readNewest(
  needs: Needs & { readonly isExport: boolean },
  trust: Trust,
): Promise<Newest | undefined> {
  const { report, isExport } = needs
  const bytes = await readOrFind(needs, file)
  if (!bytes) {
    report.find('checkpoint-missing', { file })
    return undefined
  }
  const text = utf8Text(bytes) ?? ''
  try {
    const trusted = await checkTrust(text, trust)
    if (trusted.checkpoint.size <= BigInt(recordsMax)) return { ...trusted, file }
    report.find('checkpoint-malformed', { file, detail: 'more records than can be counted here' })
  } catch (thrown) {
    if (!(thrown instanceof EvidenceError)) throw thrown
    const isUntrusted = thrown.code === 'trust-unmet' || thrown.code === 'signature-invalid'
    const witnessed = isUntrusted && !isExport ? await readWitnessed(needs, text, trust) : undefined
    if (witnessed) return witnessed
    report.find(isUntrusted ? 'checkpoint-untrusted' : 'checkpoint-malformed', {
      file,
      detail: thrown.message,
    })
  }
  return undefined
}

/**
 * How many records the log itself has signed by now, 0 in an export: a running log goes on while its folder is
 * read, and what is archived meanwhile is not ahead of it.
 */
export async function sizeByNow(
  { source, report, manifest, origin }: Scene,
  trust: Trust,
): Promise<bigint> {
  const bytes = manifest ? undefined : await readOrFind({ source, report }, file)
  const signed = bytes && (await signedBy(utf8Text(bytes) ?? '', { ...trust, quorum: undefined }))
  return signed?.checkpoint.origin === origin ? signed.checkpoint.size : 0n
}

const file = 'checkpoint'

/** Undefined where the log has not signed the newest one either, or the quorum none before it. */
async function readWitnessed(
  needs: Needs,
  newestText: string,
  trust: Trust,
): Promise<Newest | undefined> {
  const { report } = needs
  const newest = await signedBy(newestText, { ...trust, quorum: undefined })
  if (!newest || newest.checkpoint.size > BigInt(recordsMax)) return undefined
  const { origin, size } = newest.checkpoint
  const read = async (path: string) => {
    const bytes = await readOrFind(needs, path)
    const trusted = bytes && (await signedBy(utf8Text(bytes) ?? '', trust))
    const isOlder = trusted?.checkpoint.origin === origin && trusted.checkpoint.size <= size
    return isOlder ? { ...trusted, file: path } : undefined
  }
  let found: Newest | undefined = await read('checkpoint.witnessed')
  for (const one of await archivedSizes(needs.source)) {
    if (found && one <= found.checkpoint.size) break
    const archived = one <= size ? await read(`checkpoints/${one}`) : undefined
    if (archived?.checkpoint.size === one) found = archived
  }
  if (!found) return undefined
  await compare(needs, found, newest)
  const behind = size - found.checkpoint.size
  if (behind > 0n) report.find('records-unwitnessed', { file, detail: `${behind} records` })
  return found
}

async function signedBy(text: string, trust: Trust): Promise<Trusted | undefined> {
  try {
    return await checkTrust(text, trust)
  } catch (thrown) {
    if (thrown instanceof EvidenceError) return undefined
    throw thrown
  }
}

/** The largest first. */
async function archivedSizes(source: BundleSource): Promise<readonly bigint[]> {
  const sizes: bigint[] = []
  for await (const path of source.list() ?? []) {
    const [, size] = /^checkpoints\/(0|[1-9]\d{0,15})$/.exec(path) ?? []
    if (size !== undefined) sizes.push(BigInt(size))
  }
  return sizes.sort((a, b) => (a < b ? 1 : -1))
}

/** What nobody has witnessed yet has to continue what somebody has. */
async function compare(needs: Needs, { file, checkpoint }: Newest, newest: Trusted): Promise<void> {
  const { size: size1, root: root1 } = checkpoint
  const { size: size2, root: root2 } = newest.checkpoint
  try {
    const proof = size1 === 0n ? [] : await consistencyProof(size1, size2, nodes(needs, size2))
    if (size1 > 0n) verifyConsistency({ size1, size2, root1, root2, proof })
  } catch (thrown) {
    if (!(thrown instanceof EvidenceError)) throw thrown
    if (thrown.code === 'tile-malformed') {
      needs.report.partly('checkpoints', 'what no witness has seen could not be compared')
    } else needs.report.find('archived-inconsistent', { file })
  }
}

function nodes(needs: Needs, size: bigint): ReadNode {
  return async (level, index) => {
    const tileLevel = Math.floor(level / 8)
    const span = 1 << (level % 8)
    const first = index * BigInt(span)
    const tile = first / BigInt(tileWidth)
    const left = (size >> BigInt(8 * tileLevel)) - tile * BigInt(tileWidth)
    const width = left < tileWidth ? Number(left) : tileWidth
    const start = Number(first % BigInt(tileWidth))
    const hashes = await readHashes(needs, { level: tileLevel, index: tile, width })
    if (!hashes) throw new EvidenceError('tile-malformed', 'a tile is not there')
    return rootFromLeafHashes(hashes.slice(start, start + span))
  }
}
