import type { Sent } from './channel.ts'

export type ChannelCount = {
  readonly sent: number
  readonly failed: number
  readonly givenUp: number
  /** Why the newest attempt failed; undefined after one that did not. */
  readonly trouble: string | undefined
}

export type ChannelCounts = {
  /** Counts one attempt. Says when the channel began to fail, or to work again. */
  readonly add: (channel: string, sent: Sent, isGivenUp: boolean) => 'down' | 'back' | undefined
  readonly all: () => Readonly<Record<string, ChannelCount>>
}

export const noneYet: ChannelCount = { sent: 0, failed: 0, givenUp: 0, trouble: undefined }

/** What each channel did since the start, by name. */
export function countChannels(): ChannelCounts {
  const counts = new Map<string, ChannelCount>()
  return {
    add: (channel, sent, isGivenUp) => {
      const before = counts.get(channel) ?? noneYet
      const trouble = 'why' in sent ? sent.why : undefined
      counts.set(channel, {
        sent: before.sent + (sent.kind === 'sent' ? 1 : 0),
        failed: before.failed + ('why' in sent ? 1 : 0),
        givenUp: before.givenUp + (isGivenUp ? 1 : 0),
        trouble,
      })
      if ((trouble === undefined) === (before.trouble === undefined)) return undefined
      return trouble === undefined ? 'back' : 'down'
    },
    all: () => Object.fromEntries(counts),
  }
}
