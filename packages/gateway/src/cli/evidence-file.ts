import { writeFileSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { Failure } from './exit.ts'
import { err, say } from './output.ts'
import { visible } from './visible.ts'

/** To a file when one is named, readable by its owner alone; else to stdout. */
export function writeResult(bytes: Uint8Array, file: string | undefined): void {
  if (file === undefined) {
    process.stdout.write(bytes)
    return
  }
  try {
    writeFileSync(file, bytes, { mode: 0o600 })
  } catch {
    throw new Failure('failed', `${file} cannot be written.`)
  }
  say(`${err.green('✓')} ${visible(file)}`)
}

/** A record of the log named `origin`; absent: of the gateway’s that is asked. */
export type NamedRecord = { readonly index: number; readonly origin?: string }

/** A record is named by its index, or as `Sallyport-Record` names it: `origin#index`. */
export function namedRecord(text: string): NamedRecord {
  const [, origin, index] = /^(?:([^#\s]+)#)?(\d{1,15})$/.exec(text) ?? []
  if (index === undefined) {
    throw new InvalidArgumentError('Write a record’s index, or what `Sallyport-Record` said.')
  }
  return { index: Number(index), ...(origin !== undefined && { origin }) }
}

/** What the admin API has of it. A gateway that keeps another log refuses. */
export function recordPath({ index, origin }: NamedRecord, part: string): string {
  const query = origin === undefined ? '' : `?${new URLSearchParams({ origin })}`
  return `/records/${index}/${part}${query}`
}
