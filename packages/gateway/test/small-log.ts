import {
  consistencyProof,
  formatCheckpoint,
  formatVerifierKey,
  leafHash,
  newSigner,
  nodeHash,
  parseVerifierKey,
  rootFromLeafHashes,
  type Signer,
  signNote,
} from '@sallyport/evidence'

/** A log in memory that may do what no log should: show another history, under its own key. */
export type SmallLog = {
  readonly key: string
  readonly signer: Signer
  readonly note: (size: number, history?: string) => Promise<string>
  /** The body of `add-checkpoint` from one size to another. */
  readonly ask: (from: number, to: number, history?: string) => Promise<string>
  readonly proof: (from: number, to: number, history?: string) => Promise<readonly Uint8Array[]>
}

/** `name` may depend on the key: some logs are named by it. */
export async function smallLog(
  name: string | ((publicKey: Uint8Array) => string),
): Promise<SmallLog> {
  const made = await newSigner('log.example/unnamed')
  const origin = typeof name === 'string' ? name : name(made.publicKey)
  const key = parseVerifierKey(formatVerifierKey({ ...made, name: origin }))
  const signer: Signer = { ...made, ...key }
  const note: SmallLog['note'] = async (size, history = 'a') => {
    const root = rootFromLeafHashes(Array.from({ length: size }, (_, at) => leaf(history, at)))
    return signNote(formatCheckpoint({ origin, size: BigInt(size), root }), signer)
  }
  const proof: SmallLog['proof'] = async (from, to, history = 'a') =>
    from === 0 || from === to
      ? []
      : consistencyProof(BigInt(from), BigInt(to), (level, index) => node(history, level, index))
  return {
    key: formatVerifierKey(signer),
    signer,
    note,
    proof,
    ask: async (from, to, history) =>
      addCheckpoint(from, await proof(from, to, history), await note(to, history)),
  }
}

export function addCheckpoint(
  oldSize: number | string,
  proof: readonly Uint8Array[],
  note: string,
): string {
  const lines = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`)
  return `old ${oldSize}\n${lines.join('')}\n${note}`
}

/** Of `a`, `late` shares the first seven leaves; every other history shares none. */
function leaf(history: string, index: number): Uint8Array {
  const said = history === 'late' && index < 7 ? 'a' : history
  return leafHash(new TextEncoder().encode(`${said} ${index}`))
}

function node(history: string, level: number, index: bigint): Uint8Array {
  if (level === 0) return leaf(history, Number(index))
  return nodeHash(node(history, level - 1, 2n * index), node(history, level - 1, 2n * index + 1n))
}
