import type { BundleSource } from '../source.ts'
import type { PackVerdict } from '../verify-pack.ts'
import { visible } from './report-lines.ts'

/** Whether a source is the evidence pack of a campaign, and not a part of a log. */
export async function isPack(source: BundleSource): Promise<boolean> {
  const [manifest, checkpoint] = [
    await source.read('manifest.json', shortBytes),
    await source.read('checkpoint', shortBytes),
  ]
  return manifest !== undefined && checkpoint === undefined
}

const shortBytes = 65_536

/** The verdict on a pack, for people. */
export function packLines({
  ok,
  campaign,
  items,
  findings,
  closed,
}: PackVerdict): readonly string[] {
  const told = findings.map(
    ({ code, message, about }) => `${code}  ${visible(about)}\n    ${message}`,
  )
  const bound = closed
    ? [
        `Closed by record ${closed.index} of ${visible(closed.origin)}, dated ${visible(closed.time)}.`,
      ]
    : []
  const what = `Campaign ${visible(campaign)}, ${items} items`
  return [...told, ...bound, ok ? `${what}: verified.` : `${what}: DOES NOT VERIFY.`]
}
