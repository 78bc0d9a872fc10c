import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
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
  /** Payloads that the gateway cannot open: left out. */
  readonly damaged: readonly string[]
}

/**
 * Fetches every file of an export into a folder. A file is there whole or not at all, so an attempt that
 * was interrupted is gone on with: the same plan where the gateway still knows it, else a new one, of
 * which everything that can never change is there already. So it is when payloads were destroyed meanwhile.
 */
export async function download(api: Api, asked: ExportAsked, to: Destination): Promise<Download> {
  const { folder } = to
  make(dirname(folder))
  refuseFile(folder)
  for (let attempt = 1; ; attempt++) {
    const planned = await planFor(api, asked, folder)
    // Not before: an export that is refused leaves nothing behind.
    makeOrForget(folder, planned)
    try {
      return await fetchAll(api, { asked, ...planned }, to)
    } catch (thrown) {
      const isOutdated = thrown instanceof Failure && thrown.code === 'conflict'
      if (!isOutdated || attempt >= plansMax) throw thrown
      rmSync(`${folder}.json`, { force: true })
    }
  }
}

type Destination = {
  readonly folder: string
  readonly onProgress: (files: number, of: number | undefined) => void
}

/** What was fetched stays, so each further plan leaves less time in which something could be destroyed. */
const plansMax = 5

type Planned = { readonly plan: ExportPlan; readonly resumed: boolean }

async function fetchAll(
  api: Api,
  { asked, plan, resumed }: Planned & { readonly asked: ExportAsked },
  to: Destination,
): Promise<Download> {
  const { folder } = to
  const paths: string[] = []
  const damaged = new Set<string>()
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
      const bytes = await readFile(api, plan, path)
      if (bytes) write(folder, path, bytes)
      else damaged.add(path)
      done += 1
      to.onProgress(done, known)
    })
    cursor = page.next_cursor ?? undefined
  } while (cursor !== undefined)
  const written = paths.filter((path) => !damaged.has(path))
  return { plan, paths: written, kept, damaged: [...damaged] }
}

/** Undefined for a payload that the gateway cannot open: what is stored of it was changed. */
async function readFile(
  api: Api,
  { id }: ExportPlan,
  path: string,
): Promise<Uint8Array | undefined> {
  try {
    return (await api.read(`/exports/${id}/files/${path}`)).bytes
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'payload-damaged') return undefined
    throw thrown
  }
}

/** What another plan says otherwise; all other files are the same bytes under the same path for ever. */
const ofOnePlan: ReadonlySet<string> = new Set(['checkpoint', 'bundle.json'])
const pageFiles = 200
/** Enough to hide the way there and back, few enough to leave the gateway to its callers. */
const atOnce = 8

async function planFor(api: Api, asked: ExportAsked, folder: string): Promise<Planned> {
  const file = `${folder}.json`
  const before = readPlan(file)
  if (before && before.asked === JSON.stringify(asked) && before.url === api.url) {
    if (await isKnown(api, before.plan)) return { plan: before.plan, resumed: true }
  } else if (before) {
    throw new Failure('usage', `${folder} holds the beginning of another export.`, {
      cure: `Name another output, or remove ${folder} and ${file}.`,
    })
  }
  const plan = await planAnew(api, asked)
  const saved: SavedPlan = { asked: JSON.stringify(asked), url: api.url, plan }
  writeFileSync(file, JSON.stringify(saved), { mode: 0o600 })
  return { plan, resumed: false }
}

/** Waits a moment where a record that explains something is not published yet, or not cosigned. */
async function planAnew(api: Api, asked: ExportAsked): Promise<ExportPlan> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await api.post<ExportPlan>('/exports', asked)
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.code !== 'not-integrated') throw thrown
      if (attempt >= planAttemptsMax) {
        const { exit, message, detail, code } = thrown
        throw new Failure(exit, message, { detail, code, cure: notCovered })
      }
      await new Promise((resolve) => setTimeout(resolve, planAttemptMs))
    }
  }
}

/** Publishing takes a second, and a witness that is there hardly longer. */
const planAttemptMs = 500
const planAttemptsMax = 10
const notCovered =
  'Are the witnesses there (`sallyport_witness_trouble` in /metrics)? Until then export without --payloads, or a part with --until.'

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

/** Before anything is asked for: an export is on record once it is planned. */
function refuseFile(folder: string): void {
  const there = statSync(folder, { throwIfNoEntry: false })
  if (!there || there.isDirectory()) return
  throw new Failure('failed', `${folder} is there and is no folder.`, {
    cure: 'What is fetched is kept there for a while: move it away, or name another output.',
  })
}

/** A plan without a folder is nothing to go on with. */
function makeOrForget(folder: string, { resumed }: Planned): void {
  try {
    make(folder)
  } catch (thrown) {
    if (!resumed) rmSync(`${folder}.json`, { force: true })
    throw thrown
  }
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
