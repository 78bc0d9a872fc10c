import type { Limits } from '../config/limits.ts'
import type { DescribedOperation } from '../model/described-operation.ts'
import type { Json } from '../model/json.ts'

export type ReadDescriptionNeeds = {
  /** One JSON text within this depth, as everybody reads it; throws for anything else. */
  readonly parse: (bytes: Uint8Array, depthMax: number) => Json
  readonly describe: (
    document: Json,
  ) => { readonly operations: readonly DescribedOperation[] } | { readonly problem: string }
  readonly limits: Pick<Limits, 'descriptionFetchMs' | 'descriptionBytes' | 'descriptionDepth'>
}

/** `busyMs`: for how long nothing else could be done here. */
export type ReadDescription = (
  | { readonly operations: readonly DescribedOperation[] }
  | { readonly problem: string }
) & { readonly busyMs: number }

/**
 * Fetches and reads what an upstream says of itself. Nothing of the answer is believed but a whole, bounded JSON
 * document from exactly this address: no redirect is followed, no credential is sent, nothing is kept half. The
 * problem is for the operator and holds no word of the upstream's.
 */
export async function readDescription(
  { parse, describe, limits }: ReadDescriptionNeeds,
  url: string,
  signal: AbortSignal,
): Promise<ReadDescription> {
  const timeout = AbortSignal.timeout(limits.descriptionFetchMs)
  let bytes: Uint8Array
  try {
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'application/json', 'accept-encoding': 'identity' },
      signal: AbortSignal.any([signal, timeout]),
    })
    const read = await bodyOf(answer, limits.descriptionBytes)
    if ('problem' in read) return { ...read, busyMs: 0 }
    bytes = read.bytes
  } catch {
    const late = `It was not there within ${limits.descriptionFetchMs / 1000} s.`
    return { problem: timeout.aborted ? late : 'It could not be fetched.', busyMs: 0 }
  }
  const started = performance.now()
  const read = readBytes({ parse, describe, limits }, bytes)
  return { ...read, busyMs: performance.now() - started }
}

function readBytes(
  { parse, describe, limits }: ReadDescriptionNeeds,
  bytes: Uint8Array,
): { readonly operations: readonly DescribedOperation[] } | { readonly problem: string } {
  let document: Json
  try {
    document = parse(bytes, limits.descriptionDepth)
  } catch {
    return {
      problem: `It is not one JSON document without repeated keys, nested at most ${limits.descriptionDepth} deep.`,
    }
  }
  return describe(document)
}

async function bodyOf(
  answer: Response,
  bytesMax: number,
): Promise<{ readonly bytes: Uint8Array } | { readonly problem: string }> {
  const { body } = answer
  const refuse = async (problem: string) => {
    await body?.cancel()
    return { problem }
  }
  if (answer.status >= 300 && answer.status < 400) {
    return refuse('It leads elsewhere; write the address itself.')
  }
  if (answer.status !== 200 || !body) return refuse(`It is answered with status ${answer.status}.`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.byteLength
    // Leaving the loop lets go of the connection: no more of it is taken.
    if (size > bytesMax) return { problem: `It is longer than ${bytesMax} bytes.` }
    chunks.push(chunk)
  }
  return { bytes: Buffer.concat(chunks) }
}
