import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseCheckpoint, type Signer, type VerifierKey, verifyNote } from '@sallyport/evidence/log'
import { NotReplaced, replaceWhole } from './durable-file.ts'

/** The latest checkpoint this witness has cosigned for one log. */
export type Head = {
  readonly origin: string
  readonly size: bigint
  readonly root: Uint8Array
  /** Unix seconds of our cosignature. */
  readonly time: number
  /** The checkpoint with the log's signatures that we verified and our cosignature. */
  readonly note: string
}

export type Heads = {
  readonly of: (origin: string) => Head | undefined
  readonly byHash: (originHash: string) => Head | undefined
  /**
   * Durable when it resolves, and only then may the cosignature leave. `NotReplaced`: the old head is
   * still the head. Whatever else it throws, the disk's state is unknown, and so it throws ever after.
   */
  readonly replace: (head: Head) => Promise<void>
}

/**
 * What the witness remembers: one file per log, `heads/<SHA-256 of the origin>`, itself a cosigned
 * checkpoint. The folder has to be locked. Rejects when one of them is not what `signer` cosigned: a
 * witness that forgot what it saw would help the log that wants it forgotten.
 */
export async function openHeads(home: string, signer: Signer): Promise<Heads> {
  const folder = join(home, 'heads')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const heads = new Map<string, Head>()
  for (const name of await readdir(folder)) {
    // A crash can leave a draft; its head was never told to anybody.
    if (name.endsWith('.draft')) continue
    const path = join(folder, name)
    const head = await readHead(await readFile(path, 'utf8'), signer)
    if (!head || originHash(head.origin) !== name) {
      throw new Error(
        `${path} is not what this witness cosigned: it is damaged, or of another key. Restore the folder from its backup, or use a new one with a new key.`,
      )
    }
    heads.set(name, head)
  }
  let broken = false
  return {
    of: (origin) => heads.get(originHash(origin)),
    byHash: (hash) => heads.get(hash),
    replace: async (head) => {
      if (broken) throw new Error('an earlier write ended in doubt; restart the witness')
      const name = originHash(head.origin)
      try {
        await replaceWhole(join(folder, name), head.note)
      } catch (thrown) {
        broken = !(thrown instanceof NotReplaced)
        throw thrown
      }
      heads.set(name, head)
    },
  }
}

/** Undefined when it is not a checkpoint that this key has cosigned. */
async function readHead(note: string, key: VerifierKey): Promise<Head | undefined> {
  try {
    const { text, signedBy } = await verifyNote(note, [key])
    const { origin, size, root } = parseCheckpoint(text)
    const time = signedBy[0]?.time
    return time === undefined ? undefined : { origin, size, root, time, note }
  } catch {
    return undefined
  }
}

/** The name by which c2sp.org/tlog-witness serves a log's latest checkpoint. */
function originHash(origin: string): string {
  return createHash('sha256').update(origin).digest('hex')
}
