import { utf8Text } from './encoding.ts'
import { EvidenceError } from './error.ts'
import { type PackItem, readItems, readManifest } from './pack-files.ts'
import { parseLeaf } from './parse-leaf.ts'
import { verifyProof } from './proof.ts'
import type { LeafRecord } from './record.ts'
import { type BundleSource, fileBytesMax } from './source.ts'
import type { Trust } from './trust.ts'
import { isByTwo } from './verify/campaigns.ts'
import { contentDigest } from './verify/content.ts'
import { isJsonObject, jsonOf } from './verify/json.ts'
import { isSamePerson } from './verify/people.ts'

/** What can be wrong with the evidence pack of a campaign. Codes are stable; see docs/reference/verification.md. */
export const packFlaws = {
  'pack-malformed': 'A file of the pack is missing, or is not what its name says.',
  'pack-altered':
    'A file is not the one that the manifest names, or the manifest names no such file.',
  'pack-population':
    'The population is not the one that was frozen, or not the one that items are about.',
  'pack-items': 'An item is of another campaign, comes twice, or was left open.',
  'pack-reviewer': 'An item was decided by who answers for the campaign, or twice by one person.',
  'pack-by-one': 'A grant of critical risk was left in force by one person.',
  'pack-in-bulk': 'A grant of high or critical risk was kept without having been looked at.',
  'pack-unverified': 'A decision was not applied, or what came of it was not verified.',
  'pack-unbound': 'No receipt shows that the log holds the record of its closing.',
  'pack-mismatch': 'The record of its closing says something else than the pack does.',
} as const
export type PackFlaw = keyof typeof packFlaws

export type PackVerdict = {
  readonly ok: boolean
  /** The campaign's id; empty when it could not be read. */
  readonly campaign: string
  readonly items: number
  readonly findings: readonly {
    readonly code: PackFlaw
    readonly message: string
    /** Name of the file, or id of the item, it is about. */
    readonly about: string
  }[]
  /** The record of its closing, where a receipt proves it. */
  readonly closed?: { readonly origin: string; readonly index: number; readonly time: string }
}

/** The receipt of the record `campaign.closed`, where the pack brings it along. */
export const packReceipt = 'closed.tlog-proof'

/**
 * Verifies the evidence pack of a closed campaign: its files are those of its manifest, its population is the one that
 * was frozen and asked about, people decided as they have to, and the record of its closing, which `receipt` (or
 * `closed.tlog-proof` in the pack) proves to be in a log that is trusted, names this manifest. Throws `EvidenceError`
 * only where the source cannot be read.
 */
export async function verifyPack(
  source: BundleSource,
  trust: Trust,
  { receipt }: { readonly receipt?: string } = {},
): Promise<PackVerdict> {
  const found: { code: PackFlaw; message: string; about: string }[] = []
  const find: Find = (code, about) => {
    if (found.length < findingsMax) found.push({ code, message: packFlaws[code], about })
  }
  const files = await readFiles(source, find)
  const campaign = files.json('campaign.json')
  const items = readItems(files.lines('items.ndjson'), (about) => find('pack-malformed', about))
  const id = isJsonObject(campaign) && typeof campaign.id === 'string' ? campaign.id : ''
  const population = isJsonObject(campaign) ? campaign.population : undefined
  const hash = isJsonObject(population) ? population.hash : undefined
  const lines = files.bytes('population.ndjson')
  if (!lines || contentDigest(lines) !== hash) find('pack-population', 'population.ndjson')
  checkPopulation(files.lines('population.ndjson'), items, find)
  const owner = isJsonObject(campaign) && typeof campaign.owner === 'string' ? campaign.owner : ''
  checkItems(items, { id, owner }, find)
  const text = receipt ?? (await readReceipt(source))
  const closed = text === undefined ? undefined : await readClosed(text, trust)
  if (!closed) find('pack-unbound', packReceipt)
  else {
    const { record } = closed
    const isSame =
      record.campaign === id && record.manifest === files.manifest && record.population === hash
    const total = record.counts.reduce((sum, { n }) => sum + n, 0)
    if (!isSame || total !== items.length) find('pack-mismatch', packReceipt)
  }
  return {
    ok: found.length === 0,
    campaign: id,
    items: items.length,
    findings: found,
    ...(closed && {
      closed: { origin: closed.origin, index: closed.index, time: closed.record.time },
    }),
  }
}

/** A thousand open items tell no more than the first hundred. */
const findingsMax = 100

type Find = (code: PackFlaw, about: string) => void

type Files = {
  /** Digest of the manifest's bytes. */
  readonly manifest: string
  readonly bytes: (name: string) => Uint8Array | undefined
  readonly json: (name: string) => unknown
  readonly lines: (name: string) => readonly string[]
}

