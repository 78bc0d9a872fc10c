import type { StoreChange } from '../store.ts'
import { connect, type Session, type Target } from './connection.ts'

/** Between two attempts to listen again. */
const againMs = 1_000

/**
 * Hears what other gateways, and this one, have changed (LISTEN). While the connection is gone nothing is heard;
 * when it is back, `missed` is told.
 */
export function openListener(
  target: Target,
  given: {
    readonly name: string
    readonly channel: string
    readonly tell: (change: StoreChange) => void
  },
): {
  /** Resolves once it listens, or could not: then it tries again by itself. */
  readonly ready: Promise<void>
  readonly close: () => Promise<void>
} {
  const { name, channel, tell } = given
  let session: Session | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let connecting: Promise<void> = Promise.resolve()

  const listen = async (isAgain: boolean) => {
    const opened = await connect(target, {
      name,
      onNotice: (payload) => {
        const change = parse(payload)
        if (change) tell(change)
      },
    })
    session = opened
    void opened.lost.then(() => {
      void opened.close()
      retry()
    })
    await opened.run(`LISTEN "${channel}"`)
    if (isAgain) tell({ kind: 'missed', id: '' })
  }
  const start = (isAgain: boolean) => {
    connecting = listen(isAgain).catch(retry)
  }
  const retry = () => {
    if (closed || timer) return
    timer = setTimeout(() => {
      timer = undefined
      start(true)
    }, againMs)
  }
  start(false)
  return {
    ready: connecting,
    close: async () => {
      closed = true
      clearTimeout(timer)
      await connecting
      await session?.close()
    },
  }
}

const kinds: readonly StoreChange['kind'][] = [
  'approval',
  'clearance',
  'principal',
  'rulebook',
  'grant',
  'timed',
  'function',
  'campaign',
]

/** Whoever may connect may notify: what is no hint is not passed on. */
function parse(payload: string): StoreChange | undefined {
  try {
    const { kind, id }: { readonly kind?: unknown; readonly id?: unknown } = JSON.parse(payload)
    const known = kinds.find((one) => one === kind)
    return known && typeof id === 'string' ? { kind: known, id } : undefined
  } catch {
    return undefined
  }
}
