import { writeFileSync } from 'node:fs'
import { limits } from '../config/limits.ts'
import { importOpenApi } from '../rulebook/openapi-import.ts'
import { Failure } from './exit.ts'
import { readFileOrStdin } from './input.ts'
import { err, say } from './output.ts'
import { visible } from './visible.ts'

/** An OpenAPI document as a functions file, to stdout or to a new file. Warnings go to stderr. */
export async function importOpenApiFile(
  file: string,
  options: {
    readonly connection: string
    readonly owner: string
    readonly include?: readonly string[]
    readonly out?: string
  },
): Promise<void> {
  const { connection, owner, include, out } = options
  const text = await readFileOrStdin(file, limits.yamlBytes)
  const imported = importOpenApi(text, {
    connection,
    owner,
    ...(include !== undefined && { include }),
  })
  const cure = include ? 'Does --include fit a name?' : 'Is it OpenAPI 3.0 or 3.1?'
  sayImported(imported, { out, cure })
}

/** Writes what was imported, and says what is to be done with it. */
export function sayImported(
  { yaml, warnings }: { readonly yaml: string; readonly warnings: readonly string[] },
  {
    out,
    cure,
    next,
  }: { readonly out: string | undefined; readonly cure: string; readonly next?: string },
): void {
  for (const warning of warnings) say(`${err.yellow('!')} ${visible(warning)}`)
  const count = yaml.match(/^ {2}- name:/gm)?.length ?? 0
  if (count === 0) throw new Failure('failed', 'No function was found in it.', { cure })
  if (out === undefined) process.stdout.write(yaml)
  else writeNew(out, yaml)
  const functions = `${count} function${count === 1 ? '' : 's'}`
  say(`${err.green('✓')} ${functions}${out === undefined ? '' : ` in ${out}`}.`)
  if (next !== undefined) say(next)
  say('  Read the lines marked `# decide:`, then `sallyport check`.')
}

/** Never overwrites: an import that was edited by hand is somebody's work. */
function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx' })
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
    if (code === 'EEXIST') {
      throw new Failure('failed', `${path} exists, and is left as it is.`, {
        cure: 'Name another file with --out, or move it away.',
      })
    }
    throw new Failure('failed', `${path} cannot be written.`, { detail: String(code ?? '') })
  }
}
