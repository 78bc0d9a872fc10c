import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ExportAsked, ExportFile, ExportPlan, Page } from '../admin/contract.ts'
import type { Api } from './api.ts'
import { Failure } from './exit.ts'

export type Download = {
  readonly plan: ExportPlan
  /** Every file of the export, in its order. */
  readonly paths: readonly string[]
  /** How many of them were there from an earlier attempt. */
  readonly kept: number
}

/**
 * Fetches every file of an export into a folder. A file is there whole or not at all, so an attempt that
 * was interrupted is gone on with: the same plan where the gateway still knows it, else a new one, of
 * which everything that can never change is there already.
 */
export async function download(
  api: Api,
  asked: ExportAsked,
  to: {
    readonly folder: string
    readonly onProgress: (files: number, of: number | undefined) => void
  },
): Promise<Download> {
  const { folder } = to
  make(dirname(folder))
  const { plan, resumed } = await planFor(api, asked, folder)
  // Not before: an export that is refused leaves nothing behind.
  make(folder)
  const paths: string[] = []
  let kept = 0
  const known = asked.payloads ? undefined : plan.files
  let cursor: string | undefined
  do {
    const page: Page<ExportFile> = await api.get(`/exports/${plan.id}/files`, {
      limit: pageFiles,
      cursor,
    })
    const missing = page.data.filter(({ path }) => {
      const isHere = existsSync(join(folder, checked(path))) && (resumed || !ofOnePlan.has(path))
      if (isHere) kept += 1
      return !isHere
    })
    paths.push(...page.data.map(({ path }) => path))
    let done = paths.length - missing.length
    await eachOf(missing, atOnce, async ({ path }) => {
      const { bytes } = await api.read(`/exports/${plan.id}/files/${path}`)
      write(folder, path, bytes)
      done += 1
      to.onProgress(done, known)
    })
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
  return { plan, paths, kept }
}

/** What another plan says otherwise; all other files are the same bytes under the same path for ever. */
const ofOnePlan: ReadonlySet<string> = new Set(['checkpoint', 'bundle.json'])
const pageFiles = 200
/** Enough to hide the way there and back, few enough to leave the gateway to its callers. */
const atOnce = 8

async function planFor(
  api: Api,
  asked: ExportAsked,
  folder: string,
): Promise<{ readonly plan: ExportPlan; readonly resumed: boolean }> {
  const file = `${folder}.json`
  const before = readPlan(file)
  if (before && before.asked === JSON.stringify(asked) && before.url === api.url) {
    if (await isKnown(api, before.plan)) return { plan: before.plan, resumed: true }
  } else if (before) {
    throw new Failure('usage', `${folder} holds the beginning of another export.`, {
      cure: `Name another output, or remove ${folder} and ${file}.`,
    })
  }
  const plan = await api.post<ExportPlan>('/exports', asked)
  const saved: SavedPlan = { asked: JSON.stringify(asked), url: api.url, plan }
  writeFileSync(file, JSON.stringify(saved), { mode: 0o600 })
  return { plan, resumed: false }
}

type SavedPlan = { readonly asked: string; readonly url: string; readonly plan: ExportPlan }

function readPlan(file: string): SavedPlan | undefined {
  try {
    const saved: SavedPlan = JSON.parse(readFileSync(file, 'utf8'))
    return saved
  } catch {
    // None, or one that was cut off while it was written: a new plan is made.
    return undefined
  }
}

/** The gateway forgets plans when it restarts and after a day. */
async function isKnown(api: Api, { id }: ExportPlan): Promise<boolean> {
  try {
    await api.get(`/exports/${id}/files`, { limit: 1 })
    return true
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'not-found') return false
    throw thrown
  }
}

/** Whoever answers is trusted with the token, not with where this machine writes. */
function checked(path: string): string {
  const names = path.split('/')
  const fine = names.every((name) => /^[A-Za-z0-9._-]+$/.test(name) && !/^\.+$/.test(name))
  if (!fine) throw new Failure('failed', 'The gateway named a file that no export has.')
  return path
}

function write(folder: string, path: string, bytes: Uint8Array): void {
  const file = join(folder, path)
  make(dirname(file))
  // Renamed when whole: what is there under its name is complete, whatever interrupts us.
  writeFileSync(`${file}.tmp`, bytes, { mode: 0o600 })
  renameSync(`${file}.tmp`, file)
}

function make(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch {
    throw new Failure('failed', `The folder ${folder} cannot be made.`)
  }
}

async function eachOf<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = items.values()
  const worker = async () => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: width }, worker))
}
