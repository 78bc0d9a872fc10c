import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { KnownNames } from '../rulebook/known-names.ts'
import type { LoadedRulebook } from '../rulebook/load.ts'
import { Failure } from './exit.ts'
import { problemsBelow, sayProblems } from './problems.ts'
import { defaultConfigFile, readConfig } from './serve.ts'

/** Where the rules are, and the configuration that says so when one does. */
export type Found = {
  readonly folder: string
  readonly configFile: string | undefined
  /** What of the configuration the rules may name. */
  readonly known: KnownNames
}

/**
 * A folder that is a rulebook, or one that holds a gateway.yaml which names it. Everything works offline
 * from here.
 */
export async function findRulebook(folder: string): Promise<Found> {
  const configFile = join(folder, defaultConfigFile)
  if (existsSync(configFile)) {
    const { config } = await readConfig(configFile)
    const { knownNamesOf } = await import('../rulebook/known-names.ts')
    return { folder: config.rulebook, configFile, known: knownNamesOf(config) }
  }
  if (rulebookParts.some((part) => isFolder(join(folder, part)))) {
    return { folder, configFile: undefined, known: {} }
  }
  if (isFolder(join(folder, 'rulebook'))) {
    return { folder: join(folder, 'rulebook'), configFile: undefined, known: {} }
  }
  throw new Failure('failed', `There is neither a gateway.yaml nor a rulebook in ${folder}.`, {
    cure: 'Run `sallyport init`, or name the folder.',
  })
}

const rulebookParts = ['connections', 'functions', 'policies']

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** The rules in a folder; what is wrong with them is printed, all of it. */
export async function loadFolder({
  folder,
  known,
}: Pick<Found, 'folder' | 'known'>): Promise<LoadedRulebook> {
  const { loadRulebook } = await import('../rulebook/load.ts')
  const loaded = await loadRulebook(folder, known)
  if (!('problems' in loaded)) return loaded
  sayProblems(problemsBelow(folder, loaded.problems))
  const count = loaded.problems.length
  throw new Failure('failed', `The rulebook has ${count} problem${count === 1 ? '' : 's'}.`)
}
