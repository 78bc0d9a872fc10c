import { existsSync, rmSync } from 'node:fs'
import { type Command, InvalidArgumentError } from 'commander'
import type { ExportAsked } from '../admin/contract.ts'
import { signedInApi } from './api.ts'
import { adminUrlOption, durationMs, examples } from './declare.ts'
import { type Download, download } from './evidence-download.ts'
import { finishFolder, writeZip } from './evidence-pack.ts'
import { Failure } from './exit.ts'
import { err, say } from './output.ts'
import { visible } from './visible.ts'

export function declareExport(evidence: Command): void {
  evidence
    .command('export')
    .summary('take evidence away, to be verified elsewhere')
    .description(
      'Writes a zip file, or a folder when the name does not end in `.zip`. Run it again to go on with one that was interrupted.',
    )
    .requiredOption('-o, --output <bundle>', 'a file that ends in .zip, or a folder')
    .option('--session <id>', 'only this session')
    .option('--since <time>', 'only from this time on: RFC 3339, or 30d for so long ago', moment)
    .option('--until <time>', 'only before this time', moment)
    .option('--payloads', 'with payloads in clear; needs the role payload-reader')
    .option('--force', 'write over a zip file that is there already')
    .addHelpText(
      'before',
      examples(
        'sallyport evidence export -o bundle.zip',
        'sallyport evidence export --session ses_0123456789 -o session.zip',
        'sallyport evidence export --since 30d --payloads -o bundle',
      ),
    )
    .addOption(adminUrlOption())
    .action(exportEvidence)
}

function moment(text: string): string {
  if (/^\d+[a-z]+$/.test(text)) return new Date(Date.now() - durationMs(text)).toISOString()
  const time = Date.parse(text)
  if (Number.isNaN(time) || !/^\d{4}-\d{2}-\d{2}/.test(text)) {
    throw new InvalidArgumentError('Write a time such as 2026-01-31T08:00:00Z, or 30d.')
  }
  return new Date(time).toISOString()
}

type Options = {
  readonly adminUrl?: string
  readonly output: string
  readonly session?: string
  readonly since?: string
  readonly until?: string
  readonly payloads?: true
  readonly force?: true
}

async function exportEvidence(options: Options): Promise<void> {
  const { output } = options
  refuseTaken(output, options.force === true)
  const api = signedInApi(options.adminUrl, process.env)
  const progress = progressLine()
  const part = `${output}.part`
  const done = await download(api, askedBy(options), { folder: part, onProgress: progress.show })
  progress.clear()
  try {
    if (output.endsWith('.zip')) {
      await writeZip(part, done.paths, output)
      rmSync(part, { recursive: true })
    } else finishFolder(part, output, done.paths)
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown
    const code = thrown instanceof Error && 'code' in thrown ? ` (${thrown.code})` : ''
    throw new Failure('failed', `${output} cannot be written${code}.`, {
      detail: `What was fetched is in ${part}.`,
    })
  }
  tellDone(output, done)
}

/** Told before anything is fetched. A folder is never written over: what was in it would be mixed with the rest. */
function refuseTaken(output: string, force: boolean): void {
  const isZip = output.endsWith('.zip')
  if (!existsSync(output) || (isZip && force)) return
  throw new Failure('failed', `${output} is there already.`, {
    cure: isZip ? 'Name another file, or say --force.' : 'Name another folder, or remove it.',
  })
}

function askedBy({ session, since, until, payloads }: Options): ExportAsked {
  const ranged = since !== undefined || until !== undefined
  if (session !== undefined && ranged) {
    throw new Failure('usage', 'A session is exported whole: leave out --since and --until.')
  }
  return {
    scope: session !== undefined ? 'session' : ranged ? 'range' : 'whole',
    payloads: payloads === true,
    ...(session !== undefined && { session }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  }
}

function tellDone(output: string, { plan, paths, kept, damaged }: Download): void {
  const resumed = kept > 0 ? `, ${kept} of them from before` : ''
  say(`${err.green('✓')} ${visible(output)}: ${paths.length} files${resumed}`)
  const shown = plan.scope === 'whole' ? '' : `, shows ${plan.from} to ${plan.to - 1}`
  say(`  ${err.dim(`${visible(plan.origin)}, ${plan.size} records${shown}`)}`)
  if (plan.waiting > 0) say(`  ${err.yellow('!')} ${waitingText(plan)}`)
  tellDamaged(damaged)
  // Without it a part of a log is refused: nobody is to take it for the whole.
  const expect = plan.scope === 'whole' ? '' : ` --expect ${plan.scope}`
  say(`  ${err.dim('→')} sallyport evidence verify ${visible(output)} --trust trust.txt${expect}`)
}

function waitingText({ state, waiting }: Download['plan']): string {
  return state === 'witnessed'
    ? `${waiting} newer records wait for witnesses, and are not in it`
    : 'too few witnesses have cosigned its checkpoint: the trust file does not accept it yet'
}

function tellDamaged(damaged: readonly string[]): void {
  for (const path of damaged.slice(0, damagedShown)) {
    say(
      `  ${err.yellow('!')} ${visible(path)} cannot be opened: the database was changed; left out`,
    )
  }
  const more = damaged.length - damagedShown
  if (more > 0) say(`  ${err.yellow('!')} and ${more} more; the gateway’s log names them all`)
}

const damagedShown = 20

/** On a terminal only, and no oftener than anybody could read it. */
function progressLine() {
  const on = process.stderr.isTTY === true
  let shownAt = 0
  return {
    show: (files: number, of: number | undefined) => {
      const now = performance.now()
      if (!on || now - shownAt < 100) return
      shownAt = now
      const bar =
        of === undefined ? '' : `${'█'.repeat(Math.floor((files / of) * 20)).padEnd(20, '·')} `
      process.stderr.write(`\r  ${bar}${files}${of === undefined ? '' : ` of ${of}`} files`)
    },
    clear: () => {
      if (on && shownAt > 0) process.stderr.write('\r\u001b[K')
    },
  }
}
