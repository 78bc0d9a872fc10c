import type { Config } from '../config/config.ts'

/** Names of gateway.yaml that a rulebook may use. One that is absent is not known here: then none is unknown. */
export type KnownNames = {
  /** The retention classes there are. */
  readonly retention?: readonly string[]
  /** The channels for notifications. */
  readonly channels?: readonly string[]
  /** What the ids of people who can sign in begin with: the issuers, and `operator`. */
  readonly issuers?: readonly string[]
}

export function knownNamesOf(
  config: Pick<Config, 'retention' | 'notify' | 'issuers'>,
): Required<KnownNames> {
  return {
    retention: Object.keys(config.retention),
    channels: Object.keys(config.notify.channels),
    issuers: [...config.issuers.map(({ name }) => name), 'operator'],
  }
}
