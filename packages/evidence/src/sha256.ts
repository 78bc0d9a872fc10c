/**
 * SHA-256 (FIPS 180-4 section 6.2) in plain JavaScript, for places without Node's crypto. Browsers
 * offer it only asynchronously, one promise for each of the many small hashes of a tree.
 */
export function portableSha256(bytes: Uint8Array): Uint8Array {
  const state = Uint32Array.from(initial)
  const schedule = new Uint32Array(64)
  const whole = bytes.length - (bytes.length % 64)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < whole; at += 64) compress(state, schedule, view, at)

  // Padding (section 5.1.1): a one bit, zeros, and the length in bits in the last eight bytes.
  const rest = bytes.length - whole
  const tail = new Uint8Array(rest < 56 ? 64 : 128)
  tail.set(bytes.subarray(whole))
  tail[rest] = 0x80
  const tailView = new DataView(tail.buffer)
  tailView.setUint32(tail.length - 8, Math.floor(bytes.length / 2 ** 29))
  tailView.setUint32(tail.length - 4, (bytes.length * 8) >>> 0)
  for (let at = 0; at < tail.length; at += 64) compress(state, schedule, tailView, at)

  const digest = new Uint8Array(32)
  const out = new DataView(digest.buffer)
  state.forEach((word, at) => {
    out.setUint32(at * 4, word)
  })
  return digest
}

const primes = firstPrimes(64)
/** Section 5.3.3: the first bits of the fractions of the square roots of the first eight primes. */
const initial = primes.slice(0, 8).map((prime) => rootFraction(prime, 2n))
/** Section 4.2.2: the same of the cube roots of the first sixty-four. */
const constants = Uint32Array.from(primes, (prime) => rootFraction(prime, 3n))

function compress(state: Uint32Array, w: Uint32Array, block: DataView, at: number): void {
  for (let t = 0; t < 16; t++) w[t] = block.getUint32(at + t * 4)
  for (let t = 16; t < 64; t++) {
    const w15 = w[t - 15] ?? 0
    const w2 = w[t - 2] ?? 0
    const s0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3)
    const s1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10)
    w[t] = s1 + (w[t - 7] ?? 0) + s0 + (w[t - 16] ?? 0)
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let t = 0; t < 64; t++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (constants[t] ?? 0) + (w[t] ?? 0)) | 0
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  const next = [a, b, c, d, e, f, g, h]
  next.forEach((word, index) => {
    state[index] = (state[index] ?? 0) + word
  })
}

function rotate(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}

function firstPrimes(count: number): readonly bigint[] {
  const found: bigint[] = []
  for (let n = 2n; found.length < count; n++) {
    if (found.every((prime) => n % prime !== 0n)) found.push(n)
  }
  return found
}

/** The first 32 bits of the fraction of the `degree`-th root of `prime`, computed, not copied. */
function rootFraction(prime: bigint, degree: bigint): number {
  const target = prime << (32n * degree)
  let low = 0n
  let high = 1n << 40n
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (middle ** degree <= target) low = middle
    else high = middle
  }
  return Number(low & 0xffffffffn)
}
