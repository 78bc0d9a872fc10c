import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { PackListed } from '../admin/review-contract.ts'
import { signedInApi } from './api.ts'
import { finishFolder, writeZip } from './evidence-pack.ts'
import { proofOf } from './evidence-prove.ts'
import { Failure } from './exit.ts'
import { err, say } from './output.ts'
import { marks } from './style.ts'
import { visible } from './visible.ts'

/** `sallyport reviews export`: the files of a closed campaign's evidence pack, as a folder or one zip file. */
export async function exportPack(
  campaign: string,
  options: { readonly adminUrl?: string; readonly out: string },
): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const base = `/reviews/${encodeURIComponent(campaign)}/pack`
  const { files, record }: PackListed = await api.get(base)
  const output = resolve(options.out)
  mkdirSync(dirname(output), { recursive: true })
  // Beside what it becomes, so that it is renamed and never half there.
  const part = mkdtempSync(`${output}.part-`)
  try {
    for (const file of files) {
      const { bytes } = await api.read(`${base}/${checked(file)}`)
      writeFileSync(join(part, file), bytes, { mode: 0o600 })
    }
    const all = record === null ? files : [...files, receipt]
    if (record !== null) {
      const { bytes } = await proofOf(api, { index: record }, { wait: true })
      writeFileSync(join(part, receipt), bytes, { mode: 0o600 })
    }
    if (output.endsWith('.zip')) await writeZip(part, all, output)
    else finishFolder(part, output, all)
  } finally {
    rmSync(part, { recursive: true, force: true })
  }
  say(`${err.green(marks.ok)} ${visible(output)}: ${files.length} files.`)
  if (record === null) say(`  ${err.yellow('!')} The log does not hold the record of its closing.`)
  else say(`  ${err.dim('→')} sallyport evidence verify ${visible(options.out)} --trust trust.txt`)
}

/** What `sallyport evidence verify` looks for in a pack: that the record of its closing is in the log. */
const receipt = 'closed.tlog-proof'

/** Whoever answers is trusted with the token, not with where this machine writes. */
function checked(file: string): string {
  if (/^[a-z][a-z0-9-]*\.[a-z]+$/.test(file)) return file
  throw new Failure('failed', 'The gateway named a file that no pack has.')
}
