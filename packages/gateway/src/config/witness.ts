import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import type { Problem } from '../model/rulebook.ts'
import { readText } from './load.ts'
import { readYaml } from './yaml.ts'

/** What witness.yaml says: the configuration of the witness process, which knows nothing of a gateway. */
export type WitnessProcessConfig = {
  /** `host:port` */
  readonly listen: string
  /** Folder with the key and the heads. Absolute once loaded. */
  readonly home: string
  /** Verifier keys of the logs it watches. */
  readonly logs: readonly string[]
}

const schema: z.ZodType<WitnessProcessConfig> = z.strictObject({
  listen: z
    .string()
    .regex(/^(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-f:]{2,39}\]):\d{1,5}$/, 'write `host:port`')
    .default('127.0.0.1:7435'),
  home: z.string().min(1).max(4_096).default('./witness'),
  logs: z.array(z.string().min(1).max(500)).max(10_000).default([]),
})

/** The defaults when `path` is undefined. Paths in the file are relative to it. */
export function loadWitnessConfig(
  path: string | undefined,
): { readonly config: WitnessProcessConfig } | { readonly problems: readonly Problem[] } {
  const text = path === undefined ? { text: '' } : readText(path)
  if ('problem' in text) return { problems: [text.problem] }
  const { value, problems } = readYaml(text.text, path ?? 'witness.yaml', schema)
  if (value === undefined) return { problems }
  const base = path === undefined ? process.cwd() : dirname(resolve(path))
  return { config: { ...value, home: resolve(base, value.home) } }
}
