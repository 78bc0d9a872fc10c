import { createHash, createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createRequire } from 'node:module'
import { chainStart } from '../src/record.ts'
import { type BundleSource, tooLarge } from '../src/source.ts'

/**
 * A log written by hand for the verifier's tests: somebody else's RFC 8785, Node's crypto, and the tree
 * straight from the recursive definition of RFC 6962 section 2.1. Nothing of the writer is used.
 */
const canonicalize: (value: unknown) => string = createRequire(import.meta.url)('canonicalize')

export type Files = Map<string, Uint8Array>
export type Fields = { readonly type: string; readonly [member: string]: unknown }
export type Payloads = Readonly<Record<string, string | Uint8Array>>

export type Key = {
  readonly name: string
  readonly vkey: string
  readonly privateKey: KeyObject
  readonly id: Buffer
  readonly type: number
}

/** A key as c2sp.org/signed-note has it: type 1 signs logs, type 4 cosigns. */
export function newKey(name: string, type = 1): Key {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const typed = Buffer.concat([Buffer.of(type), raw])
  const id = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4)
  return {
    name,
    type,
    privateKey,
    id,
    vkey: `${name}+${id.toString('hex')}+${typed.toString('base64')}`,
  }
}

export class LogBuilder {
  readonly leaves: Buffer[] = []
  readonly payloads: Files = new Map()
  readonly rulebooks: Files = new Map()
  readonly archived: Map<number, string> = new Map()
  readonly key: Key
  readonly origin: string
  readonly witnesses: Key[] = []
  /** Keys that sign beside `key` while a rotation overlaps. */
  signers: Key[]
  now: number = Date.parse('2026-03-01T08:00:00.000Z')
  emitter: { boot: string; instance: string; prev: string; seq: number } = {
    boot: 'boot-0',
    instance: 'gw-1',
    prev: chainStart,
    seq: 0,
  }
  bootedAt: number = this.now

  constructor(origin: string = 'log.example/gateway', key: Key = newKey(origin)) {
    this.origin = origin
    this.key = key
    this.signers = [key]
  }

  get time(): string {
    return new Date(this.now).toISOString()
  }

