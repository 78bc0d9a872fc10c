import { createWriteStream, existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import { Failure } from './exit.ts'

/**
 * Packs exactly these files into one zip file, streaming. The same files give the same bytes: times are
 * not theirs but fixed.
 */
export async function writeZip(
  folder: string,
  paths: readonly string[],
  output: string,
): Promise<void> {
  const zip = new ZipFile()
  const failed = Promise.withResolvers<never>()
  zip.on('error', failed.reject)
  for (const path of paths) {
    zip.addFile(join(folder, path), path, { mtime, mode: 0o100600, forceDosTimestamp: true })
  }
  zip.end()
  const partial = `${output}.tmp`
  const written = pipeline(zip.outputStream, createWriteStream(partial, { mode: 0o600 }))
  await Promise.race([written, failed.promise])
  renameSync(partial, output)
  rmSync(`${folder}.json`, { force: true })
}

/** The earliest a zip file can name, in every time zone. */
const mtime = new Date(1980, 0, 2)

/** Gives a folder that is complete its name. What an earlier attempt left in it has no place there. */
export function finishFolder(part: string, output: string, paths: readonly string[]): void {
  if (existsSync(output)) {
    throw new Failure('failed', `${output} is there already.`, {
      detail: `What was fetched is in ${part}.`,
    })
  }
  removeOthers(part, new Set(paths))
  renameSync(part, output)
  rmSync(`${part}.json`, { force: true })
}

function removeOthers(folder: string, wanted: ReadonlySet<string>): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    const path = relative(folder, file)
    if (!entry.isDirectory() && !wanted.has(path)) rmSync(file)
  }
}
