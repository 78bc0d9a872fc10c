import { equalBytes, utf8Text } from '../encoding.ts'
import { EvidenceError } from '../error.ts'
import { emptyRoot } from '../hash.ts'
import type { VerifierKey } from '../key.ts'
import type { Trust, Trusted } from '../trust.ts'
import type { Cosigned } from './dates.ts'
import type { NamedKeys } from './keys.ts'
import { type Newest, sizeByNow } from './newest.ts'
import { readSigned, type Signed, signersOf } from './signed.ts'
import { readOrFind } from './stored.ts'
import type { Scene } from './watch.ts'

/** Archived checkpoints, to be compared with the tree while it is walked. */
export type Archive = {
  /** Checkpoints that witnesses cosigned, the newest one too, by size. */
  readonly cosigned: readonly Cosigned[]
  /** Sizes at which the tree's root is wanted, ascending. */
  readonly marks: readonly number[]
  readonly passed: (size: number, root: Uint8Array | undefined) => void
  /** After the last record, with the keys that the log has named. */
  readonly end: (named: NamedKeys) => Promise<void>
}

/**
 * Reads every archived checkpoint: each has to be signed, to be of this log, to be one that the log of
 * today begins with, and no witness may have signed a larger one earlier than a smaller one. Witnesses
 * need not be a quorum: an archived checkpoint may be older than the first of them.
 */
export async function openArchive(scene: Scene, trust: Trust, newest: Newest): Promise<Archive> {
  const { report, inventory } = scene
  if (!inventory.isListed) {
    report.notChecked('checkpoints', 'a web server does not list the archived checkpoints')
  } else if (inventory.archived.length === 0) {
    report.notChecked('checkpoints', 'there are no archived checkpoints')
  }
  const archived = new Map<number, Signed>()
  const different = new Set<number>()
  for (const size of inventory.archived) {
    const one = await readArchived(scene, trust, size)
    if (one) archived.set(size, one)
  }
  const compare = (size: number, root: Uint8Array) => {
    const one = archived.get(size)
    if (one && !equalBytes(one.checkpoint.root, root)) different.add(size)
  }
  return {
    cosigned: cosignedOf(scene, [...archived.values()], newest),
    marks: [...archived.keys()],
    passed: (size, root) => {
      if (root) compare(size, root)
      else
        report.partly('checkpoints', 'the bundle shows too little of the tree to know older roots')
    },
    end: async (named) => {
      // The root of no records is known without walking.
      compare(0, emptyRoot)
      for (const [size, one] of archived) {
        const file = fileOf(size)
        const keys = await signersOf(one, named.at(size))
        if (keys.length > 0) {
          judgeKeys(scene, named, { file, size, keys })
          if (different.has(size)) report.find('archived-inconsistent', { file })
        } else if (scene.isWhole) report.find('archived-unsigned', { file })
        else report.partly('checkpoints', 'a key that signed is named in no record that is shown')
      }
      const { file, logKeys: keys } = newest
      if (file !== fileOf(scene.size)) judgeKeys(scene, named, { file, size: scene.size, keys })
    },
  }
}

/** A key counts as long as the log says that it signs. */
function judgeKeys(
  { report }: Scene,
  named: NamedKeys,
  by: {
    readonly file: string
    readonly size: number
    readonly keys: readonly VerifierKey[]
  },
): void {
  const { file, size, keys } = by
  if (keys.every((key) => named.isRetired(key, size))) report.find('key-retired', { file })
}

/** In the order of their sizes, each witness's times have to ascend. */
function cosignedOf(
  { report, size: all }: Scene,
  archived: readonly Signed[],
  newest: Newest,
): readonly Cosigned[] {
  const times = new Map<string, number>()
  const cosigned: Cosigned[] = []
  const follow = ({ witnesses, checkpoint }: Trusted, file: string) => {
    for (const { name, time } of witnesses) {
      const before = times.get(name)
      if (before !== undefined && time < before) {
        report.find('cosignature-backwards', { file, detail: `${checkpoint.size} records` })
      }
      times.set(name, time)
    }
    if (checkpoint.size > all || witnesses.length === 0) return
    const seen = witnesses.map(({ time }) => time * 1000)
    const span = { earliest: Math.min(...seen), latest: Math.max(...seen) }
    cosigned.push({ size: Number(checkpoint.size), ...span })
  }
  for (const { trusted } of archived) {
    if (trusted) follow(trusted, fileOf(Number(trusted.checkpoint.size)))
  }
  follow(newest, newest.file)
  return cosigned.sort((one, other) => one.size - other.size)
}

/** Undefined, and said why, where it is no checkpoint of this log that the newest one may contain. */
async function readArchived(scene: Scene, trust: Trust, size: number): Promise<Signed | undefined> {
  const { report } = scene
  const file = fileOf(size)
  const bytes = await readOrFind(scene, file)
  if (!bytes) return undefined
  const signed = await readSigned(utf8Text(bytes) ?? '', trust).catch(asError)
  if (signed instanceof EvidenceError) {
    const code = signed.code === 'signature-invalid' ? 'archived-unsigned' : 'archived-malformed'
    report.find(code, { file, detail: signed.code })
    return undefined
  }
  report.examined('checkpoints')
  const { checkpoint } = signed
  if (checkpoint.size !== BigInt(size) || checkpoint.origin !== scene.origin) {
    report.find('archived-malformed', { file })
  } else if (size <= scene.size) return signed
  else if (checkpoint.size > (await sizeByNow(scene, trust))) {
    report.find('archived-ahead', { file })
  }
  return undefined
}

function fileOf(size: number): string {
  return `checkpoints/${size}`
}

function asError(thrown: unknown): EvidenceError {
  if (thrown instanceof EvidenceError) return thrown
  throw thrown
}
