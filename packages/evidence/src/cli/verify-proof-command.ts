import { utf8Text } from '../encoding.ts'
import { verifyProof } from '../proof.ts'
import { dateText, visible } from './report-lines.ts'
import { readBytes, reading, readText, readTrust, type Terminal } from './verify-command.ts'

export type VerifyProofRequest = {
  /** Path of the `.tlog-proof` file. */
  readonly file: string
  readonly trust: string
  /** Path of the entry's exact bytes, where the proof does not carry them. */
  readonly entry: string | undefined
  readonly json: boolean
  readonly quiet: boolean
}

/** Verifies a receipt and shows what it proves. Exit codes as `verifyCommand`. */
export function verifyProofCommand(
  request: VerifyProofRequest,
  terminal: Terminal,
): Promise<number> {
  return reading(request, terminal, async () => {
    const trust = await readTrust(request.trust)
    const text = await readText(request.file)
    const entry = request.entry === undefined ? undefined : await readBytes(request.entry)
    const proven = await verifyProof(text, trust, entry ? { entry } : {})
    const { origin, size } = proven.checkpoint
    const record = utf8Text(proven.entry)
    const witnesses = proven.witnesses.map(({ name, time }) => ({ name, time }))
    if (request.json) {
      const shown = {
        ok: true,
        origin,
        index: Number(proven.index),
        size: Number(size),
        witnesses,
        record,
      }
      terminal.out(`${JSON.stringify(shown, null, 2)}\n`)
    } else if (!request.quiet) {
      const cosigned = witnesses.map(({ name, time }) => {
        return `  cosigned by ${visible(name)} at ${dateText(time)}\n`
      })
      terminal.out(
        `${visible(record ?? `${proven.entry.length} bytes that are no text`)}\n\n` +
          `Record ${proven.index} of ${visible(origin)} is in its log of ${size} records.\n` +
          cosigned.join(''),
      )
    }
    return 0
  })
}
