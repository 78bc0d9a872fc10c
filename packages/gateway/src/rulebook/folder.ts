import { constants } from 'node:fs'
import { open, readdir, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { limits } from '../config/limits.ts'
import { nearest } from '../config/schema-problem.ts'
import type { Problem } from '../model/rulebook.ts'

export type RulebookFile = { readonly file: string; readonly text: string }

/** The files of a rulebook's folder by what they hold. `file` is relative, with forward slashes. */
export type RulebookFiles = {
  readonly connections: readonly RulebookFile[]
  readonly functions: readonly RulebookFile[]
  readonly policies: readonly RulebookFile[]
  readonly tests: readonly RulebookFile[]
  readonly masking: readonly RulebookFile[]
  readonly approvals: readonly RulebookFile[]
  readonly reviews: readonly RulebookFile[]
  /** Secret patterns of the team's own, as gitleaks reads them. */
  readonly gitleaks: readonly RulebookFile[]
}

/**
 * Reads a rulebook's folder, bounded in files and bytes. What is in the folder and would not be read is a
 * problem: a control must not be lost to a misspelt name. Links that lead out of the folder are refused.
 */
export async function readFolder(
  folder: string,
): Promise<{ readonly files: RulebookFiles; readonly problems: readonly Problem[] }> {
  const reading: Reading = { root: '', problems: [], files: 0, bytes: 0 }
  const none = {
    connections: [],
    functions: [],
    policies: [],
    tests: [],
    masking: [],
    approvals: [],
    reviews: [],
    gitleaks: [],
  }
  try {
    reading.root = await realpath(folder)
  } catch {
    const message = 'The folder of the rulebook cannot be read.'
    return { files: none, problems: [{ file: '.', line: 0, column: 0, message }] }
  }
  await checkTop(reading)
  const files: RulebookFiles = {
    connections: await readPart(reading, 'connections', yaml),
    functions: await readPart(reading, 'functions', yaml),
    policies: await readPart(reading, 'policies', cedar),
    tests: await readPart(reading, 'tests', yaml),
    masking: await readSingle(reading, 'masking'),
    approvals: await readSingle(reading, 'approvals'),
    reviews: await readSingle(reading, 'reviews'),
    gitleaks: await readAnyOf(reading, [gitleaks]),
  }
  return { files, problems: reading.problems }
}

type Reading = { root: string; problems: Problem[]; files: number; bytes: number }

/** What of a folder is looked at: all that `readFolder` reads or complains about. Never rejects. */
export async function listFolder(folder: string): Promise<readonly string[]> {
  const found = await Promise.all(
    ['', ...parts].map(async (part) => {
      const names = await readdir(join(folder, part)).catch(() => [])
      return names.filter((name) => !ignored(name)).map((name) => join(part, name))
    }),
  )
  return found.flat().slice(0, limits.rulebookFiles)
}

const yaml = /\.ya?ml$/
const cedar = /\.cedar$/
const parts = ['connections', 'functions', 'policies', 'tests']
const singles = ['masking', 'approvals', 'reviews']
const gitleaks = 'gitleaks.toml'
const known = [...parts, ...singles.map((name) => `${name}.yaml`), gitleaks]

/** Notes and hidden files may stand anywhere; a mounted volume keeps its own hidden folders there. */
function ignored(name: string): boolean {
  return name.startsWith('.') || /\.(?:md|txt)$/i.test(name) || name === 'LICENSE'
}

async function checkTop(reading: Reading): Promise<void> {
  for (const name of await list(reading, '')) {
    if (ignored(name) || known.includes(name)) continue
    if (singles.some((one) => name === `${one}.yml`)) continue
    const near = nearest(name, known)
    report(reading, name, 'Nothing here is read: a rulebook has no such part.', {
      hint: near ? `Did you mean \`${near}\`?` : `Its parts are ${known.join(', ')}.`,
    })
  }
}

async function readPart(reading: Reading, part: string, kind: RegExp): Promise<RulebookFile[]> {
  const found: RulebookFile[] = []
  for (const name of await list(reading, part)) {
    if (ignored(name)) continue
    const file = `${part}/${name}`
    if (!kind.test(name)) {
      const ending = kind === cedar ? '.cedar' : '.yaml'
      report(reading, file, `Only files that end in ${ending} are read here.`, {
        hint: 'Rename it, or move it out of the rulebook.',
      })
      continue
    }
    const text = await readText(reading, file)
    if (text !== undefined) found.push({ file, text })
  }
  return found
}

/** A part that is one file: masking.yaml. */
function readSingle(reading: Reading, part: string): Promise<RulebookFile[]> {
  return readAnyOf(reading, [`${part}.yaml`, `${part}.yml`])
}

async function readAnyOf(reading: Reading, wanted: readonly string[]): Promise<RulebookFile[]> {
  const names = (await list(reading, '')).filter((name) => wanted.includes(name))
  const [file, second] = names
  if (second !== undefined) report(reading, second, `${file} stands beside it; keep one.`)
  const text = file && (await readText(reading, file))
  return file && text !== undefined ? [{ file, text: text ?? '' }] : []
}

async function list(reading: Reading, part: string): Promise<readonly string[]> {
  try {
    const folder = await realpath(join(reading.root, part))
    if (!inside(reading, folder)) {
      report(reading, part, 'This link leads out of the rulebook.')
      return []
    }
    return (await readdir(folder)).toSorted()
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOENT') report(reading, part, 'This cannot be read as a folder.')
    return []
  }
}

async function readText(reading: Reading, file: string): Promise<string | undefined> {
  reading.files += 1
  if (reading.files > limits.rulebookFiles) {
    // Once is enough.
    if (reading.files === limits.rulebookFiles + 1) {
      report(reading, file, `A rulebook has at most ${limits.rulebookFiles} files.`)
    }
    return undefined
  }
  try {
    const path = await realpath(join(reading.root, file))
    if (!inside(reading, path)) {
      report(reading, file, 'This link leads out of the rulebook.')
      return undefined
    }
    const bytes = await readBounded(path, limits.yamlBytes)
    reading.bytes += bytes?.length ?? 0
    if (!bytes || reading.bytes > limits.rulebookBytes) {
      const most = bytes ? limits.rulebookBytes : limits.yamlBytes
      report(reading, file, `${bytes ? 'The rulebook' : 'The file'} is longer than ${most} bytes.`)
      return undefined
    }
    return decode(reading, file, bytes)
  } catch {
    report(reading, file, 'The file cannot be read.')
    return undefined
  }
}

/** The whole file, or undefined when it is longer. Rejects for what is no plain file, such as a pipe. */
async function readBounded(path: string, bytesMax: number): Promise<Buffer | undefined> {
  // Opening a pipe would otherwise wait for somebody to write into it.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    if (!(await handle.stat()).isFile()) throw new Error('not a plain file')
    const buffer = Buffer.alloc(Math.min((await handle.stat()).size, bytesMax) + 1)
    let size = 0
    while (size < buffer.length) {
      const { bytesRead } = await handle.read(buffer, size, buffer.length - size, size)
      if (bytesRead === 0) return buffer.subarray(0, size)
      size += bytesRead
    }
    if (size > bytesMax) return undefined
    throw new Error('the file grew while it was read')
  } finally {
    await handle.close()
  }
}

function decode(reading: Reading, file: string, bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    report(reading, file, 'The file is not UTF-8.')
    return undefined
  }
}

function inside(reading: Reading, path: string): boolean {
  return path === reading.root || path.startsWith(`${reading.root}${sep}`)
}

function report(
  reading: Reading,
  file: string,
  message: string,
  more: { readonly hint?: string } = {},
): void {
  reading.problems.push({ file: file || '.', line: 0, column: 0, message, ...more })
}

function errorCode(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
}
