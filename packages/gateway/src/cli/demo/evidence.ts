import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Verdict } from '@sallyport/evidence'
import { verifyCommand } from '@sallyport/evidence/cli'
import { entriesPath, parseEntries, tileWidth } from '@sallyport/evidence/log'
import { type Api, openApi } from '../api.ts'
import { download } from '../evidence-download.ts'
import { Failure } from '../exit.ts'
import { marks, styleOf } from '../style.ts'
import type { DemoWorld } from './world.ts'

const style = styleOf(process.stdout, process.env)

/**
 * The evidence of the story, taken away by an auditor and verified with nothing but the trust file; then
 * once more with one byte of it changed. Returns what is not as told. `record` is the one that is changed:
 * an outcome, as `Sallyport-Record` named it.
 */
export async function tellEvidence(
  world: Pick<DemoWorld, 'adminUrl' | 'auditorToken'>,
  record: string,
  tell: (line?: string) => void,
): Promise<string[]> {
  const index = Number(record.slice(record.indexOf('#') + 1))
  const api = openApi({ url: world.adminUrl, token: world.auditorToken })
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-demo-evidence-'))
  const at = { bundle: join(folder, 'bundle'), trust: join(folder, 'trust.txt') }
  try {
    await published(api, index)
    const { plan } = await download(
      api,
      { scope: 'whole', payloads: true },
      { folder: at.bundle, onProgress: () => {} },
    )
    writeFileSync(at.trust, (await api.read('/evidence/trust')).bytes)
    const sound = await verify(at)
    const passed = sound.checks.filter(({ state }) => state === 'passed').length
    tell(
      sound.ok
        ? `  ${style.green(marks.ok)} verified offline: ${plan.size} records, ${passed} of ${sound.checks.length} checks passed, with the trust file alone`
        : `  ${style.red(marks.refused)} does not verify: ${sound.findings[0]?.message ?? ''}`,
    )
    changeStatus(at.bundle, index, plan.size)
    tell('  Now I change one stored byte: how the transfer ended.')
    const changed = await verify(at)
    const found = changed.findings.find((one) => one.record === index)
    tell(
      found
        ? `  ${style.red(marks.refused)} record ${index}: ${found.message} [${found.code}]`
        : '  Nobody noticed.',
    )
    tell()
    return [
      ...(sound.ok ? [] : ['the evidence does not verify']),
      ...(!changed.ok && found ? [] : [`nobody noticed that record ${index} was changed`]),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A record is under a checkpoint within a second; half a minute means never. */
async function published(api: Api, index: number): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await api.read(`/records/${index}/proof`)
      return
    } catch (thrown) {
      const early = thrown instanceof Failure && thrown.code === 'not-integrated'
      if (!early || attempt >= 300) throw thrown
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

/** What `sallyport evidence verify` says. */
async function verify(at: { readonly bundle: string; readonly trust: string }): Promise<Verdict> {
  let said = ''
  await verifyCommand(
    { target: at.bundle, trust: at.trust, json: true, quiet: false, expect: 'whole' },
    {
      out: (text) => {
        said += text
      },
      err: () => {},
      colour: false,
      progress: false,
    },
  )
  const verdict: Verdict = JSON.parse(said)
  return verdict
}

/** One digit of one record, in the file that holds it: everything else about the record stays sound. */
function changeStatus(bundle: string, index: number, size: number): void {
  const first = Math.floor(index / tileWidth)
  const width = Math.min(tileWidth, size - first * tileWidth)
  const file = join(bundle, entriesPath({ index: BigInt(first), width }))
  const bytes = readFileSync(file)
  const leaf = parseEntries(bytes)[index % tileWidth] ?? new Uint8Array()
  const status = Buffer.from(leaf).indexOf('"status":201')
  if (status < 0) throw new Error(`record ${index} is not the outcome of the transfer`)
  // The leaf is a view into the file's bytes.
  bytes[leaf.byteOffset - bytes.byteOffset + status + '"status":20'.length] = 0x30
  writeFileSync(file, bytes)
}
