import type { ResultMasking } from '../src/mask/plan.ts'

/** A body that can be cut anywhere, and what must not come out of it however it is. */
export type CutBody = {
  readonly masking: ResultMasking
  readonly mediaType: string
  /** In bytes, or in characters of a text that comes in events. */
  readonly length: number
  /** What is delivered of it from one place to another. */
  readonly piece: (from: number, to: number) => Uint8Array
  /** What comes out of the body in one piece as well is no leak of cutting: leave it out. */
  readonly values: readonly string[]
  /** What a reader reads of what came out; all of it where absent. */
  readonly told?: ((masked: string) => string) | undefined
  /** Of the cuts in two, only every so many: a sample. */
  readonly every?: number | undefined
}

export type CutCount = {
  /** How often the body was delivered, each time cut in another way. */
  readonly deliveries: number
  /** After so many of them a value could be read. */
  readonly leaks: number
  /** After so many, something else came out than of the body in one piece. */
  readonly different: number
  /** And after so many nothing did: the body could not be read. */
  readonly withheld: number
}

/**
 * Delivers a body in every two pieces, and in pieces of one to seven, and reads what comes out. Throws what
 * masking the body in one piece throws.
 */
export function cutBody(body: CutBody): CutCount {
  const { values } = body
  const whole = toldOf(body, [body.length])
  const count = { deliveries: 0, leaks: 0, different: 0, withheld: 0 }
  for (const cuts of cutsOf(body)) {
    count.deliveries += 1
    const told = deliver(body, cuts)
    if (told === undefined) count.withheld += 1
    else if (told !== whole) count.different += 1
    if (values.some((value) => told?.includes(value))) count.leaks += 1
  }
  return count
}

/** Undefined: it was withheld. */
function deliver(body: CutBody, cuts: readonly number[]): string | undefined {
  try {
    return toldOf(body, cuts)
  } catch {
    return undefined
  }
}

/** `cuts`: where each piece ends. */
function toldOf(body: CutBody, cuts: readonly number[]): string {
  const { masking, mediaType, piece, told = (masked) => masked } = body
  const masker = masking.masker({ mediaType, fragment: false, key: Buffer.alloc(32), echoes: [] })
  if (masker === undefined) throw new Error(`nothing reads ${mediaType}`)
  let from = 0
  const out = cuts.map((to) => {
    const taken = piece(from, to)
    from = to
    return masker.push(taken)
  })
  return told(Buffer.concat([...out, masker.end()]).toString())
}

function* cutsOf({ length, every = 1 }: CutBody): Generator<readonly number[]> {
  for (let at = 1; at < length; at += every) yield [at, length]
  for (let size = 1; size <= 7; size += 1) {
    yield Array.from({ length: Math.ceil(length / size) }, (_, at) =>
      Math.min(length, (at + 1) * size),
    )
  }
}
