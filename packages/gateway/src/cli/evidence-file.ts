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

/** A record is named by its index, or as `Sallyport-Record` names it: `origin#index`. */
export function recordIndex(text: string): number {
  const [, index] = /^(?:[^#\s]+#)?(\d{1,15})$/.exec(text) ?? []
  if (index === undefined) {
    throw new InvalidArgumentError('Write a record’s index, or what `Sallyport-Record` said.')
  }
  return Number(index)
}
