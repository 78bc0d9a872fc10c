import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { Refusal } from '../../../call/refusal.ts'
import { limits } from '../../../config/limits.ts'
import type { McpChild } from '../../../model/connection.ts'
import type { SecretReference } from '../../../model/secret.ts'
import { Lines } from '../message/lines.ts'

export type ChildOptions = {
  readonly child: McpChild
  readonly readSecret: (reference: SecretReference) => Promise<string>
  /** Where a command without a path is looked up: the gateway's own PATH. */
  readonly searchPath: string | undefined
}

export type ChildEvents = {
  readonly onLine: (line: Uint8Array) => void
  /** It is gone, or was ended because of this. Once. */
  readonly onEnd: (refusal: Refusal) => void
}

/**
 * A server that is a child process: started without a shell, in a process group of its own, with nothing in its
 * environment but what is stated. Its standard error is read and thrown away: it may say anything of anybody's data.
 */
export class ChildServer {
  readonly #process: ChildProcess
  readonly #events: ChildEvents
  readonly #gone: Promise<void>
  #isOver = false

  /** Rejects with `credential-unavailable` or `upstream-unreachable`. */
  static async start(options: ChildOptions, events: ChildEvents): Promise<ChildServer> {
    const env = await environmentOf(options)
    return new ChildServer(spawnIt(options, env), events)
  }

  private constructor(process: ChildProcess, events: ChildEvents) {
    this.#process = process
    this.#events = events
    const lines = new Lines({
      bytesMax: limits.mcpFrameBytes,
      endsAtReturn: false,
      onLine: (line) => {
        if (!this.#isOver) events.onLine(line)
      },
    })
    process.stdout?.on('data', (chunk: Uint8Array) => {
      if (!this.#isOver && !lines.push(chunk)) {
        this.end(new Refusal('upstream-failed', { detail: tooLong }))
      }
    })
    process.stderr?.resume()
    for (const stream of [process.stdin, process.stdout, process.stderr]) {
      stream?.on('error', () => {})
    }
    this.#gone = new Promise((resolve) => {
      process.once('error', (cause) => {
        this.#over(new Refusal('upstream-unreachable', { cause }))
        resolve()
      })
      process.once('exit', () => resolve())
      // After its last line was read.
      process.once('close', () => this.#over(new Refusal('upstream-failed', { detail: ended })))
    })
  }

  /** What it has not taken from its input yet, bytes. */
  get unread(): number {
    return this.#process.stdin?.writableLength ?? 0
  }

  /** One message, without line breaks. */
  write(message: Uint8Array): void {
    if (this.#isOver) return
    this.#process.stdin?.write(Buffer.concat([message, lineFeed]))
  }

  /** Ends it for a reason: everything under way fails by it. */
  end(refusal: Refusal): void {
    this.#over(refusal)
    void this.#stop('SIGKILL')
  }

  /** 2025-11-25, basic/lifecycle: closes its input, waits, asks it to end, waits, and ends it. */
  async close(): Promise<void> {
    this.#over(new Refusal('upstream-failed', { detail: ended }))
    this.#process.stdin?.end()
    if (await this.#isGoneWithin(limits.mcpChildStopMs)) return this.#stop('SIGKILL')
    await this.#stop('SIGTERM')
    if (await this.#isGoneWithin(limits.mcpChildStopMs)) return this.#stop('SIGKILL')
    await this.#stop('SIGKILL')
    await this.#gone
  }

  /** Its whole group: what it started itself ends with it. */
  async #stop(signal: NodeJS.Signals): Promise<void> {
    const { pid } = this.#process
    if (pid === undefined) return
    try {
      process.kill(-pid, signal)
    } catch {
      // Nobody of the group is left.
    }
  }

  #isGoneWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(false), ms)
      void this.#gone.then(() => {
        clearTimeout(late)
        resolve(true)
      })
    })
  }

  #over(refusal: Refusal): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#events.onEnd(refusal)
  }
}

async function environmentOf({
  child,
  readSecret,
}: ChildOptions): Promise<Readonly<Record<string, string>>> {
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(child.env)) {
    try {
      env[name] = typeof value === 'string' ? value : await readSecret(value)
    } catch (cause) {
      throw new Refusal('credential-unavailable', { cause })
    }
  }
  return env
}

function spawnIt(
  { child, searchPath }: ChildOptions,
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const command = found(child.command, searchPath)
  if (command === undefined) {
    throw new Refusal('upstream-unreachable', { detail: 'Its program was not found.' })
  }
  try {
    return spawn(command, child.args, {
      ...(child.cwd !== undefined && { cwd: child.cwd }),
      env,
      shell: false,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
    })
  } catch (cause) {
    throw new Refusal('upstream-unreachable', { cause })
  }
}

/** Looked up here: the child's own PATH, which is somebody's choice, does not decide what it is. */
function found(command: string, searchPath: string | undefined): string | undefined {
  if (isAbsolute(command)) return command
  if (command.includes('/')) return undefined
  return (searchPath ?? '')
    .split(delimiter)
    .filter(isAbsolute)
    .map((folder) => join(folder, command))
    .find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const lineFeed: Uint8Array = Buffer.from('\n')
const ended = 'Its process ended in the middle.'
const tooLong = `It sent a message of more than ${limits.mcpFrameBytes} bytes.`
