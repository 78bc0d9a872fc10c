/**
 * A function that is refused until its owner accepts what its upstream says of it now. `revision` counts its
 * changes; compare-and-set by it.
 */
export type FunctionHold = {
  /** `<connection>.<name>`. */
  readonly function: string
  readonly connection: string
  readonly state: 'quarantined' | 'accepted'
  /** `drift`: it is described otherwise than it was registered; `gone`: no longer; `new`: it was never registered. */
  readonly why: 'drift' | 'gone' | 'new'
  /** Digest of the description that was registered, and of the one that was found. `sha256:<hex>`; empty: none. */
  readonly registered: string
  readonly found: string
  /** Both descriptions, canonical JSON, so that people can compare them. Empty: none. */
  readonly registeredText: string
  readonly foundText: string
  /** Unix milliseconds. */
  readonly since: number
  readonly accepted?: { readonly by: string; readonly at: number; readonly note: string }
  readonly revision: number
}

/** That a function waits for its owner; or that its upstream, which had to be asked what it is, did not say. */
export type Held = { readonly why: FunctionHold['why'] | 'unread' }
