import { readFile, stat } from 'node:fs/promises'
import { utf8Text } from '../encoding.ts'
import { EvidenceError } from '../error.ts'
import type { BundleSource } from '../source.ts'
import { parseTrust, type Trust } from '../trust.ts'
import { verifyBundle } from '../verify/bundle.ts'
import type { Scope, Verdict } from '../verify/verdict.ts'
import { verifyPack } from '../verify-pack.ts'
import { openSource } from './open-source.ts'
import { isPack, packLines } from './pack-lines.ts'
import { reportLines, visible } from './report-lines.ts'

export type VerifyRequest = {
  /** A zip file, a folder, or the address of a web server that serves a log folder. */
  readonly target: string
  /** Path of the trust file. */
  readonly trust: string
  readonly json: boolean
  /** Say nothing but through the exit code, and errors. */
  readonly quiet: boolean
  /** Undefined: the whole log. */
  readonly expect: Scope | undefined
  /** Paths of checkpoints and receipts of this log from before, which it has to contain. */
  readonly since?: readonly string[]
  /** Path of the receipt of a campaign's closing, where a pack does not bring it along. */
  readonly receipt?: string | undefined
}

/** Where a command speaks: results to `out`, talk to `err`, each line with its newline. */
export type Terminal = {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Whether `out` shows colour, and whether `err` shows progress. */
  readonly colour: boolean
  readonly progress: boolean
}

/** What a command's exit code says; the same in every command of this package and of the gateway. */
export const exitCodes = { ok: 0, unreadable: 1, usage: 2, unverified: 7 } as const

/** Verifies and tells. Returns the exit code: 0 verified, 7 not, 1 could not be read. */
export async function verifyCommand(request: VerifyRequest, terminal: Terminal): Promise<number> {
  return reading(request, terminal, async () => {
    const trust = await readTrust(request.trust)
    const since = await Promise.all((request.since ?? []).map(readText))
    const source = await openSource(request.target)
    try {
      if (await isPack(source)) return await tellPack(source, { ...request, trust }, terminal)
      const onProgress = terminal.progress ? progressLine(terminal.err) : undefined
      const verdict = await verifyBundle(source, trust, {
        since,
        ...(request.expect !== undefined && { expect: request.expect }),
        ...(onProgress && { onProgress: onProgress.show }),
      })
      onProgress?.clear()
      tell(verdict, request, terminal)
      return verdict.ok ? exitCodes.ok : exitCodes.unverified
    } finally {
      await source.close()
    }
  })
}

/**
 * Runs what reads files others wrote. A container that is damaged does not verify; a file that is not there was
 * not read. As JSON that is an answer too: whoever reads it from a program need not look for it elsewhere.
 */
export async function reading(
  { json }: { readonly json: boolean },
  terminal: Terminal,
  run: () => Promise<number>,
): Promise<number> {
  try {
    return await run()
  } catch (thrown) {
    if (!(thrown instanceof EvidenceError)) throw thrown
    const { code, message } = thrown
    terminal.err(`${visible(message)} [${code}]\n`)
    if (json) terminal.out(`${JSON.stringify({ ok: false, error: { code, message } }, null, 2)}\n`)
    return isUnread.has(thrown.code) ? exitCodes.unreadable : exitCodes.unverified
  }
}

const isUnread: ReadonlySet<string> = new Set([
  'since-malformed',
  'source-unreadable',
  'trust-malformed',
])

/** A trust file that cannot be read is no verdict on the bundle. */
export async function readTrust(path: string): Promise<Trust> {
  return parseTrust(await readBytes(path))
}

export async function readText(path: string): Promise<string> {
  const text = utf8Text(await readBytes(path))
  if (text === undefined) throw new EvidenceError('source-unreadable', `${path} is no text`)
  return text
}

/** Of a file: a device has no end, and nobody may ever write to a pipe. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const unreadable = (why: string, options?: ErrorOptions) =>
    new EvidenceError('source-unreadable', `${path} ${why}`, options)
  try {
    const found = await stat(path)
    if (!found.isFile()) throw unreadable('is no file')
    if (found.size > givenBytesMax) throw unreadable('is longer than it may be')
    return await readFile(path)
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause
    throw unreadable('cannot be read', { cause })
  }
}

/** Trust files, checkpoints, receipts and entries take kilobytes. */
const givenBytesMax = 1 << 20

/** The evidence pack of a campaign, which is no part of a log. */
async function tellPack(
  source: BundleSource,
  { trust, receipt, json, quiet }: Omit<VerifyRequest, 'trust'> & { readonly trust: Trust },
  { out }: Terminal,
): Promise<number> {
  const given = receipt === undefined ? {} : { receipt: await readText(receipt) }
  const verdict = await verifyPack(source, trust, given)
  if (json) out(`${JSON.stringify(verdict, null, 2)}\n`)
  else if (!quiet) for (const line of packLines(verdict)) out(`${line}\n`)
  return verdict.ok ? exitCodes.ok : exitCodes.unverified
}

function tell(verdict: Verdict, { json, quiet }: VerifyRequest, terminal: Terminal): void {
  if (json) terminal.out(`${verdictJson(verdict)}\n`)
  else if (!quiet) {
    for (const line of reportLines(verdict, terminal.colour)) terminal.out(`${line}\n`)
  }
}

/** The size is a number of JSON: a log that could be walked has no more records than one holds. */
function verdictJson(verdict: Verdict): string {
  return JSON.stringify({ ...verdict, size: Number(verdict.size) }, null, 2)
}

/** Long work says how far it is, at most once for each percent. */
function progressLine(err: (text: string) => void) {
  let told = -1
  return {
    show: (done: number, size: number) => {
      const percent = Math.floor((done / size) * 100)
      if (size < longWork || percent === told) return
      told = percent
      err(`\r${percent.toString().padStart(3)} % of ${size} records`)
    },
    clear: () => {
      if (told >= 0) err('\r\u001b[K')
    },
  }
}

/** Fewer records than this are verified before anybody reads a line. */
const longWork = 50_000
