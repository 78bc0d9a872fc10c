import { open, stat } from 'node:fs/promises'
import { limits } from '../config/limits.ts'

export type FileSecrets = { readonly read: (path: string) => Promise<string> }

type Remembered = { readonly version: string; readonly value: string }

/**
 * Secrets in files, such as mounted ones. One trailing newline is not part of the secret, because
 * editors add it. A value is kept until the file changes, so that rotation needs no restart.
 */
export function openFileSecrets(): FileSecrets {
  const remembered = new Map<string, Remembered>()
  return {
    read: async (path) => {
      try {
        const { mtimeNs, ino, size } = await stat(path, { bigint: true })
        const version = `${mtimeNs}-${ino}-${size}`
        const known = remembered.get(path)
        if (known?.version === version) return known.value
        const value = await readValue(path)
        remembered.set(path, { version, value })
        return value
      } catch (thrown) {
        remembered.delete(path)
        if (thrown instanceof BadSecret) throw thrown
        // The system's message is not passed on: its path is ours, but its rest is not under our control.
        throw new Error(`The secret in file ${path} could not be read.`)
      }
    },
  }
}

class BadSecret extends Error {
  override readonly name = 'BadSecret'
}

async function readValue(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.alloc(limits.secretBytes + 1)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0)
    if (bytesRead > limits.secretBytes) {
      throw new BadSecret(`The secret in file ${path} is longer than ${limits.secretBytes} bytes.`)
    }
    const value = buffer
      .subarray(0, bytesRead)
      .toString('utf8')
      .replace(/\r?\n$/, '')
    if (value === '') throw new BadSecret(`The secret in file ${path} is empty.`)
    return value
  } finally {
    await file.close()
  }
}
