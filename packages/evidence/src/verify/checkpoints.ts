import { parseCheckpoint } from '../checkpoint.ts'
import { equalBytes, utf8Text } from '../encoding.ts'
import { EvidenceError } from '../error.ts'
import { emptyRoot } from '../hash.ts'
import { checkTrust, type Trust, type Trusted } from '../trust.ts'
import { readOrFind } from './stored.ts'
import type { Scene } from './watch.ts'

/** Archived checkpoints, to be compared with the tree while it is walked. */
export type Archive = {
  /** Checkpoints that witnesses cosigned, the newest one too, by size. */
  readonly cosigned: readonly Cosigned[]
  /** Sizes at which the tree's root is wanted, ascending. */
  readonly marks: readonly number[]
  readonly passed: (size: number, root: Uint8Array | undefined) => void
  readonly end: () => void
}

/** When the witnesses of one checkpoint say that they saw it, Unix milliseconds. */
export type Cosigned = {
  readonly size: number
  readonly earliest: number
  readonly latest: number
}

/**
 * Reads every archived checkpoint: each has to be signed, to be of this log, to be one that the log of
 * today begins with, and no witness may have signed a larger one earlier than a smaller one. Witnesses
 * need not be a quorum: an archived checkpoint may be older than the first of them.
 */
export async function openArchive(scene: Scene, trust: Trust, newest: Trusted): Promise<Archive> {
  const { report, inventory } = scene
  if (!inventory.isListed) {
    report.notChecked('checkpoints', 'a web server does not list the archived checkpoints')
  } else if (inventory.archived.length === 0) {
    report.notChecked('checkpoints', 'there are no archived checkpoints')
  }
  const roots = new Map<number, Uint8Array>()
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
    if (checkpoint.size > scene.size || witnesses.length === 0) return
    const seen = witnesses.map(({ time }) => time * 1000)
    const span = { earliest: Math.min(...seen), latest: Math.max(...seen) }
    cosigned.push({ size: Number(checkpoint.size), ...span })
  }
  for (const size of inventory.archived) {
    const file = `checkpoints/${size}`
    const trusted = await readArchived(scene, trust, file)
    if (!trusted) continue
    const { checkpoint } = trusted
    report.examined('checkpoints')
    if (checkpoint.size !== BigInt(size) || checkpoint.origin !== scene.origin) {
      report.find('archived-malformed', { file })
    } else if (size > scene.size) report.find('archived-ahead', { file })
    else roots.set(size, checkpoint.root)
    follow(trusted, file)
  }
  follow(newest, 'checkpoint')
  return {
    cosigned: cosigned.sort((one, other) => one.size - other.size),
    marks: [...roots.keys()],
    passed: (size, root) => {
      const archived = roots.get(size)
      if (!root) {
        report.partly('checkpoints', 'the bundle shows too little of the tree to know older roots')
      } else if (archived && !equalBytes(archived, root)) {
        report.find('archived-inconsistent', { file: `checkpoints/${size}` })
      }
      roots.delete(size)
    },
    end: () => {
      // The root of no records is known without walking.
      const empty = roots.get(0)
      if (empty && !equalBytes(empty, emptyRoot)) {
        report.find('archived-inconsistent', { file: 'checkpoints/0' })
      }
    },
  }
}

async function readArchived(
  scene: Scene,
  trust: Trust,
  file: string,
): Promise<Trusted | undefined> {
  const bytes = await readOrFind(scene, file)
  const text = bytes && utf8Text(bytes)
  if (bytes && text === undefined) scene.report.find('archived-malformed', { file })
  if (text === undefined) return undefined
  try {
    parseCheckpoint(text)
    return await checkTrust(text, { ...trust, quorum: undefined })
  } catch (thrown) {
    if (!(thrown instanceof EvidenceError)) throw thrown
    const isUnsigned = thrown.code === 'trust-unmet' || thrown.code === 'signature-invalid'
    scene.report.find(isUnsigned ? 'archived-unsigned' : 'archived-malformed', {
      file,
      detail: thrown.code,
    })
    return undefined
  }
}
