import type { Raw } from '../../../call/stage.ts'
import { membersOf } from './members.ts'

/** One whole frame as the pipeline takes an answer. */
export function rawOf(frame: Uint8Array): Raw {
  const isError = membersOf(frame)?.has('error') === true
  return {
    state: 'raw',
    head: { status: isError ? 500 : 200, headers: [], mediaType: 'application/json' },
    fragment: false,
    body: once(frame),
  }
}

async function* once(frame: Uint8Array): AsyncIterable<Uint8Array> {
  yield frame
}
