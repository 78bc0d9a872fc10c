import type { RecordDraft } from '@sallyport/evidence/record'
import type { GrantUse } from '../reviews.ts'

const dayMs = 86_400_000

/** Gathers what intents add to the use of the grants they name, so that a flush writes each row once. */
export function gatherUses(): {
  readonly add: (record: RecordDraft, timeMs: number) => void
  /** What was added since the last time. */
  readonly take: () => readonly GrantUse[]
} {
  const active = new Map<string, { -readonly [Key in keyof GrantUse]: GrantUse[Key] }>()
  return {
    add: (record, timeMs) => {
      if (record.type !== 'call.authorized' || !record.grants || !record.fn) return
      const { name } = record.fn
      const day = Math.floor(timeMs / dayMs)
      // A party that counts on one grant twice has still made one call.
      const keys = new Set<string>()
      for (const { grant, party } of record.grants) {
        const key = JSON.stringify([grant, party, name, day])
        if (keys.has(key)) continue
        keys.add(key)
        const use = active.get(key) ?? {
          grant,
          party,
          function: name,
          day,
          calls: 0,
          lastAt: timeMs,
        }
        active.set(key, use)
        use.calls += 1
        use.lastAt = Math.max(use.lastAt, timeMs)
      }
    },
    take: () => {
      const taken = [...active.values()]
      active.clear()
      return taken
    },
  }
}
