import { hash } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Descriptions that were read while they were what is registered, one a function: what people compare a changed one
 * with. A convenience and no evidence: a text counts only for the digest it has, and one that is lost is not shown.
 */
export type KnownTexts = {
  /** Empty: not known. */
  readonly textOf: (functionId: string, digest: string) => string
  /** Keeps it in place of the one before. Rejects never. */
  readonly keep: (functionId: string, known: { digest: string; text: string }) => Promise<void>
}

/** `folder` undefined: remembered until this process ends. */
export function openKnownTexts(folder: string | undefined): KnownTexts {
  const digests = new Map<string, string>()
  const texts = new Map<string, string>()
  if (folder !== undefined) mkdirSync(folder, { recursive: true, mode: 0o700 })
  const read = (functionId: string): string => {
    if (folder === undefined) return texts.get(functionId) ?? ''
    try {
      return readFileSync(pathOf(folder, functionId), 'utf8')
    } catch {
      return ''
    }
  }
  return {
    textOf: (functionId, digest) => {
      const text = read(functionId)
      return text !== '' && `sha256:${hash('sha256', text, 'hex')}` === digest ? text : ''
    },
    keep: async (functionId, { digest, text }) => {
      if (digests.get(functionId) === digest) return
      digests.set(functionId, digest)
      if (folder === undefined) {
        texts.set(functionId, text)
        return
      }
      const path = pathOf(folder, functionId)
      // Half a text after a crash has another digest, so nobody is shown it; nothing has to be durable here.
      await writeFile(`${path}.part`, text, { mode: 0o600 })
        .then(() => rename(`${path}.part`, path))
        .catch(() => digests.delete(functionId))
    },
  }
}

/** An id is letters, digits, `.`, `-` and `_`; its hash is a name on every file system. */
function pathOf(folder: string, functionId: string): string {
  return join(folder, `${hash('sha256', functionId, 'hex').slice(0, 32)}.json`)
}
