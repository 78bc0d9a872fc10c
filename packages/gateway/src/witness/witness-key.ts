import { mkdir, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import {
  cosignatureType,
  ed25519Type,
  formatSigner,
  formatVerifierKey,
  newSigner,
  parseSigner,
  type Signer,
  type VerifierKey,
} from '@sallyport/evidence/log'
import { createWhole } from './durable-file.ts'

/** One key in Go's form; whatever is longer is another file. */
const fileBytesMax = 4096

/**
 * Creates the witness's key (`witness.key`, mode 0600) under this name, or keeps the one that is there.
 * Rejects when heads are there and the key is not: under a new key, what was cosigned before would no
 * longer be known as ours, and nobody would notice that the key was lost.
 */
export async function createWitnessKey(home: string, name: string): Promise<Signer> {
  await mkdir(home, { recursive: true, mode: 0o700 })
  const kept = await readdir(join(home, 'heads')).catch(() => [])
  const path = keyPath(home)
  if (kept.length > 0 && !(await openIfThere(path))) {
    throw new Error(
      `The key ${path} is missing, but ${home} holds what was cosigned with it. Restore the key from its backup, or use a new folder and give its key to the logs.`,
    )
  }
  const signer = await newSigner(name, cosignatureType)
  await createWhole(path, `${await formatSigner(signer)}\n`)
  return readWitnessKey(home)
}

/** Rejects, saying what to do, when there is no key, when others may read it, and when it is damaged. */
export async function readWitnessKey(home: string): Promise<Signer> {
  const path = keyPath(home)
  const found = await openIfThere(path)
  if (!found) throw new Error(`There is no key ${path}. Run: sallyport witness init --home ${home}`)
  if (found.mode & 0o077) {
    throw new Error(`The key ${path} can be read by others. Run: chmod 600 ${path}`)
  }
  const signer = await parseSigner(found.text.trimEnd()).catch(() => undefined)
  if (signer?.type === cosignatureType) return signer
  throw new Error(`The key ${path} is damaged. Restore it from its backup.`)
}

/** The same key as two texts: its own type 0x04, and 0x01, from which some verifiers derive 0x04. */
export function verifierKeys({ name, publicKey }: Signer): {
  readonly current: string
  readonly older: string
} {
  const as = (type: VerifierKey['type']) => formatVerifierKey({ name, type, publicKey })
  return { current: as(cosignatureType), older: as(ed25519Type) }
}

function keyPath(home: string): string {
  return join(home, 'witness.key')
}

async function openIfThere(
  path: string,
): Promise<{ readonly mode: number; readonly text: string } | undefined> {
  const file = await open(path, 'r').catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined
    throw thrown
  })
  if (!file) return undefined
  try {
    const { mode, size } = await file.stat()
    return { mode, text: size <= fileBytesMax ? await file.readFile('utf8') : '' }
  } finally {
    await file.close()
  }
}
