import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EvidenceError, parseCheckpoint, parseNote } from '@sallyport/evidence/log'
import type { Config } from '../config/config.ts'
import type { Finding } from './doctor-network.ts'

/** Whether the published log ends as its newest checkpoint says, and as the database has it. Reads its end only. */
export async function logFindings(config: Config): Promise<readonly Finding[]> {
  const { home } = config
  if (home === 'memory') return []
  const folder = join(home, 'log')
  const { lookAtPublished } = await import('../serve-home.ts')
  try {
    const end = await lookAtPublished(config)
    if (end === 'not-begun') return [{ what, state: 'ok', told: 'begun at the first start' }]
    if (!end) {
      const cure = 'Start the gateway: it publishes what the database holds.'
      return [{ what, state: 'warning', told: `There is no checkpoint in ${folder}.`, cure }]
    }
    return [await comparedWith(config, folder, end), ...(await waitingFor(config, folder, end))]
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : 'it cannot be read'
    const cure = `sallyport evidence verify ${folder} --trust trust.txt`
    return [{ what, state: 'wrong', told: `${folder}: ${why}`, cure }]
  }
}

const what = 'log'

async function comparedWith(
  config: Config,
  folder: string,
  { size, last }: { readonly size: number; readonly last: Uint8Array },
): Promise<Finding> {
  const { storedRecord } = await import('../serve-store.ts')
  const stored = await storedRecord(config, process.env, size - 1)
  const held = stored?.size ?? 0
  if (held < size) {
    const told = `${size} records are published in ${folder}, and the database holds ${held}.`
    const recover = config.store ? '.' : ', or run: sallyport evidence recover --from-tiles'
    return { what, state: 'wrong', told, cure: `Put the newest database back${recover}` }
  }
  if (!stored?.bytes || !Buffer.from(last).equals(stored.bytes)) {
    const told = `Record ${size - 1} is another one in ${folder} than in the database.`
    const cure = 'Keep a copy of both, then put the newest of both back.'
    return { what, state: 'wrong', told, cure }
  }
  const told = `${folder} ends as its checkpoint says: ${size} records of the ${held} in the database`
  return { what, state: 'ok', told }
}

/** What the quorum of witnesses has not cosigned yet: no export holds it, and no receipt of it says witnessed. */
async function waitingFor(
  { witnesses: { members, quorum } }: Config,
  folder: string,
  { size }: { readonly size: number },
): Promise<readonly Finding[]> {
  if (members.length === 0 || quorum === 'none') return []
  const waiting = size - (await sizeWitnessed(join(folder, 'checkpoint.witnessed')))
  const what = 'witnesses'
  if (waiting <= 0) return [{ what, state: 'ok', told: 'the newest checkpoint is cosigned' }]
  const told = `${waiting} published records wait for the cosignatures of the quorum.`
  const cure =
    'While calls are made some do for a second. If it stays so, look in the gateway’s log for the witness that does not answer.'
  return [{ what, state: 'warning', told, cure }]
}

async function sizeWitnessed(path: string): Promise<number> {
  try {
    return Number(parseCheckpoint(parseNote(await readFile(path, 'utf8')).text).size)
  } catch (thrown) {
    const isAbsent = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    if (isAbsent || thrown instanceof EvidenceError) return 0
    throw thrown
  }
}