  /** Appends a leaf, one millisecond later than the last; returns its index. */
  add(fields: Fields, payloads: Payloads = {}): number {
    this.now += 1
    const index = this.leaves.length
    const commitments = Object.fromEntries(
      Object.entries(payloads).map(([role, clear]) => [role, this.#commit(index, role, clear)]),
    )
    const leaf = { time: this.time, ...commitments, ...fields, emitter: this.emitter, v: 'evd/1' }
    return this.addRaw(canonicalize(leaf))
  }

  /** Appends exactly this text, and goes on with the chain as if it were a record. */
  addRaw(text: string): number {
    const bytes = Buffer.from(text)
    this.leaves.push(bytes)
    const prev = `sha256:${hash(Buffer.of(0), bytes).toString('hex')}`
    this.emitter = { ...this.emitter, prev, seq: this.emitter.seq + 1 }
    return this.leaves.length - 1
  }

  boot(boot: string): void {
    this.emitter = { ...this.emitter, boot, prev: chainStart, seq: 0 }
    this.bootedAt = this.now
  }

  /** Puts a rulebook's content beside the log; returns its digest. */
  putRulebook(content: unknown): string {
    const bytes = Buffer.from(canonicalize(content))
    const hex = createHash('sha256').update(bytes).digest('hex')
    this.rulebooks.set(`rulebooks/${hex}.json`, bytes)
    return `sha256:${hex}`
  }

  archive(seconds: number = this.now / 1000): void {
    this.archived.set(this.leaves.length, this.checkpoint(this.leaves.length, seconds))
  }

  checkpoint(size: number = this.leaves.length, seconds: number = this.now / 1000): string {
    const root = treeHash(this.leaves.slice(0, size)).toString('base64')
    return signedNote(`${this.origin}\n${size}\n${root}\n`, this.signers, {
      witnesses: this.witnesses,
      seconds: Math.floor(seconds),
    })
  }

  trust(): string {
    const witnesses = this.witnesses.map((key, at) => `witness w${at} ${key.vkey}\n`)
    return `log ${this.key.vkey}\n${witnesses.join('')}quorum ${this.witnesses.length ? 'w0' : 'none'}\n`
  }

  /** An export with every record, as files by path. */
  files(options: { readonly payloads?: boolean; readonly manifest?: object | null } = {}): Files {
    const { payloads = true, manifest } = options
    const size = this.leaves.length
    const files: Files = new Map(this.rulebooks)
    for (const [path, bytes] of treeFiles(this.leaves)) files.set(path, bytes)
    files.set('checkpoint', Buffer.from(this.checkpoint()))
    for (const [at, note] of this.archived) files.set(`checkpoints/${at}`, Buffer.from(note))
    if (payloads) for (const [path, bytes] of this.payloads) files.set(path, bytes)
    const about = {
      v: 'bundle/1',
      scope: 'whole',
      origin: this.origin,
      size,
      from: 0,
      to: size,
      payloads,
      made: this.time,
    }
    if (manifest !== null)
      files.set('bundle.json', Buffer.from(JSON.stringify({ ...about, ...manifest })))
    return files
  }

  /** A bundle that shows these records only. */
  sessionFiles(session: string, indexes: readonly number[]): Files {
    const from = indexes[0] ?? 0
    const files = this.files({
      manifest: { scope: 'session', session, from, to: (indexes.at(-1) ?? 0) + 1 },
    })
    const size = this.leaves.length
    const shown = new Set(indexes.map((index) => Math.floor(index / 256)))
    for (const path of [...files.keys()]) {
      const [, level, number] = /^tile\/(entries|0)\/(\d{3})/.exec(path) ?? []
      const isLast = Number(number) === Math.floor(size / 256)
      if (level === 'entries' || (level === '0' && !shown.has(Number(number)) && !isLast))
        files.delete(path)
      const [, index] = /^payloads\/(\d+)/.exec(path) ?? []
      if (index !== undefined && !indexes.includes(Number(index))) files.delete(path)
    }
    for (const index of indexes) files.set(`leaf/${index}`, this.leaves[index] ?? Buffer.alloc(0))
    return files
  }

  #commit(index: number, role: string, clear: string | Uint8Array) {
    const bytes = Buffer.from(clear)
    const salt = createHash('sha256').update(`salt of ${index} ${role}`).digest()
    const c = createHmac('sha256', salt).update(bytes).digest('base64url')
    this.payloads.set(`payloads/${index}.${role}`, Buffer.concat([salt, bytes]))
    return {
      alg: 'HMAC-SHA-256',
      c,
      len: bytes.length,
      mt: role === 'args' ? 'message/http' : 'application/json',
    }
  }
}

/** The text signed by every log key and cosigned by every witness. */
export function signedNote(
  text: string,
  signers: readonly Key[],
  {
    witnesses = [],
    seconds = 0,
  }: { readonly witnesses?: readonly Key[]; readonly seconds?: number } = {},
): string {
  const lines = signers.map(({ name, id, privateKey }) => {
    return `— ${name} ${Buffer.concat([id, sign(null, Buffer.from(text), privateKey)]).toString('base64')}\n`
  })
  const cosigned = witnesses.map(({ name, id, privateKey }) => {
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(BigInt(seconds))
    const signature = sign(
      null,
      Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`),
      privateKey,
    )
    return `— ${name} ${Buffer.concat([id, time, signature]).toString('base64')}\n`
  })
  return `${text}\n${lines.join('')}${cosigned.join('')}`
}

/** MTH of RFC 6962 section 2.1, as it is written there. */
export function treeHash(entries: readonly Uint8Array[]): Buffer {
  const [only] = entries
  if (only === undefined) return hash()
  if (entries.length === 1) return hash(Buffer.of(0), only)
  let half = 1
  while (half * 2 < entries.length) half *= 2
  return hash(Buffer.of(1), treeHash(entries.slice(0, half)), treeHash(entries.slice(half)))
}

/** Tiles and entry bundles of c2sp.org/tlog-tiles, each computed from its definition. */
export function treeFiles(leaves: readonly Uint8Array[]): Files {
  const files: Files = new Map()
  for (let at = 0; at * 256 < leaves.length; at += 1) {
    const some = leaves.slice(at * 256, at * 256 + 256)
    const bundle = some.flatMap((leaf) => [Buffer.of(leaf.length >> 8, leaf.length & 255), leaf])
    files.set(path('entries', at, some.length), Buffer.concat(bundle))
  }
  for (let level = 0, span = 1; span <= leaves.length; level += 1, span *= 256) {
    const count = Math.floor(leaves.length / span)
    for (let at = 0; at * 256 < count; at += 1) {
      const width = Math.min(256, count - at * 256)
      const hashes = Array.from({ length: width }, (_, i) => {
        const start = (at * 256 + i) * span
        return treeHash(leaves.slice(start, start + span))
      })
      files.set(path(level, at, width), Buffer.concat(hashes))
    }
  }
  return files
}

function path(level: number | 'entries', at: number, width: number): string {
  if (at > 999) throw new Error('this builder is for small logs')
  return `tile/${level}/${at.toString().padStart(3, '0')}${width === 256 ? '' : `.p/${width}`}`
}

function hash(...parts: readonly Uint8Array[]): Buffer {
  const all = createHash('sha256')
  for (const part of parts) all.update(part)
  return all.digest()
}

export function filesSource(files: ReadonlyMap<string, Uint8Array>): BundleSource {
  return {
    read: async (name, bytesMax) => {
      const bytes = files.get(name)
      if (bytes && !(bytes.length <= bytesMax)) throw tooLarge()
      return bytes
    },
    list: async function* () {
      yield* files.keys()
    },
    close: async () => {},
  }
}
