import { setImmediate as turn } from 'node:timers/promises'
import { maskResult } from '../packages/gateway/src/call/mask-result.ts'
import { makeInForce } from '../packages/gateway/src/rulebook/in-force.ts'
import { type MaskThread, openMaskThread } from '../packages/gateway/src/rulebook/mask-thread.ts'
import { gateOf, recordedOf } from '../packages/gateway/test/call-stages.ts'
import {
  detectRuleOf,
  httpFunctionOf,
  rulebookOf,
} from '../packages/gateway/test/rulebook-parts.ts'

/** Of one long body: how long calls wait for it at the worst, how much of the thread they need it takes, and how fast. */
type Delay = {
  /** Milliseconds of work in one go. */
  readonly longest: number
  /** Milliseconds of work in all. */
  readonly all: number
  /** Megabytes per second of wall-clock time. */
  readonly speed: number
}

/**
 * How long results keep the thread that answers calls, where they are masked in it and where they are masked beside it.
 * Of its own time, so that what else the machine does does not count.
 */
export async function maskingDelays(
  bodies: readonly (readonly [name: string, chunks: () => Iterable<Uint8Array>])[],
  print: (line: string) => void,
): Promise<void> {
  const thread = openMaskThread()
  print(
    'The thread that answers calls, while one result is masked: longest stretch and all work in ms',
  )
  for (const [name, chunks] of bodies) {
    for (const where of [undefined, thread]) {
      // The first of each is for what has to be compiled.
      await delayOf(chunks(), where)
      const { longest, all, speed } = await delayOf(chunks(), where)
      const figures = `${longest.toFixed(1).padStart(8)} of ${all.toFixed(0).padStart(6)}`
      const place = where === undefined ? 'here' : 'beside'
      print(
        `  ${name.padEnd(32)}${place.padEnd(8)}${figures}  ${speed.toFixed(0).padStart(4)} MB/s`,
      )
    }
  }
  await thread.close()
}

async function delayOf(
  chunks: Iterable<Uint8Array>,
  thread: MaskThread | undefined,
): Promise<Delay> {
  const watch = watchThread()
  const from = performance.now()
  const bytes = await mask(chunks, thread)
  const seconds = (performance.now() - from) / 1_000
  return { ...watch.stop(), speed: bytes / 1_000_000 / seconds }
}

/** Reads a result as a call does; how many bytes came. */
async function mask(chunks: Iterable<Uint8Array>, thread: MaskThread | undefined): Promise<number> {
  const detect = [detectRuleOf({ entities: ['*'] })]
  const fn = httpFunctionOf({ detect })
  const detection = { custom: [], allow: [], onError: 'block' } as const
  const rules = makeInForce({
    rulebook: rulebookOf({ functions: [fn], detection }),
    decide: () => ({ effect: 'forbid', reasons: [], errors: [] }),
    ...{ grants: [], checks: new Map(), thread },
  })
  let bytes = 0
  const body = async function* () {
    for (const chunk of chunks) {
      bytes += chunk.length
      yield chunk
      // As from a socket: each comes in a turn of its own.
      await turn()
    }
  }
  const masked = maskResult(
    gateOf({
      micros: () => Math.round(performance.now() * 1_000),
      turn: async () => void (await turn()),
    }),
    recordedOf({ fn, rules }),
    { kind: 'none', echoes: [] },
    {
      ...{ state: 'raw', fragment: false, body: body() },
      head: { status: 200, headers: [], mediaType: 'application/json' },
    },
  )
  for await (const _ of masked.body);
  return bytes
}

/** What this thread works between two turns of it. */
function watchThread(): { readonly stop: () => Pick<Delay, 'longest' | 'all'> } {
  const begun = process.threadCpuUsage()
  let last = begun
  let longest = 0
  let isOver = false
  const look = () => {
    const { user, system } = process.threadCpuUsage(last)
    longest = Math.max(longest, (user + system) / 1_000)
    last = process.threadCpuUsage()
    if (!isOver) setTimeout(look, 1)
  }
  look()
  return {
    stop: () => {
      isOver = true
      const { user, system } = process.threadCpuUsage(begun)
      return { longest, all: (user + system) / 1_000 }
    },
  }
}
