import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { ReviewItem } from '../model/campaign.ts'
import type { GrantView } from './grant-view.ts'

/** What a reviewer was shown, and when. */
export type Seen = {
  /** SHA-256 of it, `sha256:<hex>`. */
  readonly digest: string
  /** Unix milliseconds. */
  readonly at: number
}

/**
 * Says which item, as it was, this person was shown when: they bring it with their decision, to whichever gateway.
 * Nobody else can make one, and it is worth nothing with another item or to another person.
 */
export function sealShown(
  key: Uint8Array,
  shown: {
    readonly item: ReviewItem
    readonly view: GrantView | undefined
    readonly person: string
    readonly at: number
  },
): string {
  const { item, view, person, at } = shown
  const digest = digestOf({ item, view })
  return `${item.id}.${at}.${digest.slice('sha256:'.length)}.${mac(key, item, person, { digest, at })}`
}

/** Undefined: it is of another item or person, or of an item that was decided upon since, or too old. */
export function seenBy(
  key: Uint8Array,
  shown: string,
  asked: {
    readonly item: ReviewItem
    readonly person: string
    readonly at: number
    readonly longestMs: number
  },
): Seen | undefined {
  const [, time = '', hex = '', seal = ''] = shown.split('.')
  const at = Number(time)
  if (!Number.isSafeInteger(at) || at > asked.at || asked.at - at > asked.longestMs)
    return undefined
  const seen = { digest: `sha256:${hex}`, at }
  const expected = Buffer.from(mac(key, asked.item, asked.person, seen))
  const given = Buffer.from(seal)
  const isOurs = given.length === expected.length && timingSafeEqual(given, expected)
  return isOurs ? seen : undefined
}

/** Which item it is said to be of. */
export function itemOfShown(shown: string): string {
  return shown.slice(0, shown.indexOf('.'))
}

/** Of an item that was decided in bulk without being opened: what the list says of it. */
export function digestOf(shown: { readonly item: ReviewItem; readonly view?: unknown }): string {
  return `sha256:${createHash('sha256').update(JSON.stringify(shown)).digest('hex')}`
}

function mac(
  key: Uint8Array,
  { id, content, decisions }: ReviewItem,
  person: string,
  { digest, at }: Seen,
): string {
  const parts = ['shown', id, content, decisions.length, person, digest, at]
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url')
}
