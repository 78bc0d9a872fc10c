import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Failure } from './exit.ts'

/** Who is signed in where. The token is a bearer token of the admin API until it expires. */
export type SavedSession = {
  readonly adminUrl: string
  readonly token: string
  readonly expiresAt: string
  readonly id: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** `$XDG_CONFIG_HOME/sallyport/session.json` (XDG Base Directory), else below `~/.config`. */
export function sessionFile(env: Environment): string {
  const xdg = env.XDG_CONFIG_HOME
  // The specification: a relative path there is to be ignored.
  const base = xdg?.startsWith('/') ? xdg : join(env.HOME ?? homedir(), '.config')
  return join(base, 'sallyport', 'session.json')
}

/** Undefined when nobody is signed in. A file that others can read is refused, not used. */
export function readSession(env: Environment): SavedSession | undefined {
  const file = sessionFile(env)
  const text = readOwn(file)
  if (text === undefined) return undefined
  const value = parse(text)
  if (!value) {
    throw new Failure('sign-in', `${file} cannot be read.`, {
      cure: 'Sign in again: sallyport login',
    })
  }
  return value
}

/** Atomic: after a crash the old session is there or the new one, never half of either. */
export function writeSession(session: SavedSession, env: Environment): string {
  const file = sessionFile(env)
  const draft = `${file}.${process.pid}.tmp`
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  rmSync(draft, { force: true })
  writeFileSync(draft, `${JSON.stringify(session, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
  chmodSync(draft, 0o600)
  renameSync(draft, file)
  return file
}

export function removeSession(env: Environment): void {
  rmSync(sessionFile(env), { force: true })
}

function readOwn(file: string): string | undefined {
  try {
    const { mode } = statSync(file)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new Failure('sign-in', `${file} can be read by others on this machine.`, {
        cure: 'Sign out (`sallyport logout`) and in again, so that nobody has the old token.',
      })
    }
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown
    return undefined
  }
}

function parse(text: string): SavedSession | undefined {
  try {
    const { adminUrl, token, expiresAt, id }: Partial<Record<keyof SavedSession, unknown>> =
      JSON.parse(text)
    const whole =
      typeof adminUrl === 'string' &&
      typeof token === 'string' &&
      typeof expiresAt === 'string' &&
      typeof id === 'string'
    return whole ? { adminUrl, token, expiresAt, id } : undefined
  } catch {
    return undefined
  }
}
