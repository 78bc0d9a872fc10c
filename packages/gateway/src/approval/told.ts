import type { Message } from '../model/message.ts'
import type { Notice } from '../model/notice.ts'
import type { Ledger } from '../store/store.ts'
import { timestamp } from './records.ts'

type Make = (notice: Notice) => Promise<Message | undefined>

/**
 * The same messages, and for each channel that is shown what an approval asks a record of that, before it leaves:
 * what a channel is told can be read by whoever is in it, so it is a reading as one by a person is. Once for a
 * channel and a question while this process runs; if we crash before it was sent, the record stands, and says that
 * it may have been. Rejects when it cannot be recorded: then nothing is told yet.
 */
export function recordedTelling(
  make: Make,
  { store, now }: { readonly store: Pick<Ledger, 'commit'>; readonly now: () => number },
): Make {
  const recorded = new Map<string, Promise<unknown>>()
  const record = (channel: string, index: number) => {
    const key = `${index}:${channel}`
    const known = recorded.get(key)
    if (known !== undefined) return known
    const time = timestamp(now())
    const written = store.commit({
      record: {
        ...{ type: 'payload.read', time, record: index, role: 'forwarded' },
        by: `channel:${channel}`,
      },
      change: { kind: 'payload.read', record: index, role: 'forwarded' },
      payloads: [],
    })
    // Forgotten, it would be recorded again: that costs a record and loses nothing.
    if (recorded.size >= rememberedMax) recorded.clear()
    recorded.set(key, written)
    written.catch(() => recorded.delete(key))
    return written
  }
  return async (notice) => {
    const message = await make(notice)
    if (message?.shows !== undefined) await record(notice.channel, message.shows)
    return message
  }
}

const rememberedMax = 10_000
