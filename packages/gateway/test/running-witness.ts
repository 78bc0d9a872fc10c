import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { verifyNote } from '@sallyport/evidence'
import { listen } from '../src/witness/listen.ts'
import { openWitness, type WitnessEvent } from '../src/witness/witness.ts'
import { createWitnessKey, readWitnessKey } from '../src/witness/witness-key.ts'
import { type SmallLog, smallLog } from './small-log.ts'

export const origin = 'log.example/small'

export type Running = {
  readonly log: SmallLog
  readonly home: string
  readonly url: string
  readonly events: WitnessEvent[]
  readonly clock: { seconds: number }
  readonly add: (body: string | Uint8Array) => Promise<Seen>
  readonly latest: () => Promise<Seen>
  readonly restart: () => Promise<Running>
}
export type Seen = { readonly status: number; readonly type: string | null; readonly text: string }

/** A witness of one log, listening. */
export async function check(
  name: string,
  story: (running: Running) => Promise<void>,
): Promise<void> {
  await test(name, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'witness-'))
    const home = join(folder, 'w1')
    await createWitnessKey(home, 'witness.example/w1')
    const log = await smallLog(origin)
    const clock = { seconds: 1_800_000_000 }
    const opened: (() => Promise<void>)[] = []
    const close = async () => {
      for (const one of opened.splice(0).reverse()) await one()
    }
    t.after(async () => {
      await close()
      await rm(folder, { recursive: true })
    })
    const start = async (): Promise<Running> => {
      const events: WitnessEvent[] = []
      const witness = await openWitness({
        home,
        logs: [log.key],
        now: () => clock.seconds * 1000 + 999,
        report: (event) => events.push(event),
      })
      opened.push(witness.close)
      const listener = await listen(witness, { host: '127.0.0.1', port: 0 })
      opened.push(listener.close)
      const { url } = listener
      const hash = createHash('sha256').update(origin).digest('hex')
      return {
        ...{ log, home, url, events, clock },
        add: (body) => seen(fetch(`${url}/add-checkpoint`, { method: 'POST', body: bytes(body) })),
        latest: () => seen(fetch(`${url}/${hash}/checkpoint`)),
        restart: async () => {
          await close()
          return start()
        },
      }
    }
    await story(await start())
  })
}

const bytes = (body: string | Uint8Array) => new Uint8Array(Buffer.from(body))
export async function seen(asked: Promise<Response>): Promise<Seen> {
  const response = await asked
  const { status, headers } = response
  return { status, type: headers.get('content-type'), text: await response.text() }
}

/** The answer has to be one cosignature of exactly this note. */
export async function cosigned(
  { status, text }: Seen,
  note: string,
  home: string,
): Promise<number> {
  assert.equal(status, 200, text)
  const signer = await readWitnessKey(home)
  const { signedBy } = await verifyNote(note + text, [signer])
  assert.equal(text.split('\n').length, 2)
  return signedBy[0]?.time ?? 0
}
