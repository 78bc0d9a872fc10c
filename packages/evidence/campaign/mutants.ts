import { EvidenceError } from '../src/error.ts'
import { type BundleSource, fileBytesMax } from '../src/source.ts'
import { parseTrust, type Trust } from '../src/trust.ts'
import { verifyBundle } from '../src/verify/bundle.ts'
import type { Scope } from '../src/verify/verdict.ts'
import { blobAccess, openZip } from '../src/zip.ts'
import { healthyLog } from '../test/healthy-log.ts'
import { type Files, filesSource, LogBuilder } from '../test/log-builder.ts'
import { zipOf } from '../test/zip-writer.ts'
import {
  kinds,
  type Mutation,
  mutateBytes,
  mutateFiles,
  newRandom,
  type Random,
} from './mutations.ts'
import { whySame } from './same.ts'

export type Tally = {
  readonly kinds: ReadonlyMap<string, number>
  /** By the check whose finding came first, or the code of the error. */
  readonly caughtBy: ReadonlyMap<string, number>
  /** By the reason why the mutant says what the original said. */
  readonly same: ReadonlyMap<string, number>
  /** What to run again. */
  readonly missed: readonly string[]
}

type Subject = {
  readonly files: Files
  readonly zip: Uint8Array
  readonly trust: Trust
  readonly expect: Scope
  /** Another log of the same name and key, and one of another key. */
  readonly others: readonly Files[]
}

export async function runCampaign(options: {
  readonly count: number
  readonly seed: number
  readonly onProgress?: (done: number) => void
}): Promise<Tally> {
  const tally = { kinds: new Map(), caughtBy: new Map(), same: new Map(), missed: [] as string[] }
  const subjects = makeSubjects()
  for (let n = 0; n < options.count; n += 1) {
    const random = newRandom(options.seed + n)
    const subject = subjects[random(subjects.length)]
    if (!subject) continue
    const form = random(5) === 0 ? 'zip' : 'folder'
    const kind = kinds[random(kinds.length)] ?? 'flip'
    const mutation =
      form === 'zip' ? mutateZip(subject, kind, random) : mutateFolder(subject, kind, random)
    if (!mutation) continue
    add(tally.kinds, `${form} ${kind}`)
    const judged = await judge(subject, mutation)
    if ('caughtBy' in judged) add(tally.caughtBy, judged.caughtBy)
    else if (judged.same !== undefined) add(tally.same, judged.same)
    else
      tally.missed.push(`--seed ${options.seed + n} --count 1 (${form} ${kind} ${mutation.what})`)
    if (n % 100 === 0) options.onProgress?.(n)
  }
  return tally
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

/** Small logs, where a mutant costs little, and one with full tiles. */
function makeSubjects(): readonly Subject[] {
  const make = (beats: number, payloads: boolean): Subject => {
    const { log } = healthyLog({}, beats)
    const files = exported(log, payloads)
    const twin = new LogBuilder(log.origin, log.key)
    twin.witnesses.push(...log.witnesses)
    for (let n = 0; n < log.leaves.length; n += 1) twin.addRaw(`{"another":${n}}`)
    return {
      files,
      zip: zipOf(files),
      trust: parseTrust(log.trust()),
      expect: 'whole',
      others: [exported(healthyLog({}, beats).log, payloads), exported(twin, payloads)],
    }
  }
  const small = make(3, true)
  return [small, small, small, make(3, false), make(280, true), ofSession()]
}

/** One that shows the records of a session only. */
function ofSession(): Subject {
  const one = healthyLog({}, 280)
  const shown = ['session', 'intent', 'outcome', 'stream', 'chunk', 'stream-outcome']
  const show = ({ log, at }: typeof one) =>
    log.sessionFiles(
      'ses_1',
      shown.map((name) => at[name] ?? 0),
    )
  const files = show(one)
  const other = show(healthyLog({}, 280))
  const trust = parseTrust(one.log.trust())
  return { files, zip: zipOf(files), trust, expect: 'session', others: [other] }
}

/** With the older parts that a running log leaves behind. */
function exported(log: LogBuilder, payloads: boolean): Files {
  const files = log.files({ payloads })
  for (const [path, bytes] of [...files]) {
    const [, level, number, width] = /^tile\/(0|entries)\/(\d{3})\.p\/(\d+)$/.exec(path) ?? []
    if (level === undefined) continue
    const count = Math.ceil(Number(width) / 2)
    files.set(`tile/${level}/${number}.p/${count}`, firstOf(level, bytes, count))
  }
  return files
}

function firstOf(level: string, bytes: Uint8Array, count: number): Uint8Array {
  if (level === '0') return bytes.subarray(0, count * 32)
  let end = 0
  for (let n = 0; n < count; n += 1) end += 2 + ((bytes[end] ?? 0) << 8) + (bytes[end + 1] ?? 0)
  return bytes.subarray(0, end)
}

type Mutant = { readonly what: string; readonly open: () => Promise<BundleSource> }

function mutateFolder(
  { files, others }: Subject,
  kind: Mutation,
  random: Random,
): Mutant | undefined {
  const mutant = new Map(files)
  const what = mutateFiles(mutant, kind, { random, others })
  if (what === undefined || isSameMap(files, mutant)) return undefined
  return { what, open: async () => filesSource(mutant) }
}

function mutateZip({ zip, others }: Subject, kind: Mutation, random: Random): Mutant | undefined {
  const [other] = others
  const bytes = mutateBytes(zip, kind, { random, other: other ? zipOf(other) : zip })
  if (!bytes || Buffer.compare(bytes, zip) === 0) return undefined
  return { what: 'its bytes', open: () => openZip(blobAccess(new Blob([Uint8Array.from(bytes)]))) }
}

type Judged = { readonly caughtBy: string } | { readonly same: string | undefined }

async function judge({ files, trust, expect }: Subject, mutant: Mutant): Promise<Judged> {
  try {
    const source = await mutant.open()
    // What a mutant changes is bound by hashes before policy is asked, and asking is slow.
    const verdict = await verifyBundle(source, trust, { expect, cedar: async () => undefined })
    if (!verdict.ok) {
      const first = verdict.findings.find(({ level }) => level === 'failure')
      return { caughtBy: `${first?.check} (${first?.code})` }
    }
    return { same: whySame(files, await allFiles(source), verdict) }
  } catch (thrown) {
    if (thrown instanceof EvidenceError) return { caughtBy: `error ${thrown.code}` }
    throw thrown
  }
}

async function allFiles(source: BundleSource): Promise<Files> {
  const files: Files = new Map()
  for await (const path of source.list() ?? []) {
    const bytes = await source.read(path, fileBytesMax)
    if (bytes) files.set(path, bytes)
  }
  return files
}

function isSameMap(one: Files, other: Files): boolean {
  if (one.size !== other.size) return false
  return [...one].every(([path, bytes]) => {
    const there = other.get(path)
    return there !== undefined && Buffer.compare(bytes, there) === 0
  })
}
