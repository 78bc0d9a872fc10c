import type { FollowUps } from '../src/call/follow-up.ts'
import { Refusal } from '../src/call/refusal.ts'

/** Where nobody has a question. */
export const noFollowUps: FollowUps = {
  identify: async () => {
    throw new Refusal('unauthenticated')
  },
  question: async () => undefined,
  watch: () => ({ within: async () => undefined, forget: () => undefined }),
  withdraw: async () => undefined,
  result: async () => undefined,
}
