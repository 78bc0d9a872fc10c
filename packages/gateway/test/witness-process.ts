import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

const bin = join(import.meta.dirname, '../bin/sallyport.js')

/** A witness as a process of its own. */
export type WitnessProcess = {
  readonly url: string
  readonly kill: (signal: 'SIGKILL' | 'SIGTERM') => void
  /** Its exit code; null after a signal. */
  readonly exited: Promise<number | null>
  /** What it said on both streams. */
  readonly said: () => string
}

/** Makes the key of a witness with the real program. Returns its verifier key. */
export function initWitness(home: string, name: string): string {
  const args = [bin, 'witness', 'init', '--home', home, '--name', name]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return stdout.trim()
}

/** Resolves once it listens; rejects with what it said when it does not come to that. Ends with the test. */
export async function startWitness(
  t: TestContext,
  args: readonly string[],
): Promise<WitnessProcess> {
  const child = spawn(process.execPath, [bin, 'witness', ...args])
  t.after(() => child.kill('SIGKILL'))
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve))
  let said = ''
  const url = await listensAt(child, exited, (piece) => {
    said += piece
    return said
  })
  return { url, exited, said: () => said, kill: (signal) => void child.kill(signal) }
}

function listensAt(
  child: ChildProcess,
  exited: Promise<number | null>,
  hear: (piece: string) => string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const listen = (piece: Buffer) => {
      said = hear(piece.toString())
      const url = /Listens +(http\S+)\n/.exec(said)?.[1]
      if (url !== undefined) resolve(url)
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    void exited.then((code) => reject(new Error(`exit ${code}: ${said}`)))
  })
}