const names = ['campaign.json', 'population.ndjson', 'items.ndjson', 'summary.html']

/** Every file that the manifest names, and no file that it does not. */
async function readFiles(source: BundleSource, find: Find): Promise<Files> {
  const bytes = await source.read('manifest.json', manifestBytesMax)
  const listed = bytes && readManifest(bytes)
  if (!listed) find('pack-malformed', 'manifest.json')
  const contents = new Map<string, Uint8Array>()
  for (const name of new Set([...names, ...(listed?.keys() ?? [])])) {
    const file = await source.read(name, fileBytesMax)
    if (file && listed?.get(name) === contentDigest(file)) contents.set(name, file)
    else if (listed) find(file ? 'pack-altered' : 'pack-malformed', name)
  }
  for await (const path of source.list() ?? []) {
    const isKnown = listed?.has(path) || path === 'manifest.json' || path === packReceipt
    if (!isKnown) find('pack-altered', path)
  }
  const text = (name: string) => {
    const content = contents.get(name)
    return content && utf8Text(content)
  }
  return {
    manifest: bytes ? contentDigest(bytes) : '',
    bytes: (name) => contents.get(name),
    json: (name) => {
      const content = contents.get(name)
      return content && jsonOf(content)
    },
    lines: (name) => (text(name) ?? '').split('\n').filter((line) => line !== ''),
  }
}

const manifestBytesMax = 65_536

/** The lines are those of the items that nobody had to ask about again: each grant once, as it was then. */
function checkPopulation(lines: readonly string[], items: readonly PackItem[], find: Find): void {
  const again = new Set(items.flatMap(({ reopened }) => reopened ?? []))
  const first = items.filter(({ id }) => !again.has(id))
  const asked = new Set(first.map(({ content, grant, tier }) => keyOf(content, grant, tier)))
  const frozen = new Set(
    lines.map((line) => {
      const value = jsonOf(new TextEncoder().encode(line))
      return isJsonObject(value) ? keyOf(value.content, value.grant, value.tier) : line
    }),
  )
  const isSame = frozen.size === lines.length && asked.size === first.length
  if (!isSame || frozen.size !== asked.size || [...frozen].some((one) => !asked.has(one))) {
    find('pack-population', 'items.ndjson')
  }
}

function keyOf(...parts: readonly unknown[]): string {
  return JSON.stringify(parts)
}

function checkItems(
  items: readonly PackItem[],
  campaign: { readonly id: string; readonly owner: string },
  find: Find,
): void {
  const ids = new Set<string>()
  for (const item of items) {
    const { id, state, tier, decisions, reopened } = item
    const isSettled = settled.includes(state)
    const leadsOn = state === 'VOIDED' ? reopened === undefined || reopened !== id : true
    if (item.campaign !== campaign.id || ids.has(id) || !isSettled || !leadsOn) {
      find('pack-items', id)
    }
    ids.add(id)
    const by = decisions.map((one) => one.by)
    const isOwn = by.some((one) => isSamePerson(one, campaign.owner))
    if (isOwn || (by.length > 1 && !isByTwo(by))) find('pack-reviewer', id)
    const last = decisions.at(-1)
    const counts = last !== undefined && state !== 'VOIDED' && state !== 'NO_RESPONSE'
    const isKept = counts && last.decision !== 'revoke'
    if (isKept && tier === 'critical' && !isByTwo(by)) find('pack-by-one', id)
    const isRisky = tier === 'high' || tier === 'critical'
    const isBlind = decisions.some(({ decision, looked }) => decision === 'keep' && !looked)
    if (isRisky && isBlind) find('pack-in-bulk', id)
    if (counts && state !== 'VERIFIED') find('pack-unverified', id)
  }
  for (const { id, reopened } of items) {
    if (reopened !== undefined && !ids.has(reopened)) find('pack-items', id)
  }
}

const settled = ['VERIFIED', 'APPLIED', 'NO_RESPONSE', 'VOIDED']

async function readReceipt(source: BundleSource): Promise<string | undefined> {
  const bytes = await source.read(packReceipt, manifestBytesMax)
  return bytes && utf8Text(bytes)
}

type Closed = Extract<LeafRecord, { type: 'campaign.closed' }>

/** Undefined for a receipt that proves nothing, or something else. */
async function readClosed(
  receipt: string,
  trust: Trust,
): Promise<
  { readonly record: Closed; readonly origin: string; readonly index: number } | undefined
> {
  try {
    const { entry, index, checkpoint } = await verifyProof(receipt, trust)
    const record = parseLeaf(entry)
    if (record.type !== 'campaign.closed') return undefined
    return { record, origin: checkpoint.origin, index: Number(index) }
  } catch (thrown) {
    if (thrown instanceof EvidenceError || thrown instanceof TypeError) return undefined
    throw thrown
  }
}
