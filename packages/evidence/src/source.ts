import { EvidenceError } from './error.ts'

/**
 * Where a bundle is read from: a folder, a zip file or a web server that serves the log folder. All
 * three hold the same paths (the tlog-tiles layout and what goes with it). Nothing that is read is
 * trusted; a source only promises that the same path gives the same bytes while it is open.
 */
export type BundleSource = {
  /**
   * The file's bytes, undefined when it is not there. Throws `EvidenceError` when it cannot be read, and
   * `source-too-large`, without having held or unpacked it, when it is longer than `bytesMax`.
   */
  readonly read: (path: string, bytesMax: number) => Promise<Uint8Array | undefined>
  /** Every file, in no particular order. Undefined where files cannot be listed: on a web server. */
  readonly list: () => AsyncIterable<string> | undefined
  readonly close: () => Promise<void>
}

/** Longer than any payload that the gateway holds, and short enough to be held whole in memory. */
export const fileBytesMax: number = 1 << 28

/** What `read` throws for a file beyond its bound. */
export function tooLarge(): EvidenceError {
  return new EvidenceError('source-too-large', 'a file is longer than it may be')
}

/** What `read` and a container throw for what is no file. */
export function irregular(): EvidenceError {
  return new EvidenceError('source-irregular', 'a link, a pipe or a device is no part of a bundle')
}

/** A log folder behind an address. What answers 404 or 410 is not there; any other error is one. */
export function urlSource(
  base: string,
  options: { readonly timeoutMs?: number } = {},
): BundleSource {
  const prefix = base.endsWith('/') ? base : `${base}/`
  return {
    read: async (path, bytesMax) => {
      if (!isBundlePath(path))
        throw new EvidenceError('source-path', 'a path is not one of a bundle')
      return fetchFile(`${prefix}${path}`, { bytesMax, timeoutMs: options.timeoutMs ?? timeoutMs })
    },
    list: () => undefined,
    close: async () => {},
  }
}

/**
 * Whether a file of a bundle could have this path: relative, of plain names, nothing that a file
 * system or a web server would read as something else (`..`, `//`, backslashes, control characters).
 */
export function isBundlePath(path: string): boolean {
  if (path.length > pathMax || !/^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/.test(path)) return false
  return path.split('/').every((name) => name !== '.' && name !== '..')
}

const pathMax = 512

/** A server that does not answer for this long will not. */
const timeoutMs = 30_000

async function fetchFile(
  url: string,
  limits: { readonly bytesMax: number; readonly timeoutMs: number },
): Promise<Uint8Array | undefined> {
  try {
    const signal = AbortSignal.timeout(limits.timeoutMs)
    const answer = await fetch(url, { redirect: 'error', signal })
    if (answer.status === 404 || answer.status === 410) {
      await answer.body?.cancel()
      return undefined
    }
    if (!answer.ok || !answer.body) throw new Error(`answered ${answer.status}`)
    return await gather(answer.body, limits.bytesMax)
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause
    throw new EvidenceError('source-unreadable', `the server gave no answer for ${url}`, { cause })
  }
}

/** All bytes of a stream; throws `source-too-large` as soon as they are more than `bytesMax`. */
export async function gather(
  stream: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > bytesMax) throw tooLarge()
    chunks.push(chunk)
  }
  const [only] = chunks
  if (only && chunks.length === 1) return only
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
