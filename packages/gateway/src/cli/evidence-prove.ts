import { type Command, Option } from 'commander'
import { type Api, signedInApi } from './api.ts'
import { adminUrlOption, examples } from './declare.ts'
import { type NamedRecord, namedRecord, recordPath, writeResult } from './evidence-file.ts'
import { Failure } from './exit.ts'
import { err, say } from './output.ts'
import { visible } from './visible.ts'

/** Receipts of single records, and their payloads in clear. */
export function declareProve(evidence: Command): void {
  evidence
    .command('prove')
    .argument('<record>', 'its index, or what `Sallyport-Record` said', namedRecord)
    .summary('write a receipt that verifies offline')
    .description('A c2sp.org/tlog-proof@v1 with the record in it.')
    .option('-o, --output <file>', 'where to (default: stdout)')
    .option('--wait', 'wait until the record is under a checkpoint')
    .addHelpText('before', examples('sallyport evidence prove 17 --wait -o 17.tlog-proof'))
    .addOption(adminUrlOption())
    .action(prove)
  evidence
    .command('payload')
    .argument('<record>', 'its index, or what `Sallyport-Record` said', namedRecord)
    .addArgument(roleArgument(evidence))
    .summary('read a payload in clear; the reading is recorded')
    .option('-o, --output <file>', 'where to (default: stdout)')
    .addHelpText('before', examples('sallyport evidence payload 17 args -o 17.args'))
    .addOption(adminUrlOption())
    .action(payload)
}

export const roles = ['args', 'forwarded', 'result', 'returned'] as const

function roleArgument(evidence: Command) {
  return evidence.createArgument('<role>', 'which payload').choices(roles)
}

/** `--role`, to name some of a record's payloads. */
export function roleOption(): Option {
  return new Option('--role <role...>', 'only these payloads').choices(roles)
}

type Options = { readonly adminUrl?: string; readonly output?: string }

async function prove(
  record: NamedRecord,
  options: Options & { readonly wait?: true },
): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const proof = await proofOf(api, record, { wait: options.wait === true })
  writeResult(proof.bytes, options.output)
  const state = proof.headers.get('sallyport-proof') ?? 'integrated'
  say(`${err.green('✓')} Record ${record.index} is ${visible(state)}.`)
}

/** The receipt of a record. `wait`: until the record is under a checkpoint. */
export async function proofOf(
  api: Api,
  record: NamedRecord,
  { wait }: { readonly wait: boolean },
): ReturnType<Api['read']> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await api.read(recordPath(record, 'proof'))
    } catch (thrown) {
      const early = thrown instanceof Failure && thrown.code === 'not-integrated'
      if (!early || !wait) throw thrown
      if (attempt >= attemptsMax) {
        throw new Failure('cancelled', 'The record is still not under a checkpoint.', {
          cure: 'Look at the gateway’s log: can it publish? `sallyport doctor` looks too.',
        })
      }
      await new Promise((resolve) => setTimeout(resolve, attemptMs))
    }
  }
}

async function payload(record: NamedRecord, role: string, options: Options): Promise<void> {
  const api = signedInApi(options.adminUrl, process.env)
  const { bytes, headers } = await api.read(recordPath(record, `payloads/${role}`))
  if (options.output === undefined && process.stdout.isTTY === true) {
    // What others wrote may hold what moves the cursor or paints over what was said.
    process.stdout.write(`${visible(new TextDecoder().decode(bytes))}\n`)
  } else writeResult(bytes, options.output)
  say(err.dim(`${visible(headers.get('sallyport-payload-type') ?? '')}; this reading is recorded.`))
}

/** Publishing takes a second; half a minute means that it does not work. */
const attemptMs = 500
const attemptsMax = 60
