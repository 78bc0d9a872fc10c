import type { FunctionHold } from '../model/function-hold.ts'
import type { FunctionHolds } from '../store/reviews.ts'
import type { Store } from '../store/store.ts'

/** Every hold as this gateway knows it: a fast answer, and no more than that; the store refuses what it missed. */
export type KnownHolds = {
  readonly all: () => ReadonlyMap<string, FunctionHold>
  /** One that was just written, or read; never replaces a newer one. */
  readonly learn: (hold: FunctionHold) => void
  readonly readAll: () => Promise<void>
  readonly close: () => void
}

export async function openKnownHolds(
  store: FunctionHolds & Pick<Store, 'onChange'>,
  onFailure: (cause: unknown) => void,
): Promise<KnownHolds> {
  const holds = new Map<string, FunctionHold>()
  const learn = (hold: FunctionHold) => {
    const known = holds.get(hold.function)
    if (!known || known.revision <= hold.revision) holds.set(hold.function, hold)
  }
  const readAll = async () => {
    for (const hold of await store.functionHolds()) learn(hold)
  }
  const readOne = async (functionId: string) => {
    const hold = await store.functionHold(functionId)
    if (hold) learn(hold)
  }
  const stopListening = store.onChange(({ kind, id }) => {
    if (kind === 'function') readOne(id).catch(onFailure)
    else if (kind === 'missed') readAll().catch(onFailure)
  })
  await readAll()
  return { all: () => holds, learn, readAll, close: stopListening }
}
