import { createHash } from 'node:crypto'
import { canonicalText } from '@sallyport/evidence/canonical'
import type { Campaign, ReviewItem } from '../model/campaign.ts'
import { decisionOf } from './item-machine.ts'
import { inOrder, populationLine } from './population.ts'
import { type Ended, summaryPage } from './summary.ts'

export type PackFile = { readonly name: string; readonly bytes: Uint8Array }

/**
 * The evidence pack of a closed campaign: what was asked about, who decided what, why and after how long a look, and
 * what the policy engine said afterwards. Made of the campaign and its items alone, neither of which changes once it
 * is closed: the same bytes whenever it is made. `manifest.json` names the SHA-256 of every other file; its own is in
 * the record `campaign.closed`, and so in the tree.
 */
export function packOf(campaign: Campaign, items: readonly ReviewItem[]): readonly PackFile[] {
  const sorted = items.toSorted((one, other) => (one.id < other.id ? -1 : 1))
  const files = [
    file('campaign.json', `${json(campaign)}\n`),
    file('population.ndjson', inOrder(frozen(items)).map(populationLine).join('')),
    file('items.ndjson', sorted.map((item) => `${json(item)}\n`).join('')),
    file('summary.html', summaryPage(campaign, items, endedOf(items))),
  ]
  const manifest = {
    v: packVersion,
    campaign: campaign.id,
    files: files.map(({ name, bytes }) => ({ name, bytes: bytes.length, sha256: sha256(bytes) })),
  }
  return [...files, file('manifest.json', `${canonicalText(manifest)}\n`)]
}

/** SHA-256 of the manifest's bytes, `sha256:<hex>`: what the record binds. */
export function manifestOf(files: readonly PackFile[]): string {
  const manifest = files.find(({ name }) => name === 'manifest.json')
  return sha256(manifest?.bytes ?? new Uint8Array())
}

/** By decision; what nobody decided, and what was void. */
export function endedOf(items: readonly ReviewItem[]): Ended {
  const counts = new Map<string, number>()
  for (const item of items) {
    const what = endOf(item)
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  return [...counts].map(([what, n]) => ({ what, n })).sort((a, b) => (a.what < b.what ? -1 : 1))
}

/** The items that the population was frozen with: those that ask again came later. */
export function frozen(items: readonly ReviewItem[]): readonly ReviewItem[] {
  const again = new Set(items.flatMap(({ reopened }) => reopened ?? []))
  return items.filter(({ id }) => !again.has(id))
}

function endOf({ state, decisions }: ReviewItem): string {
  if (state === 'VOIDED') return 'voided'
  if (state === 'NO_RESPONSE' || decisions.length === 0) return 'no-response'
  return decisionOf(decisions).decision
}

function file(name: string, text: string): PackFile {
  return { name, bytes: new TextEncoder().encode(text) }
}

/** Numbers of a campaign and its items are whole, and none of their members is null. */
function json(value: Campaign | ReviewItem): string {
  return canonicalText(JSON.parse(JSON.stringify(value)))
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

const packVersion = 'sallyport-review/1'
