import { parseTrust } from '@sallyport/evidence'
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
    .option('--wait', 'wait until the record is under a checkpoint that the trust file accepts')
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
  const state = stateOf(proof)
  const isRefused = state === 'integrated' && (await hasQuorum(api))
  writeResult(proof.bytes, options.output)
  say(`${err.green('✓')} Record ${record.index} is ${visible(state)}.`)
  if (!isRefused) return
  say(`  ${err.yellow('!')} The trust file asks for witnesses, and refuses this receipt.`)
  say(`  ${err.dim('→')} Again with --wait, once they have cosigned the record.`)
}

/**
 * The receipt of a record. `wait`: until the record is under a checkpoint, and where the trust file has a quorum
 * of witnesses, under one that they have cosigned.
 */
export async function proofOf(
  api: Api,
  record: NamedRecord,
  { wait }: { readonly wait: boolean },
): Promise<Proof> {
  const wantsWitnesses = wait && (await hasQuorum(api))
  for (let attempt = 1; ; attempt++) {
    const proof = await proofUnlessEarly(api, record, { wait })
    if (proof && !(wantsWitnesses && stateOf(proof) === 'integrated')) return proof
    if (attempt >= attemptsMax) throw stillWaiting(proof)
    await new Promise((resolve) => setTimeout(resolve, attemptMs))
  }
}

type Proof = Awaited<ReturnType<Api['read']>>

/** Undefined where the record is under no checkpoint yet, and that is waited for. */
async function proofUnlessEarly(
  api: Api,
  record: NamedRecord,
  { wait }: { readonly wait: boolean },
): Promise<Proof | undefined> {
  try {
    return await api.read(recordPath(record, 'proof'))
  } catch (thrown) {
    const isEarly = thrown instanceof Failure && thrown.code === 'not-integrated'
    if (!isEarly || !wait) throw thrown
    return undefined
  }
}

function stateOf({ headers }: Proof): string {
  return headers.get('sallyport-proof') ?? 'integrated'
}

async function hasQuorum(api: Api): Promise<boolean> {
  const { bytes } = await api.read('/evidence/trust')
  return parseTrust(bytes).quorum !== undefined
}

function stillWaiting(proof: Proof | undefined): Failure {
  if (!proof) {
    return new Failure('cancelled', 'The record is still not under a checkpoint.', {
      cure: 'Look at the gateway’s log: can it publish? `sallyport doctor` looks too.',
    })
  }
  return new Failure('cancelled', 'Too few witnesses have cosigned the record yet.', {
    cure: 'Are they there? `sallyport doctor` looks. Then try again; `evidence prove` without --wait writes the receipt as it is.',
  })
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

/** Publishing takes a second, witnesses hardly longer; half a minute means that it does not work. */
const attemptMs = 500
const attemptsMax = 60
