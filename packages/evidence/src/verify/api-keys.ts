import { type LeafRecord, type Party, partyId } from '../record.ts'
import { othersToleranceMs, timeOf } from './dates.ts'
import type { Scene, Watch } from './watch.ts'

/**
 * Each API key is issued once. No call is authorised with one that nobody had issued, that was revoked, or that had expired. A
 * revocation and an intent are settled in the order of the log; an end by date is read off a gateway's clock
 * when the call is identified, which is a little before its intent is dated.
 */
export function watchApiKeys(scene: Scene): Watch {
  const { report, isWhole } = scene
  const keys = new Map<string, Key>()
  let knowsAll = isWhole

  const issue = (index: number, { key, expires }: Extract<LeafRecord, { type: 'key.issued' }>) => {
    if (keys.has(`key:${key}`)) report.find('key-issued-again', { record: index })
    keys.set(`key:${key}`, { expiresAt: timeOf(expires), isRevoked: false })
    const [oldest] = keys.keys()
    if (keys.size <= keysMax || oldest === undefined) return
    keys.delete(oldest)
    knowsAll = false
  }
  const use = (index: number, party: Party, time: string) => {
    const id = partyId(party)
    if (!id.startsWith('key:')) return
    const key = keys.get(id)
    const at = { record: index }
    if (key && hasEnded(key, timeOf(time))) report.find('key-ended-called', at)
    else if (!key && knowsAll) report.find('key-unknown-called', at)
  }
  return {
    see: ({ index, record }) => {
      if (record.type === 'key.issued') issue(index, record)
      else if (record.type === 'key.revoked') {
        const id = `key:${record.key}`
        keys.set(id, { expiresAt: keys.get(id)?.expiresAt, isRevoked: true })
      } else if (record.type === 'call.authorized') {
        const { caller, obo = [], time } = record
        for (const party of caller ? [caller, ...obo] : obo) use(index, party, time)
      }
    },
  }
}

type Key = {
  /** Unix milliseconds; undefined where nobody says. */
  readonly expiresAt: number | undefined
  readonly isRevoked: boolean
}

function hasEnded({ expiresAt, isRevoked }: Key, time: number | undefined): boolean {
  if (isRevoked) return true
  return expiresAt !== undefined && time !== undefined && time >= expiresAt + othersToleranceMs
}

/** Far more than are in use; the oldest makes room. */
const keysMax = 100_000
