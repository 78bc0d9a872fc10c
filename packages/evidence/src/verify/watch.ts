import type { LeafRecord } from '../record.ts'
import type { BundleSource } from '../source.ts'
import type { Inventory } from './inventory.ts'
import type { Manifest } from './manifest.ts'
import type { Soon } from './soon.ts'
import type { Report } from './verdict.ts'

/** A record in the tree, read once for all checks. */
export type SeenLeaf = {
  readonly index: number
  readonly record: LeafRecord
  /** The leaf hash of its bytes: what the next record of its chain names. */
  readonly hash: Uint8Array
}

/**
 * One check of meaning. It sees every record shown, ascending, and remembers only what it still needs:
 * what belongs to a call goes when the call has ended.
 */
export type Watch = {
  readonly see: (leaf: SeenLeaf) => Soon<void>
  /** After the last record. */
  readonly end?: () => void | Promise<void>
}

/** What every check is given. */
export type Scene = {
  readonly source: BundleSource
  readonly inventory: Inventory
  /** Undefined for the folder of a running log. */
  readonly manifest: Manifest | undefined
  readonly origin: string
  readonly size: number
  /** Every record is shown. What an unshown record could explain is no finding. */
  readonly isWhole: boolean
  readonly report: Report
}
